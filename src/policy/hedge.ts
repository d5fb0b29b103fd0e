// Hedge: whether a second send may race the first one to the first token. It helps a vip whose target hangs, and costs the
// prompt twice, so it is for few: another target with room, a prompt that is not long, and a small share of all tokens.
// It must never start after content has been shown, nor spend beyond its budget.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';

const AFTER_MS_MIN = 1_000;
const OTHER_USE_MAX = 0.7;
const PROMPT_TOKENS_MAX = 8_000;
const BUDGET_SHARE = 0.02;
const FADE_MS = 30_000;

export interface HedgeQuestion {
  readonly lane: Lane;
  readonly shown: boolean;
  readonly promptTokens: number;
  /** In flight and window of the other target's upstream. */
  readonly otherInFlightTokens: number;
  readonly otherWindowTokens: number;
}

/** How long to wait for the first token before racing; null: not known, so never. `p95`: of prompts of about this length. */
export function hedgeAfterMs(p95FirstTokenMs: number | null): number | null {
  return p95FirstTokenMs === null ? null : Math.max(p95FirstTokenMs, AFTER_MS_MIN);
}

/** All but the budget, which is asked last because asking it spends. */
export function mayHedge(question: HedgeQuestion): boolean {
  const { lane, shown, promptTokens, otherInFlightTokens, otherWindowTokens } = question;
  if (lane !== 'vip' || shown || promptTokens >= PROMPT_TOKENS_MAX) return false;
  return otherInFlightTokens < OTHER_USE_MAX * otherWindowTokens;
}

/** Tokens hedged may be so much of the tokens sent of late; both fade alike, so a quiet while does not save up. */
export class HedgeBudget {
  #sentTokens = 0;
  #hedgedTokens = 0;
  #at = -Infinity;

  /** Every send, first or not, hedges excepted. */
  onSend(tokens: number, now: MonotonicMs): void {
    this.#fade(now);
    this.#sentTokens += tokens;
  }

  /** True: the hedge may be sent, and is taken off the budget. */
  tryWithdraw(tokens: number, now: MonotonicMs): boolean {
    this.#fade(now);
    if (this.#hedgedTokens + tokens > BUDGET_SHARE * this.#sentTokens) return false;
    this.#hedgedTokens += tokens;
    return true;
  }

  #fade(now: MonotonicMs): void {
    if (now <= this.#at) return;
    const kept = Math.exp((this.#at - now) / FADE_MS);
    this.#sentTokens *= kept;
    this.#hedgedTokens *= kept;
    this.#at = now;
  }
}
