// Drain rate: how fast a queue is being served, so that waiting times and Retry-After tell the truth. Each service counts
// one and fades with time: a queue that stands still is seen to slow down although nothing happens.
// It must never invent a rate: null until it has seen enough.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Chance } from '../ports/chance.ts';

/** Services fade to a third in this time. */
const FADE_MS = 10_000;
/** After so long a pause the old rate says nothing about the new one (quiet is not slow): start afresh. */
const FORGET_MS = 60_000;
/** Shortest span a rate is taken over; the first few services of a burst come at once. */
const SPAN_MS_MIN = 1_000;
const SERVED_MIN = 3;

export class DrainRate {
  #faded = 0;
  #served = 0;
  #firstAt = 0;
  #lastAt = -Infinity;

  onServed(now: MonotonicMs): void {
    if (now - this.#lastAt > FORGET_MS) {
      this.#faded = 0;
      this.#served = 0;
      this.#firstAt = now;
    }
    this.#faded = this.#fadedAt(now) + 1;
    this.#served++;
    this.#lastAt = now;
  }

  /** Time until the one behind `ahead` others is served; null when unknown. */
  waitMs(ahead: number, now: MonotonicMs): number | null {
    if (this.#served < SERVED_MIN) return null;
    const spanMs = Math.max(SPAN_MS_MIN, now - this.#firstAt);
    const perMs = this.#fadedAt(now) / (FADE_MS * -Math.expm1(-spanMs / FADE_MS));
    return (ahead + 1) / perMs;
  }

  #fadedAt(now: MonotonicMs): number {
    return this.#faded === 0 ? 0 : this.#faded * Math.exp((this.#lastAt - now) / FADE_MS);
  }
}

const RETRY_AFTER_MS_MIN = 250;
const RETRY_AFTER_MS_UNKNOWN = 1_000;
const JITTER_LOW = 0.75;
const JITTER_HIGH = 1.25;

/**
 * What a client is told to wait: the expected wait, spread by a quarter both ways so that those refused together do not
 * return together. Capped before it is spread, for the same reason.
 */
export function truthfulRetryAfterMs(waitMs: number | null, chance: Chance, max: number): number {
  const expectedMs = Math.min(waitMs ?? RETRY_AFTER_MS_UNKNOWN, max / JITTER_HIGH);
  const spreadMs = expectedMs * (JITTER_LOW + (JITTER_HIGH - JITTER_LOW) * chance.draw());
  return Math.min(max, Math.max(RETRY_AFTER_MS_MIN, Math.round(spreadMs)));
}
