// Exchange lines: the ECS JSON of one exchange, put together by hand because it is the one line written per request.
// Same names as log-fields.ts; a field that says nothing is left out.
//
// Most of a line says what a line before it said: who asked for which model, and who answered. That part is kept, whole and
// flat, for the next exchange like it; a line is then this part among figures. Arrows are escaped, because a single one makes
// V8 hold and encode the whole line at two bytes a character. An exchange paid 7 µs for its line, and pays 2.
//
// Every string that came from outside must go through `text`, which clips and escapes it: a caller must not be able to
// forge a line or a field.
import { RecentMap } from '../../kernel/bounded.ts';
import { decimals, padded } from '../../kernel/decimals.ts';
import type { ExchangeFact, Outcome } from '../../kernel/facts.ts';
import type { Usage } from '../../kernel/usage.ts';
import type { LogLevel } from './log-fields.ts';
import { ARROW, exchangeResult, exchangeSubject } from './log-lines.ts';
import { clip, errorType, genAiProvider, isoTime, operationNames, trailLine, troubleOf } from './words.ts';

const NAME_CHARACTERS_MAX = 256;
const MESSAGE_CHARACTERS_MAX = 1000;
const NANOSECONDS_PER_MS = 1e6;
const ARROW_ESCAPED = '\\u2192';
/** Keys whose exchanges' common parts are kept, and how many of each. */
const KEYS_MAX = 256;
const KINDS_PER_KEY_MAX = 8;

const outcomes = {
  answered: 'success',
  rejected: 'failure',
  failed: 'failure',
  abandoned: 'unknown',
} as const satisfies Record<Outcome, string>;

/** What exchanges like this one have in common. */
interface Kind {
  readonly like: ExchangeFact;
  readonly json: string;
}

interface Kinds {
  readonly kept: Kind[];
  /** Where the next one goes, in place of the oldest. */
  next: number;
}

export class ExchangeLines {
  /** The fields every line has, as JSON without braces. */
  readonly #base: string;
  readonly #kindsByKey = new RecentMap<string | null, Kinds>(KEYS_MAX);
  #second = Number.NaN;
  /** Of that second: `2026-11-24T10:20:30.`. */
  #secondText = '';

  constructor(base: string) {
    this.#base = base;
  }

  /** With its line break. */
  line(exchange: ExchangeFact, level: LogLevel, withTrail: boolean): string {
    const { trace, requestId } = exchange;
    const answered = exchange.outcome === 'answered';
    let line = `{"log.level":"${level}","@timestamp":"${this.#time(exchange.startedAt + exchange.durationMs)}Z"`;
    line += `,"event.duration":${number(Math.round(exchange.durationMs * NANOSECONDS_PER_MS))}`;
    if (requestId !== null) line += `,"http.request.id":${text(requestId)}`;
    line += `,"http.request.body.bytes":${exchange.bytesIn},"http.response.body.bytes":${exchange.bytesOut}`;
    line += `,"trace.id":"${trace.traceId}","span.id":"${trace.spanId}","spillway.exchange":"${exchange.id}"`;
    line += figuresJson(exchange);
    if (!answered) line += troubleJson(exchange);
    if (withTrail) line += `,"spillway.trail":${JSON.stringify(exchange.trail.map(trailLine))}`;
    line += `,${answered ? this.#commonJson(exchange) : commonJson(exchange, this.#base)}`;
    return `${line}${answered ? exchangeResult(exchange, ARROW_ESCAPED) : inner(exchangeResult(exchange))}"}\n`;
  }

  /** `2026-11-24T10:20:30.123`. Making a date and writing it out takes half a microsecond. */
  #time(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    if (!Number.isFinite(second)) return isoTime(wallMs).slice(0, -'Z'.length);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = isoTime(wallMs).slice(0, -'123Z'.length);
    }
    return this.#secondText + padded(Math.floor(wallMs) - second * 1000, 3);
  }

  /** Of answered ones: names that nobody answered to may be anything, and too many. */
  #commonJson(exchange: ExchangeFact): string {
    const kinds = this.#kindsByKey.get(exchange.key) ?? { kept: [], next: 0 };
    for (const { like, json } of kinds.kept) if (isLike(exchange, like)) return json;
    const json = Buffer.from(commonJson(exchange, this.#base)).toString();
    // A name this long may be the slice of one much longer, and would keep all of that alive.
    if ((exchange.modelAsked ?? '').length >= NAME_CHARACTERS_MAX) return json;
    if (kinds.kept.length === 0) this.#kindsByKey.set(exchange.key, kinds);
    kinds.kept[kinds.next] = { like: { ...exchange, trail: [] }, json };
    kinds.next = (kinds.next + 1) % KINDS_PER_KEY_MAX;
    return json;
  }
}

