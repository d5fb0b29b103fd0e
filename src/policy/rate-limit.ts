// Rate limit: one limit per minute of one key: the bucket that enforces it, the loan it may get while there is room, and
// what is usual for it. Key limits ask all of a key's together before they charge any.
import type { MonotonicMs, WallMs } from '../kernel/brands.ts';
import type { JsonValue } from '../kernel/json.ts';
import { Baseline } from './baseline.ts';
import { Burst, type BurstCircumstances } from './burst.ts';
import { Gcra } from './gcra.ts';

const MINUTES_PER_HOUR = 60;

export interface Learning {
  wall(): WallMs;
  /** The baseline as it was told once; null: nothing is known. */
  readonly known: JsonValue;
  /** Something was learned that is worth keeping. */
  onLearned(): void;
}

export class RateLimit {
  readonly #bucket: Gcra;
  readonly #burst = new Burst();
  readonly #baseline: Baseline;
  readonly #learning: Learning;

  constructor(perMinute: number, learning: Learning) {
    this.#bucket = new Gcra(perMinute, wholeMinute(perMinute));
    this.#baseline = new Baseline(learning.known);
    this.#learning = learning;
  }

  get perMinute(): number {
    return this.#bucket.perMinute;
  }

  reconfigure(perMinute: number): void {
    this.#bucket.reconfigure(perMinute, wholeMinute(perMinute));
  }

  /** 0: it fits now. `circumstances` are asked only when it takes a loan to fit. */
  waitMs(cost: number, circumstances: () => BurstCircumstances, now: MonotonicMs): number {
    const { burst: full, perMinute } = this.#bucket;
    // Zero means none at all; without this line "larger than the bucket is let in when full" would let everything in.
    if (full === 0) return Infinity;
    const asked = Math.min(cost, full);
    const { waitMs } = this.#bucket.check(asked, now);
    if (waitMs === 0) return 0;
    const usual = this.#baseline.usual(this.#learning.wall());
    const usualPerMinute = usual === null ? null : usual / MINUTES_PER_HOUR;
    const owed = this.#bucket.owed(now);
    const extra = this.#burst.extra({ perMinute, owed, usualPerMinute }, circumstances(), now);
    return extra > 0 ? this.#bucket.check(asked, now, extra).waitMs : waitMs;
  }

  /** A negative amount gives back. */
  charge(amount: number, now: MonotonicMs): void {
    this.#bucket.charge(amount, now);
    this.#burst.onUsed(amount, now);
    if (this.#baseline.add(amount, this.#learning.wall())) this.#learning.onLearned();
  }

  level(now: MonotonicMs): { readonly limit: number; readonly remaining: number; readonly resetMs: number } {
    const { remaining, resetMs } = this.#bucket.check(0, now);
    return { limit: this.#bucket.perMinute, remaining, resetMs };
  }

  baseline(): (number | null)[] {
    return this.#baseline.state();
  }
}

/** The bucket is a whole minute: a key with 60 per minute may send its 60 at once, as users of other gateways expect. */
const wholeMinute = (perMinute: number): number => (perMinute > 0 ? Math.max(1, perMinute) : 0);
