// Retry budget: how many tokens may be sent again to one upstream, as a share of all tokens sent to it. When an upstream is
// in trouble every exchange wants a resend at once; without a budget the gateway multiplies the load on what is already
// failing. Counted in prompt tokens, because a resend costs the far side what it has to read once more, and prompts differ
// a thousandfold. Another upstream is asked without it: what that one has room for, its ticket says.
// It must never allow more than the share or the reserve, whichever is larger, nor any resend while the upstream has just
// been found to be full: that is overload, and the cure for overload is to send less.
import { later, type MonotonicMs } from '../kernel/brands.ts';
import { SlidingCounts } from './sliding-counts.ts';

const WINDOW_MS = 30_000;
/** A quiet gateway has no share to speak of; in any span of `RESERVE_MS` it may resend this often and this much ... */
const RESERVE = 3;
const RESERVE_TOKENS = 4_096;
const RESERVE_MS = 10_000;
/** ... or once, however long the prompt. After a cut of the upstream's window nothing is sent again for so long. */
const CALM_MS = 5_000;

export class RetryBudget {
  readonly #tokens = new SlidingCounts(WINDOW_MS, ['sent', 'resent']);
  /** The latest withdrawals; the oldest is overwritten next. */
  readonly #latest = Array.from({ length: RESERVE }, () => ({ at: -Infinity, tokens: 0 }));
  #oldest = 0;
  #percent: number;
  #cutAt = -Infinity;

  /** 0 means no resends at all, the reserve included: an explicit setting wins. */
  constructor(percent: number) {
    this.#percent = percent;
  }

  /** Every send to the upstream, first or not. */
  onSend(promptTokens: number, now: MonotonicMs): void {
    this.#tokens.add('sent', now, promptTokens);
  }

  /** The window of one of the upstream's targets was cut. */
  onCut(now: MonotonicMs): void {
    this.#cutAt = now;
  }

  /** Before then nothing may be sent again, whatever was withdrawn. */
  get calmUntil(): MonotonicMs {
    return later(this.#cutAt as MonotonicMs, CALM_MS);
  }

  /** True: one resend of so many tokens may be made, not before `calmUntil`, and is taken off the budget. */
  tryWithdraw(promptTokens: number, now: MonotonicMs): boolean {
    if (!this.#allows(promptTokens, now)) return false;
    this.#tokens.add('resent', now, promptTokens);
    this.#latest[this.#oldest] = { at: now, tokens: promptTokens };
    this.#oldest = (this.#oldest + 1) % RESERVE;
    return true;
  }

  reconfigure(percent: number): void {
    this.#percent = percent;
  }

  /** Tokens that the share still allows; negative when the reserve has been used. */
  left(now: MonotonicMs): number {
    return (this.#percent * this.#tokens.sum('sent', now)) / 100 - this.#tokens.sum('resent', now);
  }

  #allows(promptTokens: number, now: MonotonicMs): boolean {
    if (this.#percent <= 0) return false;
    return promptTokens <= this.left(now) || this.#reserveAllows(promptTokens, now);
  }

  #reserveAllows(promptTokens: number, now: MonotonicMs): boolean {
    const lately = this.#latest.filter(({ at }) => now - at < RESERVE_MS);
    if (lately.length === 0) return true;
    const used = lately.reduce((sum, { tokens }) => sum + tokens, 0);
    return lately.length < RESERVE && used + promptTokens <= RESERVE_TOKENS;
  }
}
