// Keep: what becomes of an answer that was made: what those who read along are told, and the entry that is kept of it, if one
// is. It must never keep what was not whole, not the model's own, or lessened in overload.
import type { CacheEntry } from '../ports/cache.ts';
import { isRepeatable } from '../policy/cache-eligibility.ts';
import { timesOf } from '../policy/freshness.ts';
import type { Exchange } from './exchange.ts';
import type { Flight, FlightEnd } from './flight.ts';
import { keptOf } from './kept-answer.ts';
import type { Kit } from './kit.ts';
import { tenantTag } from './question.ts';
import type { Recall } from './recall.ts';
import { legUsage } from './settle.ts';

/** Null: what the leader read is no whole answer. */
export function flightEndOf(exchange: Exchange, { answer }: Flight): FlightEnd | null {
  const sum = exchange.attempt?.sum ?? null;
  if (sum === null || answer === null) return null;
  if (exchange.surface !== 'embeddings' && sum.finishReason === null) return null;
  const usage = exchange.transcript.whole(legUsage(exchange, sum));
  return { answer, usage, costMicroUsd: exchange.costMicroUsd, ageMs: null, times: null };
}

/** Null: it is not kept. */
export function entryOf(
  exchange: Exchange,
  { controls }: Recall,
  { answer, usage, costMicroUsd }: FlightEnd,
  { clock, digest }: Pick<Kit, 'clock' | 'digest'>,
): CacheEntry | null {
  const { model, current, key: tenant } = exchange;
  const isItsOwn = exchange.rescue === null && exchange.degraded.length === 0 && current?.model === model;
  const keeping = model?.cache ?? null;
  if (!controls.stores || model === null || keeping === null || current === null || !isItsOwn) return null;
  if (!isRepeatable(answer)) return null;
  const kept = keptOf(answer, digest);
  if (kept === null) return null;
  const createdAt = clock.wall();
  return {
    model: model.name,
    tenant: tenantTag(keeping, tenant, digest),
    namespace: controls.namespace,
    upstreamModel: current.target.model,
    createdAt,
    ...timesOf(keeping.config, controls.ttlMs, model.degrade.staleAnswers, createdAt),
    madeInMs: clock.now() - (exchange.firstSentAt ?? exchange.startedAt),
    usage,
    costMicroUsd,
    ...kept,
  };
}
