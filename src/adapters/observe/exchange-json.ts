// Exchange line: the ECS JSON of one exchange, put together by hand because it is the one line written per request.
// Same names as log-fields.ts; a field that says nothing is left out.
// Every string that came from outside must go through `text`, which clips and escapes it: a caller must not be able to
// forge a line or a field.
import type { ExchangeFact, Outcome } from '../../kernel/facts.ts';
import type { LogLevel } from './log-fields.ts';
import { exchangeLine } from './log-lines.ts';
import { clip, errorType, genAiProvider, isoTime, operationNames, trailLine, troubleOf } from './words.ts';

const NAME_CHARACTERS_MAX = 256;
const MESSAGE_CHARACTERS_MAX = 1000;
const NANOSECONDS_PER_MS = 1e6;

const outcomes = {
  answered: 'success',
  rejected: 'failure',
  failed: 'failure',
  abandoned: 'unknown',
} as const satisfies Record<Outcome, string>;

/** With its line break. `base`: the fields every line has, as JSON without braces. */
export function exchangeJson(exchange: ExchangeFact, level: LogLevel, base: string, withTrail: boolean): string {
  const { trace, requestId } = exchange;
  let line = `{"log.level":"${level}","@timestamp":"${isoTime(exchange.startedAt + exchange.durationMs)}",${base}`;
  line += `,"event.action":"exchange","event.duration":${number(Math.round(exchange.durationMs * NANOSECONDS_PER_MS))}`;
  line += `,"event.outcome":"${outcomes[exchange.outcome]}","http.response.status_code":${number(exchange.status)}`;
  if (requestId !== null) line += `,"http.request.id":${text(requestId)}`;
  line += `,"http.request.body.bytes":${exchange.bytesIn},"http.response.body.bytes":${exchange.bytesOut}`;
  line += `,"trace.id":"${trace.traceId}","span.id":"${trace.spanId}"`;
  line += genAiJson(exchange);
  if (exchange.outcome !== 'answered') line += troubleJson(exchange);
  line += spillwayJson(exchange);
  if (withTrail) line += `,"spillway.trail":${JSON.stringify(exchange.trail.map(trailLine))}`;
  return `${line},"message":${JSON.stringify(exchangeLine(exchange))}}\n`;
}

function genAiJson(exchange: ExchangeFact): string {
  const { surface, provider, modelAsked, upstreamModel, usage } = exchange;
  let line = '';
  if (surface !== null) line += `,"gen_ai.operation.name":"${operationNames[surface]}"`;
  if (provider !== null) line += `,"gen_ai.provider.name":"${genAiProvider(provider)}"`;
  if (modelAsked !== null) line += `,"gen_ai.request.model":${text(modelAsked)}`;
  if (upstreamModel !== null) line += `,"gen_ai.response.model":${text(upstreamModel)}`;
  if (usage === null) return line;
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = usage;
  line += `,"gen_ai.usage.input_tokens":${number(promptTokens)},"gen_ai.usage.output_tokens":${number(completionTokens)}`;
  if (cachedTokens !== null) line += `,"gen_ai.usage.cache_read.input_tokens":${number(cachedTokens)}`;
  if (reasoningTokens !== null) line += `,"gen_ai.usage.reasoning.output_tokens":${number(reasoningTokens)}`;
  return line;
}

function troubleJson(exchange: ExchangeFact): string {
  const kind = errorType(exchange);
  const trouble = troubleOf(exchange);
  return (
    (kind === null ? '' : `,"error.type":"${kind}"`) +
    (trouble === null ? '' : `,"error.message":${JSON.stringify(clip(trouble, MESSAGE_CHARACTERS_MAX))}`)
  );
}

function spillwayJson(exchange: ExchangeFact): string {
  const { key, model, target, firstTokenMs, costMicroUsd, cache } = exchange;
  let line = `,"spillway.exchange":"${exchange.id}","spillway.outcome":"${exchange.outcome}"`;
  if (key !== null) line += `,"spillway.key":${text(key)}`;
  line += `,"spillway.lane":"${exchange.lane}","spillway.stream":${exchange.stream}`;
  if (model !== null) line += `,"spillway.model":${text(model)}`;
  if (target !== null) line += `,"spillway.target":${text(target)}`;
  line += `,"spillway.attempts":${exchange.attempts},"spillway.queue_ms":${microseconds(exchange.queueMs)}`;
  line += `,"spillway.overhead_ms":${microseconds(exchange.overheadMs)}`;
  if (firstTokenMs !== null) line += `,"spillway.first_token_ms":${microseconds(firstTokenMs)}`;
  if (exchange.degraded.length > 0) line += `,"spillway.degraded":${JSON.stringify(exchange.degraded)}`;
  if (cache !== null) {
    line += `,"spillway.cache":"${cache.status}"`;
    if (cache.savedTokens > 0) line += `,"spillway.cache_saved_tokens":${number(cache.savedTokens)}`;
  }
  if (costMicroUsd !== null) line += `,"spillway.cost_usd":${number(costMicroUsd / 1e6)}`;
  return line;
}

function text(value: string): string {
  return JSON.stringify(clip(value, NAME_CHARACTERS_MAX));
}

/** Milliseconds with three digits after the point. */
function microseconds(value: number): number | null {
  return number(Math.round(value * 1000) / 1000);
}

// JSON has no NaN and no Infinity, and an upstream may well claim 1e999 tokens.
function number(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
