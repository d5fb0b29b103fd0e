// Failover: what to do after a fault, and the only place that decides it. Retries decided in two places multiply (three
// layers of three make twenty-seven sends), so transports and providers never retry on their own.
// What a fault means stands in the kernel's table; here stands the order of preference:
//   1. nothing once the client has read what can neither be continued nor begun again (rescue.ts decides that);
//   2. the same target with another credential, when only the account was in trouble;
//   3. another target, when the fault allows: it costs no wait, and what just failed is the worst bet;
//   4. the same target again, when the fault allows, there is no other, the budget has room and the wait fits: its own
//      backoff, and the calm after a cut of its upstream's window, during which nothing is sent to it twice;
//   5. giving up.
// It must never withdraw from the budget for a resend that does not happen.
import type { Fault } from '../kernel/fault.ts';
import { faults } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import type { Chance } from '../ports/chance.ts';
import { type Backoff, backoffMs } from './backoff.ts';

export interface FaultSituation {
  /** Sends of this exchange so far, the failed one included. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** The same upstream has another credential that may be used now. */
  readonly otherCredential: boolean;
  /** Another eligible target has not been tried in this exchange. */
  readonly untriedLeft: boolean;
  /** Content has reached the client, and the answer can neither be resumed nor begun again. */
  readonly beyondRescue: boolean;
  /** The target that failed could take what is left to do: a resumed answer needs one that continues a prefix. */
  readonly sameCapable: boolean;
  /** For so long nothing is sent again to the same upstream with the same credential: its window was just cut. */
  readonly calmMs: number;
  /** Withdraws one resend to the same upstream; asked last, and only when the resend will happen if it says yes. */
  readonly budget: () => boolean;
  readonly failoverOnContentFilter: boolean;
  /** Left of the exchange's total time. */
  readonly remainingMs: number;
  /** Left of the time it may spend waiting; a wait before a resend is waiting too. */
  readonly waitMsLeft: number;
}

export type Verdict =
  | { readonly kind: 'failover' }
  /** `otherCredential`: with another one than last time, which costs neither budget nor calm. */
  | { readonly kind: 'resend'; readonly afterMs: number; readonly otherCredential: boolean }
  | { readonly kind: 'giveUp' };

/** `resendNumber`: 1 when this would be the first resend to the same target. */
export function decideAfterFault(
  fault: Fault,
  situation: FaultSituation,
  retry: Backoff,
  resendNumber: number,
  chance: Chance,
): Verdict {
  if (situation.beyondRescue || situation.remainingMs <= 0 || situation.attempts >= situation.maxAttempts)
    return giveUp;
  if (situation.otherCredential && situation.sameCapable && aboutCredential.has(fault.kind)) {
    return { kind: 'resend', afterMs: 0, otherCredential: true };
  }
  if (situation.untriedLeft && mayFailOver(fault, situation)) return { kind: 'failover' };
  if (!faults[fault.kind].sameAgain || !situation.sameCapable) return giveUp;
  const afterMs = backoffMs(resendNumber, retry, fault.retryAfterMs, chance);
  const waitMs = Math.max(afterMs, situation.calmMs);
  if (waitMs >= Math.min(situation.remainingMs, situation.waitMsLeft) || !situation.budget()) return giveUp;
  return { kind: 'resend', afterMs, otherCredential: false };
}

const giveUp: Verdict = { kind: 'giveUp' };

/** Troubles of one account: another account of the same upstream does not have them, and costs no wait. */
const aboutCredential: ReadonlySet<Fault['kind']> = new Set(['credential', 'exhausted', 'rateLimited']);

/** A refusal by content policy is an answer, not trouble: routing around it is the operator's choice, never ours. */
function mayFailOver(fault: Fault, situation: FaultSituation): boolean {
  return faults[fault.kind].failover || (fault.kind === 'contentFilter' && situation.failoverOnContentFilter);
}

const REFUSED_REST_MS = 1_000;
const MINUTE_MS = 60_000;

/** How long the target rests after this fault; 0: not at all. What the upstream asked for always wins, up to the limit. */
export function restAfterFault(fault: Fault): number {
  // Without a word from the upstream: a short pause, while its window is cut for longer.
  if (fault.kind === 'rateLimited') return askedMs(fault) ?? REFUSED_REST_MS;
  // Without a word from the upstream the breaker judges: one "busy" among many good answers is no reason to stop.
  if (fault.kind === 'overloaded') return askedMs(fault) ?? 0;
  // Not deployed yet, or a typo: no send helps, but a deployment may be under way.
  if (fault.kind === 'unknownModel') return MINUTE_MS;
  return 0;
}

/**
 * How long the credential rests; 0: not at all. Always with an end: people fix keys and pay bills without telling us, and
 * a rest without an end needs a restart to be forgotten. The price is one refused send per rest.
 */
export function credentialRestAfterFault(fault: Fault): number {
  // 401: the key itself is bad, and is replaced by people. 403 may be for this model or this minute only.
  if (fault.kind === 'credential') return fault.status === 401 ? 5 * MINUTE_MS : MINUTE_MS;
  // Somebody must pay, or a day or month must end; neither happens within seconds.
  if (fault.kind === 'exhausted') return Math.max(15 * MINUTE_MS, askedMs(fault) ?? 0);
  return 0;
}

/** A refused key is refused for every model, an empty account is empty for all; a 403 may be about the model alone. */
export function credentialRestIsForEveryModel(fault: Fault): boolean {
  return fault.kind === 'exhausted' || (fault.kind === 'credential' && fault.status === 401);
}

function askedMs(fault: Fault): number | null {
  return fault.retryAfterMs === null ? null : Math.min(fault.retryAfterMs, limits.retryAfterMsMax);
}
