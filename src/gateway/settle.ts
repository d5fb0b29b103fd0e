// Settle: the one place where an exchange ends. What was taken is given back here, and the fact of it is told here, once.
import type { ExchangeFact, Outcome } from '../kernel/facts.ts';
import type { FaultKind } from '../kernel/fault.ts';
import type { RejectionKind } from '../kernel/rejection.ts';
import type { Usage } from '../kernel/usage.ts';
import type { AnswerSum } from './answer-reader.ts';
import { overheadMs } from './egress.ts';
import type { Exchange } from './exchange.ts';
import type { Fleet } from './fleet.ts';
import type { Kit } from './kit.ts';
import type { Estimates } from './limit.ts';
import { useOf } from './recall.ts';

/** Characters of an answer per token, where a provider says no usage (English and code: 3.5 to 4.5). */
const CHARACTERS_PER_TOKEN = 4;

export interface Settlement {
  readonly outcome: Outcome;
  /** What the client saw; 499 when it left before any. */
  readonly status: number;
  readonly rejection: RejectionKind | null;
  readonly fault: FaultKind | null;
}

export function settle(
  exchange: Exchange,
  settlement: Settlement,
  kit: Kit,
  fleet: Fleet,
  { correction, lengths }: Estimates,
): void {
  const now = kit.clock.now();
  exchange.phase = 'ended';
  exchange.totalTimer?.cancel();
  exchange.backoffTimer?.cancel();
  exchange.hedgeTimer?.cancel();
  exchange.signTimer?.cancel();
  const sum = exchange.attempt?.sum ?? null;
  const computed = exchange.surface !== 'countTokens' && (exchange.shown || settlement.outcome === 'answered');
  const usage = computed ? usageOf(exchange, sum) : null;
  giveBack(exchange, usage, settlement.outcome === 'abandoned', fleet, now);
  if (usage?.source === 'provider' && exchange.request !== null && exchange.model !== null) {
    correction.learn(
      exchange.model.name,
      exchange.key?.name ?? null,
      exchange.request.promptTokens,
      usage.promptTokens,
    );
  }
  if (usage !== null && settlement.outcome === 'answered' && exchange.request !== null && exchange.model !== null) {
    const { model, key, request } = exchange;
    lengths.learn(model.name, request.answerTokensMax, key?.name ?? null, usage.completionTokens / request.choices);
  }
  exchange.note(now, settlement.outcome, exchange.current?.target.id ?? null, `status ${settlement.status}`);
  kit.facts.accept({ kind: 'exchange', exchange: factOf(exchange, settlement, usage, now - exchange.startedAt) });
}

function giveBack(
  exchange: Exchange,
  usage: Usage | null,
  abandoned: boolean,
  fleet: Fleet,
  now: Exchange['startedAt'],
): void {
  // A ticket still open here says nothing about its target.
  for (const { attempt, ticket } of exchange.race.end()) {
    attempt?.cancel();
    ticket.released();
  }
  // A client that leaves before the first word has had its prompt read all the same.
  const isRead = usage === null && abandoned && exchange.surface !== 'countTokens';
  const read = isRead ? Math.round(exchange.request?.promptTokens ?? 0) : 0;
  const used = usage === null ? read : usage.promptTokens + usage.completionTokens;
  const charged = exchange.recall?.chargedTokens ?? null;
  if (exchange.attempts === 0 && charged === null) exchange.reservation?.cancel(now);
  // An answer that was kept, or another's: a request like any other, and such tokens as the model's operator says.
  else if (charged !== null && usage === null) exchange.reservation?.settle(charged, now);
  else exchange.reservation?.settle(used, now);
  const target = exchange.current?.target;
  if (target !== undefined && usage !== null) {
    // This upstream computed the last leg only.
    const sum = exchange.attempt?.sum ?? null;
    const last = sum === null ? null : legUsage(exchange, sum);
    const computed = last === null ? 0 : last.promptTokens + last.completionTokens;
    fleet.upstream(target.upstream).settleTokens(computed - exchange.tokensReserved, now);
  }
}

/** The whole answer's usage, all its legs together. */
function usageOf(exchange: Exchange, sum: AnswerSum | null): Usage | null {
  return sum === null ? exchange.transcript.earlier() : exchange.transcript.whole(legUsage(exchange, sum));
}

/** One send's: the provider's word, or an estimate from what came. */
export function legUsage(exchange: Exchange, sum: AnswerSum): Usage {
  if (sum.usage !== null) return sum.usage;
  return {
    promptTokens: Math.round(exchange.request?.promptTokens ?? 0),
    completionTokens: Math.ceil(sum.characters / CHARACTERS_PER_TOKEN),
    cachedTokens: null,
    reasoningTokens: null,
    source: 'estimated',
  };
}

/** SDKs of other dialects fail without usage; OpenAI's do not, and get what the provider said or nothing. */
export function usageToTell(exchange: Exchange, sum: AnswerSum | null): Usage | null {
  if (sum === null || exchange.dialect.name === 'openai') return sum?.usage ?? null;
  return legUsage(exchange, sum);
}

function factOf(exchange: Exchange, settlement: Settlement, usage: Usage | null, durationMs: number): ExchangeFact {
  const target = exchange.current?.target ?? null;
  return {
    id: exchange.id,
    requestId: exchange.requestId,
    trace: exchange.trace,
    key: exchange.key?.name ?? null,
    lane: exchange.lane,
    surface: exchange.surface,
    modelAsked: exchange.request?.model.slice(0, 256) ?? null,
    model: exchange.model?.name ?? null,
    stream: exchange.request?.stream ?? false,
    outcome: settlement.outcome,
    status: settlement.status,
    rejection: settlement.rejection,
    fault: settlement.fault,
    degraded: exchange.degraded,
    cache: exchange.recall === null ? null : useOf(exchange.recall),
    target: target?.id ?? null,
    upstream: target?.upstream.name ?? null,
    provider: target?.upstream.provider.name ?? null,
    upstreamModel: target?.model ?? null,
    attempts: exchange.attempts,
    usage,
    costMicroUsd: exchange.costMicroUsd,
    startedAt: exchange.startedWall,
    durationMs,
    queueMs: exchange.queueMs,
    overheadMs: overheadMs(exchange, exchange.firstSentAt ?? exchange.startedAt),
    firstTokenMs: exchange.firstShownAt === null ? null : exchange.firstShownAt - exchange.startedAt,
    bytesIn: exchange.body?.length ?? 0,
    bytesOut: exchange.bytesOut,
    trail: exchange.trail,
  };
}
