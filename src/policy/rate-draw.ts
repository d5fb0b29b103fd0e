// Rate draw: one limit per minute that several spend from without seeing each other: the whole bucket lies in one place, and
// each draws what it is about to spend, and a little ahead while there is plenty. What was drawn and not spent is given back.
// It must never give out more than the bucket holds, except for one amount larger than the whole bucket, as a debt.
import type { MonotonicMs } from '../kernel/brands.ts';
import { Gcra } from './gcra.ts';

/** Of what is there, so much is drawn ahead by all together: each further draw takes less. */
const AHEAD_SHARE = 0.5;

export interface Drawn {
  /** 0: nothing now. */
  readonly amount: number;
  /** Until what was asked for is there; 0 when it was given. */
  readonly waitMs: number;
}

export class RateDraw {
  readonly #bucket: Gcra;

  constructor(perMinute: number) {
    this.#bucket = new Gcra(perMinute, perMinute);
  }

  reconfigure(perMinute: number): void {
    this.#bucket.reconfigure(perMinute, perMinute);
  }

  /** `need`: what must be there to go on; `members`: who may draw. */
  draw(need: number, members: number, now: MonotonicMs): Drawn {
    const whole = Math.min(need, this.#bucket.burst);
    const { ok, waitMs, remaining } = this.#bucket.check(whole, now);
    if (!ok) return { amount: 0, waitMs };
    const amount = Math.max(need, Math.floor((AHEAD_SHARE * remaining) / members));
    this.#bucket.charge(amount, now);
    return { amount, waitMs: 0 };
  }

  giveBack(amount: number, now: MonotonicMs): void {
    this.#bucket.charge(-amount, now);
  }
}
