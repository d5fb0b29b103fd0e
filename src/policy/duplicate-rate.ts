// Duplicate rate: of the answers that gateways make, how many another makes at the same time. Waiting for each other costs
// every miss a round trip, so it is worth it only where that happens: on above one in a hundred, off below one in two hundred.
// It must never go on because of a single accident.

const ON_ABOVE = 0.01;
const OFF_BELOW = 0.005;
/** Answers that the rate remembers; with as few as this, six duplicates turn it on. */
const MEMORY = 500;

export class DuplicateRate {
  #rate = 0;
  #isOn = false;

  get isOn(): boolean {
    return this.#isOn;
  }

  get rate(): number {
    return this.#rate;
  }

  /** One answer is begun. */
  onBegun(isDuplicate: boolean): void {
    this.#rate += ((isDuplicate ? 1 : 0) - this.#rate) / MEMORY;
    if (this.#rate > ON_ABOVE) this.#isOn = true;
    else if (this.#rate < OFF_BELOW) this.#isOn = false;
  }
}
