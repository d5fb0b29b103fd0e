// Hedge: whether the same is asked of a second upstream while the first is still silent. Most first tokens that are late are
// late for reasons of one upstream alone, and whoever pays for the first lane should not wait for that. The price is a
// prompt read in vain, so few are allowed, and none where it could do harm.
// It must never be taken for an exchange of which content has been seen, nor of the same upstream, nor push a window that
// others need: a hedge in overload makes the overload.
import type { Lane } from '../kernel/lane.ts';

const LANE: Lane = 'vip';
/** Sooner than this nobody notices that it was late. */
const LATE_MS_MIN = 1_000;
/** Longer prompts cost more to read twice than the wait is worth. */
const PROMPT_TOKENS_MAX = 8_000;
/** Fill of the other upstream's window above which what is left of it is for others. */
const FILL_MAX = 0.7;
/** Hedges that a quiet time saves up. */
const CREDIT_MAX = 5;

export interface HedgeableSend {
  readonly lane: Lane;
  readonly promptTokens: number;
  /** Without a stream there is no first token to be late. */
  readonly streamed: boolean;
  /** What 95 of 100 first tokens of that target came within, for prompts of that size; null: not known yet. */
  readonly usualMsMost: number | null;
}

/** How long after its send a first token is late; null: this one is never hedged. */
export function lateAfterMs({ lane, promptTokens, streamed, usualMsMost }: HedgeableSend): number | null {
  if (lane !== LANE || !streamed || promptTokens >= PROMPT_TOKENS_MAX || usualMsMost === null) return null;
  return Math.max(LATE_MS_MIN, usualMsMost);
}

export interface HedgeSituation {
  /** Of the attempt under way, or of an earlier one of the same exchange. */
  readonly contentSeen: boolean;
  readonly attemptsLeft: number;
  /** Of the window of the other upstream, 0 to 1 and above; null: there is none with room. */
  readonly otherFill: number | null;
}

export const mayHedge = ({ contentSeen, attemptsLeft, otherFill }: HedgeSituation): boolean =>
  !contentSeen && attemptsLeft > 0 && otherFill !== null && otherFill < FILL_MAX;

/** Every send of the lane earns a share of a hedge; so hedges are never more than that share of the sends. */
export class HedgeBudget {
  #credit = 0;

  get hasRoom(): boolean {
    return this.#credit >= 1;
  }

  onSend(percent: number): void {
    // In hundredths, which add up exactly: fifty times two per cent is one.
    this.#credit = Math.min(CREDIT_MAX, Math.round(this.#credit * 100 + percent) / 100);
  }

  /** True: one hedge may be sent, and is taken off the budget. */
  tryWithdraw(): boolean {
    if (!this.hasRoom) return false;
    this.#credit -= 1;
    return true;
  }
}
