// Retry budget: how many resends to the same upstream are allowed, as a share of its sends. When an upstream is in trouble
// every exchange wants a resend at once; without a budget the gateway multiplies the load on what is already failing.
// It must never allow more than the share or the reserve, whichever is larger.
import type { MonotonicMs } from '../kernel/brands.ts';
import { SlidingCounts } from './sliding-counts.ts';

const WINDOW_MS = 30_000;
/** A quiet gateway has no share to speak of; it may resend this often in any span of `RESERVE_MS`. */
const RESERVE = 3;
const RESERVE_MS = 10_000;

export class RetryBudget {
  readonly #counts = new SlidingCounts(WINDOW_MS, ['sends', 'resends']);
  /** Instants of the latest withdrawals; the oldest is overwritten next. */
  readonly #latest: number[] = Array.from({ length: RESERVE }, () => -Infinity);
  #oldest = 0;
  #percent: number;

  /** 0 means no resends at all, the reserve included: an explicit setting wins. */
  constructor(percent: number) {
    this.#percent = percent;
  }

  /** Every send to the upstream, first or not. */
  onSend(now: MonotonicMs): void {
    this.#counts.add('sends', now);
  }

  /** True: one resend may be made, and is taken off the budget. */
  tryWithdraw(now: MonotonicMs): boolean {
    if (!this.#allows(now)) return false;
    this.#counts.add('resends', now);
    this.#latest[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % RESERVE;
    return true;
  }

  reconfigure(percent: number): void {
    this.#percent = percent;
  }

  #allows(now: MonotonicMs): boolean {
    if (this.#percent <= 0) return false;
    if (now - (this.#latest[this.#oldest] ?? -Infinity) >= RESERVE_MS) return true;
    return (this.#counts.sum('resends', now) + 1) * 100 <= this.#percent * this.#counts.sum('sends', now);
  }
}
