// Cooldown: a rest with an end. A target that said "too many" is left alone for as long as it asked, and comes back by
// itself: whatever rests has an end from the start, so nothing can be forgotten in the corner.
// It must never be shortened by a later, shorter rest: `Retry-After: 60` still stands when a `Retry-After: 1` follows.
import type { MonotonicMs } from '../kernel/brands.ts';
import { later, monotonicMs } from '../kernel/brands.ts';

export class Cooldown {
  #until: MonotonicMs = monotonicMs(0);

  /** In the past when it does not rest. */
  get until(): MonotonicMs {
    return this.#until;
  }

  /** True when the rest grew: only then is there news to tell. */
  extend(ms: number, now: MonotonicMs): boolean {
    const until = later(now, ms);
    if (ms <= 0 || until <= this.#until) return false;
    this.#until = until;
    return true;
  }

  isResting(now: MonotonicMs): boolean {
    return now < this.#until;
  }

  clear(): void {
    this.#until = monotonicMs(0);
  }
}