/** Same in all that `commonJson` tells; what differs most often is asked first. */
function isLike(one: ExchangeFact, other: ExchangeFact): boolean {
  return (
    one.target === other.target &&
    one.modelAsked === other.modelAsked &&
    one.stream === other.stream &&
    one.surface === other.surface &&
    one.lane === other.lane &&
    one.attempts === other.attempts &&
    one.status === other.status &&
    one.outcome === other.outcome &&
    one.key === other.key &&
    one.model === other.model &&
    one.provider === other.provider &&
    one.upstreamModel === other.upstreamModel
  );
}

/** Ends in the message, as far as it names things: `…,"message":"200 chat → deepseek/deepseek-chat`. */
function commonJson(exchange: ExchangeFact, base: string): string {
  const { surface, provider, modelAsked, upstreamModel, key, model, target, outcome } = exchange;
  let line = `${base},"event.action":"exchange","event.outcome":"${outcomes[outcome]}"`;
  line += `,"http.response.status_code":${number(exchange.status)}`;
  if (surface !== null) line += `,"gen_ai.operation.name":"${operationNames[surface]}"`;
  if (provider !== null) line += `,"gen_ai.provider.name":"${genAiProvider(provider)}"`;
  if (modelAsked !== null) line += `,"gen_ai.request.model":${text(modelAsked)}`;
  if (upstreamModel !== null) line += `,"gen_ai.response.model":${text(upstreamModel)}`;
  line += `,"spillway.outcome":"${outcome}"`;
  if (key !== null) line += `,"spillway.key":${text(key)}`;
  line += `,"spillway.lane":"${exchange.lane}","spillway.stream":${exchange.stream}`;
  if (model !== null) line += `,"spillway.model":${text(model)}`;
  if (target !== null) line += `,"spillway.target":${text(target)}`;
  line += `,"spillway.attempts":${exchange.attempts}`;
  return `${line},"message":"${inner(exchangeSubject(exchange)).replace(ARROW, ARROW_ESCAPED)}`;
}

/** What differs from one exchange to the next. */
function figuresJson(exchange: ExchangeFact): string {
  const { usage, firstTokenMs, costMicroUsd, degraded, cache } = exchange;
  let line = usage === null ? '' : usageJson(usage);
  line += `,"spillway.queue_ms":${milliseconds(exchange.queueMs)}`;
  line += `,"spillway.overhead_ms":${milliseconds(exchange.overheadMs)}`;
  if (firstTokenMs !== null) line += `,"spillway.first_token_ms":${milliseconds(firstTokenMs)}`;
  if (degraded.length > 0) line += `,"spillway.degraded":${JSON.stringify(degraded)}`;
  if (cache !== null) {
    line += `,"spillway.cache":"${cache.status}"`;
    if (cache.savedTokens > 0) line += `,"spillway.cache_saved_tokens":${number(cache.savedTokens)}`;
  }
  if (costMicroUsd !== null) line += `,"spillway.cost_usd":${number(costMicroUsd / 1e6)}`;
  return line;
}

function usageJson({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: Usage): string {
  let line = `,"gen_ai.usage.input_tokens":${number(promptTokens)}`;
  line += `,"gen_ai.usage.output_tokens":${number(completionTokens)}`;
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

function text(value: string): string {
  return JSON.stringify(clip(value, NAME_CHARACTERS_MAX));
}

/** Escaped, without its quotes. */
function inner(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function milliseconds(value: number): string | null {
  return Number.isFinite(value) ? decimals(value, 3) : null;
}

// JSON has no NaN and no Infinity, and an upstream may well claim 1e999 tokens.
function number(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
