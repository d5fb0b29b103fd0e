// Rate window: how much per minute one upstream takes of one thing (requests, or tokens). Where the upstream tells its
// limit and what is left, that is taken as it stands; where it only says 429, the rate is learned: cut a little once per
// trouble, and approached again slowly (CUBIC). Until the first of either it knows no limit and lets everything pass.
// It must never cut twice for one trouble (what was sent before a cut does not know of it), and never let an amount wait
// for ever because it is larger than what is there at once: it passes when the bucket is full, and leaves a debt.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { RateLevel } from './rate-headers.ts';

const MINUTE_MS = 60_000;
const CUT = 0.93;
const REGROWTH_MS = 4_000;
const GROW_EVERY_MS = 1_000;
const GROWTH_MAX = 1.08;
/** A learned rate allows so much of itself at once: limits are enforced over spans of one to ten seconds. */
const LEARNED_BURST_MS = 5_000;
/** What was sent fades to a third in this time: the rate at the first refusal is that of the last while. */
const FADE_MS = 10_000;
/** Fewer units at once cannot be told from chance. */
const BURST_MIN = 1;

/** How much had been sent when this one was: what its answer's headers know of. */
export type RateMark = number;

export class RateWindow {
  /** Units per millisecond; null: no limit is known. */
  #perMs: number | null = null;
  #burst = BURST_MIN;
  /** Below zero is debt. */
  #available = 0;
  #refilledAt = 0;
  #isTold = false;
  #sent: RateMark = 0;
  #newestMark: RateMark = -1;
  /** Sends up to this one are in what is available, as the upstream counts them. */
  #knownMark: RateMark = -1;
  #faded = 0;
  #fadedAt: number | null = null;
  #firstAt = 0;
  #epoch: number = -Infinity;
  #troublePerMs = 0;
  #curveFrom = 0;
  #grewAt = 0;
  /** Somebody was held back since it last grew: only a rate that binds is worth trying to raise. */
  #bound = false;

  /** Null: no limit known. */
  get perMinute(): number | null {
    return this.#perMs === null ? null : this.#perMs * MINUTE_MS;
  }

  /** 0: it fits now. */
  waitMs(cost: number, now: MonotonicMs): number {
    this.#refill(now);
    if (this.#perMs === null) return 0;
    const short = Math.min(cost, this.#burst) - this.#available;
    if (short <= 1e-6) return 0;
    this.#bound = true;
    return Math.ceil(short / this.#perMs);
  }

  take(cost: number, now: MonotonicMs): RateMark {
    this.#refill(now);
    this.#available -= cost;
    this.#sent += cost;
    this.#fade(now);
    this.#faded += cost;
    return this.#sent;
  }

  /** The true figure of a send is known, or it was refused (`difference` is then minus its cost). */
  settle(difference: number, mark: RateMark, now: MonotonicMs): void {
    this.#refill(now);
    // What was told or learned since it was sent has its true figure in it already.
    if (mark > this.#knownMark) this.#available = Math.min(this.#burst, this.#available - difference);
    this.#fade(now);
    this.#faded = Math.max(0, this.#faded + difference);
  }

  /** What the headers of an answer told; `mark`: what `take` returned for it. Answers overtake each other: older news is dropped. */
  tell(level: RateLevel | null, mark: RateMark, now: MonotonicMs): void {
    if (level === null || mark < this.#newestMark) return;
    this.#newestMark = this.#knownMark = mark;
    this.#isTold = true;
    this.#perMs = perMsOf(level);
    this.#burst = level.limit;
    // What was sent after it is not in its figure yet.
    this.#available = level.remaining - (this.#sent - mark);
    this.#refilledAt = now;
  }

  /** A 429 for this very thing, on a send at `sentAt`. True when something was changed. */
  refuse(sentAt: MonotonicMs, now: MonotonicMs): boolean {
    if (sentAt < this.#epoch) return false;
    this.#refill(now);
    this.#epoch = now;
    this.#knownMark = this.#sent;
    this.#available = Math.min(this.#available, 0);
    // A told limit stands; that nothing is left of it is all that was news.
    if (this.#isTold) return true;
    this.#fade(now);
    const spanMs = Math.max(GROW_EVERY_MS, now - this.#firstAt);
    const lately = this.#faded / (FADE_MS * -Math.expm1(-spanMs / FADE_MS));
    this.#troublePerMs = this.#perMs ?? Math.max(lately, BURST_MIN / MINUTE_MS);
    this.#learn(CUT * this.#troublePerMs);
    this.#curveFrom = now;
    this.#grewAt = now;
    this.#bound = false;
    return true;
  }

  #learn(perMs: number): void {
    this.#perMs = perMs;
    this.#burst = Math.max(BURST_MIN, perMs * LEARNED_BURST_MS);
  }

  #refill(now: MonotonicMs): void {
    const elapsedMs = Math.max(0, now - this.#refilledAt);
    this.#refilledAt = Math.max(this.#refilledAt, now);
    if (this.#perMs === null) {
      this.#available = 0;
      return;
    }
    this.#available = Math.min(this.#burst, this.#available + elapsedMs * this.#perMs);
    if (!this.#isTold) this.#grow(this.#perMs, now);
  }

  #grow(perMs: number, now: MonotonicMs): void {
    const elapsedMs = now - this.#grewAt;
    if (elapsedMs < GROW_EVERY_MS) return;
    this.#grewAt = now;
    if (!this.#bound) {
      this.#curveFrom += elapsedMs;
      return;
    }
    this.#bound = false;
    const turn = (now - this.#curveFrom - REGROWTH_MS) / REGROWTH_MS;
    const curve = this.#troublePerMs * (1 + (1 - CUT) * turn ** 3);
    this.#learn(Math.max(perMs, Math.min(curve, GROWTH_MAX * perMs)));
  }

  #fade(now: MonotonicMs): void {
    if (this.#fadedAt === null) this.#firstAt = now;
    else this.#faded *= Math.exp(Math.min(0, this.#fadedAt - now) / FADE_MS);
    this.#fadedAt = now;
  }
}

/** By the minute, unless filling up takes longer than that: then the limit is one per hour or day. */
function perMsOf({ limit, remaining, resetMs }: RateLevel): number {
  if (resetMs === null || resetMs <= MINUTE_MS || remaining >= limit) return limit / MINUTE_MS;
  return (limit - remaining) / resetMs;
}
