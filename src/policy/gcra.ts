// GCRA: a rate limit with a burst, as one number that drains. ITU-T I.371 gives the algorithm in two equal forms; this is
// the leaky bucket, not the virtual schedule, because its state is in units: amounts charged and refunded at one instant
// cancel exactly, and a rate of zero (which means "never", not "unlimited") needs no division.
// It must never hand out more than `burst + perMinute × minutes` in any span of time, except for debts taken knowingly
// with `charge`.
import type { MonotonicMs } from '../kernel/brands.ts';

export interface GcraVerdict {
  readonly ok: boolean;
  /** 0 when ok; else whole milliseconds until this cost fits; Infinity when it never can. */
  readonly waitMs: number;
  /** Whole units left after the decision; 0 in debt. */
  readonly remaining: number;
  /** Whole milliseconds until full again. */
  readonly resetMs: number;
}

const MINUTE_MS = 60_000;
/** Rounding forgiven, in units: who waits exactly `waitMs` must find room. */
const TOLERANCE = 1e-6;

export class Gcra {
  #perMinute: number;
  #burst: number;
  /** Units taken and not yet drained at `#usedAt`; above `#burst` is debt. */
  #used = 0;
  #usedAt = 0;

  constructor(perMinute: number, burst: number) {
    this.#perMinute = perMinute;
    this.#burst = burst;
  }

  get perMinute(): number {
    return this.#perMinute;
  }

  get burst(): number {
    return this.#burst;
  }

  /** What was taken beyond the burst and has not drained yet. */
  owed(now: MonotonicMs): number {
    return Math.max(0, this.#usedNow(now) - this.#burst);
  }

  /**
   * What `take` would say; charges nothing, so `remaining` is what is there now. `beyond`: how far past the burst it may go
   * with `charge` this time.
   */
  check(cost: number, now: MonotonicMs, beyond = 0): GcraVerdict {
    const waitMs = this.#waitMs(cost, this.#usedNow(now) - beyond);
    return this.#verdict(waitMs, this.#usedNow(now));
  }

  /** Charges only when ok. */
  take(cost: number, now: MonotonicMs): GcraVerdict {
    const waitMs = this.#waitMs(cost, this.#usedNow(now));
    if (waitMs === 0) this.charge(cost, now);
    return this.#verdict(waitMs, this.#usedNow(now));
  }

  /** Unconditional: may go into debt. A negative cost refunds, never above full. */
  charge(cost: number, now: MonotonicMs): void {
    this.#used = Math.max(0, this.#usedNow(now) + cost);
    this.#usedAt = Math.max(this.#usedAt, now);
  }

  /**
   * New limits for a bucket in use. A smaller burst keeps the used *share* (else a lowered limit would leave a debt of
   * minutes), a larger one keeps the used *amount* (else a raised limit would bring no relief). Time since the last charge
   * counts at the new rate, which for a lowered limit comes to the same and for a raised one errs on the generous side.
   */
  reconfigure(perMinute: number, burst: number): void {
    if (burst < this.#burst) this.#used *= burst / this.#burst;
    this.#perMinute = perMinute;
    this.#burst = burst;
  }

  #usedNow(now: MonotonicMs): number {
    const elapsedMs = Math.max(0, now - this.#usedAt);
    return Math.max(0, this.#used - (elapsedMs * this.#perMinute) / MINUTE_MS);
  }

  #waitMs(cost: number, used: number): number {
    const excess = used + cost - this.#burst;
    if (excess <= TOLERANCE) return 0;
    return cost > this.#burst + TOLERANCE ? Infinity : this.#drainMs(excess);
  }

  #drainMs(units: number): number {
    return units <= 0 ? 0 : Math.ceil((units * MINUTE_MS) / this.#perMinute);
  }

  #verdict(waitMs: number, used: number): GcraVerdict {
    const remaining = Math.max(0, Math.floor(this.#burst - used + TOLERANCE));
    return { ok: waitMs === 0, waitMs, remaining, resetMs: this.#drainMs(used) };
  }
}
