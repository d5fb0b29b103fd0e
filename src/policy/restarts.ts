// Restarts: how long to wait before a process that has ended is started anew. One that had served for a while is replaced at
// once; one that ends soon after it began is given longer each time, so that a fault that is there to stay costs little.
import type { MonotonicMs } from '../kernel/brands.ts';

/** Who has served so long has proved that it can. */
const PROVED_MS = 10_000;
const FIRST_MS = 100;
const MOST_MS = 30_000;

export class Restarts {
  #inARow = 0;

  /** `readyAt`: since when it had served; null: it never did. */
  delayMs(readyAt: MonotonicMs | null, now: MonotonicMs): number {
    if (readyAt !== null && now - readyAt >= PROVED_MS) this.#inARow = 0;
    const delayMs = this.#inARow === 0 && readyAt !== null ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** this.#inARow);
    this.#inARow = Math.min(this.#inARow + 1, 30);
    return delayMs;
  }
}
