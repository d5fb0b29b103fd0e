// After a fault: what the decision about it (policy/failover.ts) must know of the exchange, and of who else could answer.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import { decideAfterFault, type Verdict } from '../policy/failover.ts';
import { anotherMayServe } from './elsewhere.ts';
import type { Exchange, PlannedTarget } from './exchange.ts';
import type { Fleet } from './fleet.ts';
import type { Kit } from './kit.ts';

export interface Failed {
  /** To whom it was sent. */
  readonly planned: PlannedTarget;
  readonly trouble: Fault;
  /** The trouble is of this attempt, not an earlier one's that explains more. */
  readonly own: boolean;
  /** Content has reached the client, and nothing can be done for it. */
  readonly beyondRescue: boolean;
}

export function verdictOn(exchange: Exchange, failed: Failed, fleet: Fleet, kit: Kit): Verdict {
  const { planned, trouble, own, beyondRescue } = failed;
  const { retry } = exchange.snapshot;
  const now = kit.clock.now();
  const { budget } = fleet.upstream(planned.target.upstream);
  const queueMsLeft = planned.model.timeouts.queueMs - exchange.queueMs;
  return decideAfterFault(
    trouble,
    {
      attempts: exchange.attempts,
      maxAttempts: Math.min(retry.maxAttempts, limits.attemptsMax),
      otherCredential: fleet.hasOtherCredential(planned.target, now),
      untriedLeft: anotherMayServe(exchange, fleet, now),
      beyondRescue,
      sameCapable: own && exchange.mayTake(planned),
      calmMs: Math.max(0, budget.calmUntil - now),
      // The client's own retries are retries enough.
      budget: () => exchange.clientRetries === 0 && budget.tryWithdraw(exchange.demand.promptTokens, now),
      failoverOnContentFilter: planned.model.failoverOnContentFilter,
      remainingMs: exchange.totalAt - now,
      waitMsLeft: Math.min(queueMsLeft, beginBy(exchange, fleet, now) - now),
    },
    retry,
    planned.resends + 1,
    kit.chance,
  );
}

/** When it must be sent at the latest. After content there is no first token left to be in time. */
export function beginBy(exchange: Exchange, fleet: Fleet, now: MonotonicMs): MonotonicMs {
  return exchange.shown ? exchange.totalAt : fleet.latestSend(exchange, now);
}
