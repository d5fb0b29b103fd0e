// Screen: draws lines over what it drew before, for views that live while something goes on. Only for terminals.
import type { Output } from './output.ts';

export class Screen {
  readonly #output: Output;
  #lines = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  show(lines: readonly string[]): void {
    this.#output.err(this.#back() + lines.join('\n'));
    this.#lines = lines.length;
  }

  clear(): void {
    if (this.#lines > 0) this.#output.err(`${this.#back()}\u001B[A`);
    this.#lines = 0;
  }

  #back(): string {
    return this.#lines === 0 ? '' : `\u001B[${this.#lines}A\r\u001B[J`;
  }
}
