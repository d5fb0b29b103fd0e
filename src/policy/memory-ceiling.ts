// Memory ceiling: how many tokens, as the window counts them, fill the engine's memory, from what it says of its use. Above it
// an engine throws out what it has begun and begins it anew, so it is better known than found.
// It must never guess: an engine that says nothing, or is nearly empty, has no ceiling.

/** Of a nearly empty engine the quotient is mostly error. */
const USAGE_MIN = 0.1;
const USAGE_TELLING = 0.3;
const WEIGHT = 0.3;
const WEIGHT_EARLY = 0.1;

export class MemoryCeiling {
  #tokens = Infinity;

  /** Infinity: not known. */
  get tokens(): number {
    return this.#tokens;
  }

  /** `usage`: 0 to 1, or null. What others keep there lowers the ceiling, as it should. */
  observe(inFlight: number, usage: number | null): void {
    if (usage === null || inFlight <= 0) return;
    if (usage < USAGE_MIN) {
      // What fills less than that part would fill the whole so many times: a ceiling below was a mistake.
      if (this.#tokens !== Infinity) this.#tokens = Math.max(this.#tokens, inFlight / USAGE_MIN);
      return;
    }
    const told = inFlight / usage;
    if (this.#tokens === Infinity) this.#tokens = told;
    else this.#tokens += (usage < USAGE_TELLING ? WEIGHT_EARLY : WEIGHT) * (told - this.#tokens);
  }
}
