// Ids of tool calls as Bedrock takes them: up to 64 letters, digits, `_` and `-`; Mistral's models want nine letters and digits.
// Others write `functions.name:0` or longer ones. Call and result must change alike, so what does not fit gets a number.

const BEDROCK = /^[a-zA-Z0-9_-]{1,64}$/;
const MISTRAL = /^[a-zA-Z0-9]{9}$/;

export class ToolIds {
  readonly #fits: RegExp;
  readonly #written = new Map<string, string>();

  constructor(short: boolean) {
    this.#fits = short ? MISTRAL : BEDROCK;
  }

  of(id: string): string {
    if (this.#fits.test(id)) return id;
    let written = this.#written.get(id);
    if (written === undefined) {
      written = `call${String(this.#written.size).padStart(5, '0')}`;
      this.#written.set(id, written);
    }
    return written;
  }
}
