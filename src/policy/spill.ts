// Spill: when the next rank of a model's targets may be used although the present one works. Own capacity comes first; the paid
// one opens when the own has been full again and again for a while, and closes when it has not been for as long. A window's fill
// alone does not tell: it dips with every first token while hundreds wait.
import type { MonotonicMs } from '../kernel/brands.ts';

const LEAVE_MS = 2_000;
/** Not found full for so long: it has room again. */
const RETURN_MS = 2_000;

export class Brim {
  #fullSince: number = Infinity;
  #fullAt = -Infinity;

  /** To be asked whenever somebody found the rank full. */
  overflows(now: MonotonicMs): boolean {
    if (now - this.#fullAt > RETURN_MS) this.#fullSince = now;
    this.#fullAt = now;
    return now - this.#fullSince >= LEAVE_MS;
  }
}
