// Spill: when the next rank of a model's targets may be used although the present one works. Own capacity comes first; the paid
// one opens when the own has been nearly full for a while, and closes when there is clearly room again. The gap between the
// two keeps a load near the brim from paying for every second request.
import type { MonotonicMs } from '../kernel/brands.ts';

const LEAVE_SHARE = 0.9;
const LEAVE_MS = 2_000;
const RETURN_SHARE = 0.7;
/** Nobody looked for so long: what was seen then says nothing about now. */
const FORGET_MS = 10_000;

export class Brim {
  #fullSince: number | null = null;
  #overflowing = false;
  #askedAt = -Infinity;

  /** `share`: tokens in flight over what the rank's windows allow. Ask whenever it is full: full is only seen when looked at. */
  overflows(share: number, now: MonotonicMs): boolean {
    if (now - this.#askedAt > FORGET_MS) this.#fullSince = null;
    if (now - this.#askedAt > FORGET_MS) this.#overflowing = false;
    this.#askedAt = now;
    if (share > LEAVE_SHARE) this.#fullSince ??= now;
    else this.#fullSince = null;
    if (this.#fullSince !== null && now - this.#fullSince >= LEAVE_MS) this.#overflowing = true;
    else if (share < RETURN_SHARE) this.#overflowing = false;
    return this.#overflowing;
  }
}
