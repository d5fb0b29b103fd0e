// Line batch: collects log lines for a few milliseconds and writes them as one text. Writing each line by itself cost a
// busy gateway 18 µs of CPU a request (measured), most of it per write, not per byte.
// It must never lose a line of a process that ends by itself: whoever made it flushes it at the end.
import type { Timer, Timers } from '../../ports/clock.ts';

const BATCH_MS = 10;
const BATCH_CHARACTERS_MAX = 64 * 1024;

export class LineBatch {
  readonly #timers: Timers;
  readonly #write: (text: string) => void;
  #lines: string[] = [];
  #characters = 0;
  #timer: Timer | null = null;

  constructor(timers: Timers, write: (text: string) => void) {
    this.#timers = timers;
    this.#write = write;
  }

  /** `text`: one or more whole lines. */
  write(text: string): void {
    this.#lines.push(text);
    this.#characters += text.length;
    if (this.#characters >= BATCH_CHARACTERS_MAX) this.flush();
    else this.#timer ??= this.#timers.after(BATCH_MS, () => this.flush());
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#characters = 0;
    this.#write(text);
  }
}
