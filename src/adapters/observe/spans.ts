// Spans: facts in OpenTelemetry's form. One SERVER span per exchange, with its trail as events, and one CLIENT span per
// attempt below it; names and attributes follow the GenAI conventions.
// They must never hold a prompt or an answer (the conventions allow it, we do not).
import { createTraceState, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { AttemptFact, ExchangeFact, TraceContext, TrailStep } from '../../kernel/facts.ts';
import { clip, errorType, genAiProvider, operationNames, troubleOf, wentWrong } from './words.ts';

const NAME_CHARACTERS_MAX = 256;
const MESSAGE_CHARACTERS_MAX = 1000;
const SCOPE = { name: 'spillway' };

export function exchangeSpan(exchange: ExchangeFact, resource: Resource): ReadableSpan {
  const context = contextOf(exchange.trace, exchange.trace.spanId, false);
  const { parentSpanId } = exchange.trace;
  const operation = exchange.surface === null ? 'request' : operationNames[exchange.surface];
  const model = exchange.model ?? exchange.modelAsked;
  return {
    ...spanBase(context, resource),
    ...timesOf(exchange.startedAt, exchange.durationMs),
    name: model === null ? operation : `${operation} ${clip(model, NAME_CHARACTERS_MAX)}`,
    kind: SpanKind.SERVER,
    ...(parentSpanId === null ? {} : { parentSpanContext: contextOf(exchange.trace, parentSpanId, true) }),
    // The caller's own mistake is not the server's trouble: the HTTP conventions leave it unset.
    status: wentWrong(exchange) ? failed(troubleOf(exchange)) : { code: SpanStatusCode.UNSET },
    attributes: exchangeAttributes(exchange),
    events: exchange.trail.map((step) => trailEvent(exchange, step)),
  };
}

export function attemptSpan(
  attempt: AttemptFact,
  parent: SpanContext,
  spanId: string,
  resource: Resource,
): ReadableSpan {
  return {
    ...spanBase({ ...parent, spanId }, resource),
    ...timesOf(attempt.startedAt, attempt.durationMs),
    name: `${operationNames[attempt.surface]} ${clip(attempt.target, NAME_CHARACTERS_MAX)}`,
    kind: SpanKind.CLIENT,
    parentSpanContext: parent,
    status: attempt.fault === null ? { code: SpanStatusCode.UNSET } : failed(attempt.faultMessage),
    attributes: attemptAttributes(attempt),
    events: [],
  };
}

function exchangeAttributes(exchange: ExchangeFact): Attributes {
  const { usage } = exchange;
  return said({
    'gen_ai.operation.name': exchange.surface === null ? null : operationNames[exchange.surface],
    'gen_ai.provider.name': exchange.provider === null ? null : genAiProvider(exchange.provider),
    'gen_ai.request.model': short(exchange.modelAsked),
    'gen_ai.request.stream': exchange.stream,
    'gen_ai.response.model': short(exchange.upstreamModel),
    'gen_ai.response.time_to_first_chunk': exchange.firstTokenMs === null ? null : exchange.firstTokenMs / 1000,
    'gen_ai.usage.input_tokens': usage?.promptTokens ?? null,
    'gen_ai.usage.output_tokens': usage?.completionTokens ?? null,
    'gen_ai.usage.cache_read.input_tokens': usage?.cachedTokens ?? null,
    'gen_ai.usage.reasoning.output_tokens': usage?.reasoningTokens ?? null,
    'http.response.status_code': exchange.status,
    'error.type': errorType(exchange),
    'spillway.exchange': exchange.id,
    'spillway.request_id': short(exchange.requestId),
    'spillway.outcome': exchange.outcome,
    'spillway.key': exchange.key,
    'spillway.lane': exchange.lane,
    'spillway.target': short(exchange.target),
    'spillway.attempts': exchange.attempts,
    'spillway.queue_ms': exchange.queueMs,
    'spillway.overhead_ms': exchange.overheadMs,
    'spillway.cache': exchange.cache?.status ?? null,
    'spillway.cost_usd': exchange.costMicroUsd === null ? null : exchange.costMicroUsd / 1e6,
  });
}

function attemptAttributes(attempt: AttemptFact): Attributes {
  const { usage } = attempt;
  return said({
    'gen_ai.operation.name': operationNames[attempt.surface],
    'gen_ai.provider.name': genAiProvider(attempt.provider),
    'gen_ai.request.model': short(attempt.target.slice(attempt.upstream.length + 1)),
    'gen_ai.response.time_to_first_chunk': attempt.firstTokenMs === null ? null : attempt.firstTokenMs / 1000,
    'gen_ai.usage.input_tokens': usage?.promptTokens ?? null,
    'gen_ai.usage.output_tokens': usage?.completionTokens ?? null,
    'http.request.resend_count': attempt.number > 1 ? attempt.number - 1 : null,
    'http.response.status_code': attempt.status,
    'error.type': attempt.fault,
    'spillway.upstream': attempt.upstream,
    'spillway.tier': attempt.tier,
    'spillway.attempt': attempt.number,
    'spillway.keep_alives': attempt.keepAlives,
  });
}

function trailEvent(exchange: ExchangeFact, step: TrailStep): ReadableSpan['events'][number] {
  return {
    time: timeOf(exchange.startedAt + step.atMs),
    name: step.step,
    attributes: said({
      'spillway.target': short(step.target),
      'spillway.why': step.why === '' ? null : clip(step.why, MESSAGE_CHARACTERS_MAX),
    }),
  };
}

function spanBase(context: SpanContext, resource: Resource) {
  return {
    spanContext: () => context,
    links: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf(trace: TraceContext, spanId: string, isRemote: boolean): SpanContext {
  return {
    traceId: trace.traceId,
    spanId,
    isRemote,
    traceFlags: TraceFlags.SAMPLED,
    ...(trace.state === null ? {} : { traceState: createTraceState(trace.state) }),
  };
}

function timesOf(startedAt: number, durationMs: number): Pick<ReadableSpan, 'startTime' | 'endTime' | 'duration'> {
  return { startTime: timeOf(startedAt), endTime: timeOf(startedAt + durationMs), duration: timeOf(durationMs) };
}

/** Seconds and nanoseconds. */
function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(Math.round((ms - seconds * 1000) * 1e6), 999_999_999)];
}

function failed(message: string | null): ReadableSpan['status'] {
  const code = SpanStatusCode.ERROR;
  return message === null ? { code } : { code, message: clip(message, MESSAGE_CHARACTERS_MAX) };
}

/** Only the attributes that say something. */
function said(attributes: Readonly<Record<string, string | number | boolean | null>>): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) kept[name] = value;
  }
  return kept;
}

function short(name: string | null): string | null {
  return name === null ? null : clip(name, NAME_CHARACTERS_MAX);
}
