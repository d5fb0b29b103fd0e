// Log lines: facts as one short line each, for the `message` field and for a person at a terminal.
// Names in them come from clients and upstreams: a terminal must never get their control characters.
import type { AttemptFact, ExchangeFact } from '../../kernel/facts.ts';
import type { LogRecord } from './log-fields.ts';
import { clip, errorType, troubleOf } from './words.ts';

export const ARROW = '→';
const NAME_CHARACTERS_MAX = 80;
const LINE_CHARACTERS_MAX = 500;

/** `200 deepseek-chat → deepseek/deepseek-chat 1240 ms (first 310 ms) 812→96 tokens`. */
export function exchangeLine(exchange: ExchangeFact): string {
  return exchangeSubject(exchange) + exchangeResult(exchange);
}

/** `200 deepseek-chat → deepseek/deepseek-chat`. */
export function exchangeSubject({ status, model, modelAsked, surface, target }: ExchangeFact): string {
  const asked = clip(model ?? modelAsked ?? surface ?? '-', NAME_CHARACTERS_MAX);
  return target === null ? `${status} ${asked}` : `${status} ${asked} ${ARROW} ${clip(target, NAME_CHARACTERS_MAX)}`;
}

/** ` 1240 ms (first 310 ms) 812→96 tokens`, with the arrow as it is written there. */
export function exchangeResult(exchange: ExchangeFact, arrow: string = ARROW): string {
  const { usage, firstTokenMs, attempts, queueMs, cache } = exchange;
  let line = ` ${Math.round(exchange.durationMs)} ms`;
  if (firstTokenMs !== null && exchange.stream) line += ` (first ${Math.round(firstTokenMs)} ms)`;
  if (queueMs >= 1) line += ` queued ${Math.round(queueMs)} ms`;
  if (usage !== null) line += ` ${usage.promptTokens}${arrow}${usage.completionTokens} tokens`;
  if (attempts > 1) line += ` ${attempts} attempts`;
  if (cache !== null && cache.status !== 'bypass') line += ` cache ${cache.status}`;
  if (exchange.degraded.length > 0) line += ` degraded ${exchange.degraded.join('+')}`;
  if (exchange.outcome === 'answered') return line;
  line += ` ${exchange.outcome}`;
  const kind = errorType(exchange);
  if (kind !== null) line += ` ${kind}`;
  const trouble = troubleOf(exchange);
  return trouble === null ? line : `${line}: ${clip(trouble, LINE_CHARACTERS_MAX)}`;
}

export function attemptLine(attempt: AttemptFact): string {
  const result = attempt.fault === null ? 'delivered' : `${attempt.fault}: ${attempt.faultMessage ?? ''}`;
  const status = attempt.status === null ? '' : `${attempt.status} `;
  const line = `attempt ${attempt.number} ${attempt.target} ${status}${Math.round(attempt.durationMs)} ms ${result}`;
  return clip(line, LINE_CHARACTERS_MAX);
}

export function recordLine(record: LogRecord): string[] {
  const time = record.at === null ? ' '.repeat(12) : readableTime(record.at);
  return [`${time} ${record.level.padEnd(5)} ${record.message}`];
}

/** `14:03:59.120`, local time: the reader sits at the machine. */
export function readableTime(wallMs: number): string {
  const date = new Date(wallMs);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Control and direction-changing characters would let a model name rewrite the terminal; each becomes `?`. */
export function withoutControls(text: string): string {
  // Line breaks are ordinary in stacks and config notes.
  return text.replaceAll(/\s*\n\s*/g, ' | ').replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '?');
}
