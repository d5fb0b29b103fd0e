// First-token estimate: how long a target would take to its first token with one more prompt: a fixed part, and so much per
// prompt token that must be read before it. Both are Peak-EWMA (as in Finagle): a worse value counts at once, a better one
// slowly, because sending into a jam costs more than passing an idle target by.
// It must never hold an old peak against a target that is no longer asked: peaks fade by themselves.
import type { MonotonicMs } from '../kernel/brands.ts';

/** A peak fades to a third in this time; the usual value it fades to moves so much slower. */
const PEAK_FADE_MS = 10_000;
const USUAL_FADE_MS = 120_000;
/** Fewer tokens to read say more about the fixed part than about the pace. */
const READ_TOKENS_MIN = 512;
/** Assumed of a target not yet known: quick enough to be tried, slow enough to be no magnet for all. */
const FIXED_MS_UNKNOWN = 200;
const MS_PER_TOKEN_UNKNOWN = 0.1;

export class FirstTokenEstimate {
  readonly #fixedMs = new PeakEwma(FIXED_MS_UNKNOWN);
  readonly #msPerToken = new PeakEwma(MS_PER_TOKEN_UNKNOWN);

  /** `readTokens`: what was un-started at the target when it was sent, its own prompt included, a cached prefix not. */
  onFirstToken(readTokens: number, firstTokenMs: number, now: MonotonicMs): void {
    if (readTokens < READ_TOKENS_MIN) return this.#fixedMs.observe(firstTokenMs, now);
    const readingMs = Math.max(0, firstTokenMs - (this.#fixedMs.isKnown ? this.#fixedMs.value(now) : 0));
    this.#msPerToken.observe(readingMs / readTokens, now);
  }

  /** `unstartedTokens`: prompts sent there before it that have no first token yet. */
  estimateMs(promptTokens: number, matchedTokens: number, unstartedTokens: number, now: MonotonicMs): number {
    const readTokens = unstartedTokens + Math.max(0, promptTokens - matchedTokens);
    // With long prompts only, the pace holds the fixed part already.
    const paceKnown = this.#msPerToken.isKnown && !this.#fixedMs.isKnown;
    return (paceKnown ? 0 : this.#fixedMs.value(now)) + readTokens * this.#msPerToken.value(now);
  }
}

class PeakEwma {
  readonly #unknown: number;
  #peak = 0;
  #usual = 0;
  #at = -Infinity;

  constructor(unknown: number) {
    this.#unknown = unknown;
  }

  get isKnown(): boolean {
    return this.#at !== -Infinity;
  }

  value(now: MonotonicMs): number {
    if (!this.isKnown) return this.#unknown;
    return this.#usual + (this.#peak - this.#usual) * Math.exp(-Math.max(0, now - this.#at) / PEAK_FADE_MS);
  }

  observe(sample: number, now: MonotonicMs): void {
    if (!this.isKnown) {
      this.#usual = sample;
      this.#peak = sample;
    } else {
      const elapsedMs = Math.max(0, now - this.#at);
      const kept = Math.exp(-elapsedMs / PEAK_FADE_MS);
      const cost = this.value(now);
      this.#usual += (sample - this.#usual) * -Math.expm1(-elapsedMs / USUAL_FADE_MS);
      this.#peak = Math.max(sample, cost * kept + sample * (1 - kept));
    }
    this.#at = Math.max(this.#at, now);
  }
}
