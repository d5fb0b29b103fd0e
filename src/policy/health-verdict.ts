// Health verdict: from single health checks to a word on the upstream. Several in a row are needed for either change, so
// that one lost packet takes nothing out and one lucky answer brings nothing back.
// It must never start as unhealthy: an upstream nobody has asked yet may serve.

export class HealthVerdict {
  readonly #unhealthyAfter: number;
  readonly #healthyAfter: number;
  #healthy = true;
  /** Results in a row that contradict the verdict. */
  #contrary = 0;

  constructor(unhealthyAfter: number, healthyAfter: number) {
    this.#unhealthyAfter = unhealthyAfter;
    this.#healthyAfter = healthyAfter;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  /** True when the verdict changed. */
  onResult(good: boolean): boolean {
    this.#contrary = good === this.#healthy ? 0 : this.#contrary + 1;
    const needed = this.#healthy ? this.#unhealthyAfter : this.#healthyAfter;
    if (this.#contrary === 0 || this.#contrary < needed) return false;
    this.#healthy = good;
    this.#contrary = 0;
    return true;
  }
}
