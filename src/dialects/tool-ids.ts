// Ids of tool calls for a far side that takes few characters, or short ones only. Others write `functions.name:0`. Call and
// result must change alike, and two ids must never become one: an id is spelled once per conversation (or answer), in the
// order of first appearance, so that a history that grows keeps the spelling of its beginning.

export class ToolIds {
  readonly #fits: RegExp;
  readonly #spell: (id: string, attempt: number) => string;
  readonly #byId = new Map<string, string>();
  readonly #taken = new Set<string>();

  /** `spell`: what is written for an id that does not fit; asked again, counting from 0, while the answer is taken. */
  constructor(fits: RegExp, spell: (id: string, attempt: number) => string) {
    this.#fits = fits;
    this.#spell = spell;
  }

  of(id: string): string {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    let written = id;
    let attempt = 0;
    if (!this.#fits.test(id)) written = this.#spell(id, attempt++);
    while (this.#taken.has(written)) written = this.#spell(id, attempt++);
    this.#byId.set(id, written);
    this.#taken.add(written);
    return written;
  }
}
