// Predicted wait: who would wait too long is told so on arrival, not after the wait. It costs nothing then, the caller can
// go elsewhere while there is time, and the queue holds only those who can still be served in time.
// It must never refuse what it knows nothing about: without a rate everybody may wait.
import type { Chance } from '../ports/chance.ts';
import { truthfulRetryAfterMs } from './drain-rate.ts';

/** Part of the patience that the wait may take; the rest is for the first token and for the error of the prediction. */
const PATIENCE_SHARE = 0.9;

export interface Outlook {
  /** By fairness, not by arrival: see `FairRoom.tokensAhead`. */
  readonly tokensAhead: number;
  /** Null: not known yet. */
  readonly tokensPerSecond: number | null;
  /** Until the caller's deadline, or what the lane's objective allows for a first token, whichever is less. */
  readonly patienceMs: number;
}

export interface EarlyReject {
  readonly waitMs: number;
  readonly retryAfterMs: number;
}

/** Null when unknown. A rate that has faded to nothing means for ever. */
export function predictedWaitMs(tokensAhead: number, tokensPerSecond: number | null): number | null {
  if (tokensPerSecond === null) return null;
  if (tokensAhead <= 0) return 0;
  return tokensPerSecond > 0 ? (tokensAhead * 1_000) / tokensPerSecond : Number.POSITIVE_INFINITY;
}

/** Null: it may wait. The told wait is jittered so that those refused together do not return together. */
export function earlyReject(outlook: Outlook, chance: Chance, retryAfterMsMax: number): EarlyReject | null {
  const waitMs = predictedWaitMs(outlook.tokensAhead, outlook.tokensPerSecond);
  if (waitMs === null || waitMs <= PATIENCE_SHARE * outlook.patienceMs) return null;
  return { waitMs, retryAfterMs: truthfulRetryAfterMs(waitMs, chance, retryAfterMsMax) };
}
