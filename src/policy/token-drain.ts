// Token drain: how fast those who wait are served, in tokens, so that a wait can be told beforehand. Only time while
// somebody waits counts: a quiet hour says nothing about how fast a queue would move. What is known fades with such time,
// so that a queue which stands still is seen to slow down although nothing happens.
// It must never invent a rate: null until it has seen enough.
import type { MonotonicMs } from '../kernel/brands.ts';

/** What is known fades to a third in so much waiting time. */
const FADE_MS = 5_000;
/** After so long without a queue the far side may be another one: start afresh. */
const FORGET_MS = 300_000;
/** The first ones of a burst come at once; a rate over less time would be theirs. */
const SPAN_MS_MIN = 500;
const SERVED_MIN = 5;

export class TokenDrain {
  #tokens = 0;
  #spanMs = 0;
  #served = 0;
  #waiting = false;
  #at = -Infinity;

  /** Call when the queue gets its first or loses its last; saying the same again is harmless. */
  onQueue(waiting: boolean, now: MonotonicMs): void {
    if (waiting && !this.#waiting && now - this.#at > FORGET_MS) this.#forget();
    this.#advance(now);
    this.#waiting = waiting;
  }

  /** One who had waited was served. */
  onServed(tokens: number, now: MonotonicMs): void {
    this.#advance(now);
    this.#tokens += tokens;
    this.#served++;
  }

  tokensPerSecond(now: MonotonicMs): number | null {
    const elapsedMs = this.#waiting ? Math.max(0, now - this.#at) : 0;
    const kept = Math.exp(-elapsedMs / FADE_MS);
    const spanMs = this.#spanMs * kept + FADE_MS * (1 - kept);
    if (this.#served < SERVED_MIN || spanMs < SPAN_MS_MIN) return null;
    return (this.#tokens * kept * 1_000) / spanMs;
  }

  /** Tokens and time fade alike, so their quotient is the rate of late. */
  #advance(now: MonotonicMs): void {
    if (this.#waiting && now > this.#at) {
      const kept = Math.exp((this.#at - now) / FADE_MS);
      this.#tokens *= kept;
      this.#spanMs = this.#spanMs * kept + FADE_MS * (1 - kept);
    }
    this.#at = Math.max(this.#at, now);
  }

  #forget(): void {
    this.#tokens = 0;
    this.#spanMs = 0;
    this.#served = 0;
  }
}
