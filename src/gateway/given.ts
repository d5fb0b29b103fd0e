// Given: answers that were not made for who reads them: which of those at hand may be given, and what the record of the
// exchange says of one that was: as what it was given, how old it is, what it has spared, what of it counts against the limit.
import type { CacheUse } from '../kernel/facts.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Usage } from '../kernel/usage.ts';
import type { CacheEntry } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import { type Standing, staleMsOf, standingOf } from '../policy/freshness.ts';
import type { Exchange } from './exchange.ts';
import { answerOf, readUsage, withUsage } from './kept-answer.ts';
import type { Kit } from './kit.ts';
import { isSettled, type Recall } from './recall.ts';

const PERCENT = 100;
const MS_PER_SECOND = 1_000;

/** What was found, read; null: nothing, or it is not to be given now. */
export const givable = (recall: Recall): JsonObject | null =>
  recall.entry !== null && (isSettled(recall) || recall.standing === 'stale') ? answerOf(recall.entry) : null;

/** For when nobody can answer: what is kept of an earlier answer, where the model's operator allows it; null: nothing. */
export function ownAnswer(exchange: Exchange, clock: Clock): JsonObject | null {
  const { recall, model } = exchange;
  const isThere = recall !== null && recall.standing !== 'gone' && model?.degrade.staleAnswers === true;
  return isThere ? resorted(exchange, recall, recall.entry, 'stale', clock) : null;
}

/** The same of a similar question. */
export function neighbourAnswer(exchange: Exchange, clock: Clock): JsonObject | null {
  const { recall, model } = exchange;
  const near = recall?.place?.neighbour ?? null;
  if (recall === null || near === null || !near.mayStandIn || model?.degrade.semantic !== true) return null;
  recall.level = near.level;
  return resorted(exchange, recall, near.entry, 'semantic', clock);
}

function resorted(
  exchange: Exchange,
  recall: Recall,
  entry: CacheEntry | null,
  status: 'stale' | 'semantic',
  clock: Clock,
): JsonObject | null {
  if (entry === null || exchange.shown || clock.wall() >= entry.keepUntil) return null;
  const answer = answerOf(entry);
  if (answer === null) return null;
  noteGiven(exchange, recall, entry, status, clock);
  return withUsage(answer, readUsage(entry.usage));
}

export function standingFor(
  { model }: Exchange,
  { controls }: Recall,
  entry: CacheEntry,
  { clock, chance }: Pick<Kit, 'clock' | 'chance'>,
): Standing {
  const keeping = model?.cache ?? null;
  const staleMs = keeping === null ? 0 : staleMsOf(keeping.config);
  return standingOf(entry, { staleMs, maxAgeMs: controls.maxAgeMs }, clock.wall(), chance.draw());
}

export function noteGiven(
  exchange: Exchange,
  recall: Recall,
  entry: CacheEntry,
  status: Extract<CacheUse['status'], 'hit' | 'stale' | 'semantic'>,
  clock: Clock,
): void {
  recall.status = status === 'hit' && recall.follows ? 'joined' : status;
  recall.times = status === 'hit' ? entry : null;
  recall.ageMs = Math.max(0, clock.wall() - entry.createdAt);
  noteSaved(exchange, recall, entry.usage, entry.costMicroUsd);
  const age = `${Math.round(recall.ageMs / MS_PER_SECOND)} s old`;
  exchange.note(clock.now(), status, null, `${recall.level ?? 'kept'}, ${age}`);
}

export function noteSaved({ model }: Exchange, recall: Recall, usage: Usage, costMicroUsd: number | null): void {
  recall.savedTokens = usage.promptTokens + usage.completionTokens;
  recall.savedMicroUsd = costMicroUsd;
  const percent = model?.cache?.config.hitChargePercent ?? 0;
  recall.chargedTokens = Math.ceil((recall.savedTokens * percent) / PERCENT);
}
