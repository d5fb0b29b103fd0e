// Egress: what the caller reads. Labels on every answer, errors in the caller's dialect, and the one mapping from
// rejections and faults to what a client is told.
import type { DoorDialect, ErrorForm } from '../dialects/dialect.ts';
import type { MonotonicMs } from '../kernel/brands.ts';
import { decimals } from '../kernel/decimals.ts';
import { type Fault, type FaultKind, faults, wordsOf } from '../kernel/fault.ts';
import type { HeaderList } from '../kernel/headers.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection, type RejectionKind, rejections } from '../kernel/rejection.ts';
import type { Reply } from '../ports/door.ts';
import { CACHE_HEADER } from '../policy/cache-eligibility.ts';
import type { LimitLevel } from '../policy/key-limits.ts';
import { cacheHead } from './cache-head.ts';
import type { Exchange } from './exchange.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
export const NOT_MODIFIED = 304;
const STREAM_TYPE = 'text/event-stream; charset=utf-8';

/** Default told to a client when a retry makes sense and nothing better is known. */
const RETRY_AFTER_MS_DEFAULT = 1_000;

export const formOfRejection = (rejection: Rejection): ErrorForm => {
  const { status, type, code } = rejections[rejection.kind];
  return { status, type, code, message: rejection.message, param: rejection.param };
};

/** What upstream trouble becomes when no target is left to ask. */
const rejectionByFault = {
  rateLimited: 'upstreamRateLimited',
  overloaded: 'upstreamUnavailable',
  credential: 'upstreamCredential',
  exhausted: 'upstreamCredential',
  unknownModel: 'unknownModel',
  contextTooLong: 'contextTooLong',
  badRequest: 'badRequest',
  contentFilter: 'badRequest',
  silent: 'upstreamTimeout',
  stalled: 'upstreamTimeout',
  deadline: 'upstreamTimeout',
  connect: 'upstreamFault',
  reset: 'upstreamFault',
  serverError: 'upstreamFault',
  cut: 'upstreamFault',
  inBand: 'upstreamFault',
  malformed: 'upstreamFault',
  empty: 'upstreamFault',
} as const satisfies Record<FaultKind, RejectionKind>;

export function rejectionOfFault(fault: Fault, upstream: string): Rejection {
  const kind = rejectionByFault[fault.kind];
  const lead = kind === 'upstreamCredential' ? "The gateway's own credential was refused. " : '';
  return reject(kind, `${lead}${upstream}: ${toldOf(fault).replace(/\.$/, '')}.`, {
    param: fault.param,
    retryAfterMs: fault.retryAfterMs,
  });
}

/** Why no credential could be shown names files and services of the operator's: the log says it, the caller is not told. */
const toldOf = (fault: Fault): string =>
  fault.kind === 'credential' && fault.status === null && !fault.quoted
    ? "no credential could be obtained; the gateway's log says why"
    : wordsOf(fault);

/** Faults of the request itself go back as the upstream said them; all others in our own words and status. */
export function formOfFault(fault: Fault, upstream: string): ErrorForm {
  const ours = formOfRejection(rejectionOfFault(fault, upstream));
  if (faults[fault.kind].about !== 'request' || fault.kind === 'deadline') return ours;
  const status = fault.status !== null && fault.status >= 400 && fault.status < 500 ? fault.status : ours.status;
  return {
    status,
    message: fault.message,
    type: fault.type ?? ours.type,
    code: fault.code ?? (fault.kind === 'contentFilter' ? 'content_filter' : ours.code),
    param: fault.param,
  };
}

/** `Retry-After` in whole seconds for everyone, `retry-after-ms` for SDKs, and a clear word on whether to try at all. */
function retryHeaders({ kind, retryAfterMs, hard }: Rejection): HeaderList {
  const { again, status } = rejections[kind];
  if (!again) return status >= 500 ? ['x-should-retry', 'false'] : [];
  if (status !== 429 && status !== 503) return [];
  const ms = Math.min(Math.max(retryAfterMs ?? RETRY_AFTER_MS_DEFAULT, 1), limits.clientRetryAfterMsMax);
  const headers = ['retry-after', String(Math.ceil(ms / 1000)), 'retry-after-ms', String(Math.ceil(ms))];
  // When is told all the same: SDKs obey the word, people and proxies the time.
  return hard ? [...headers, 'x-should-retry', 'false'] : headers;
}

/** An answer that belongs to no exchange: wrong route, no such page. */
export function sendRejection(reply: Reply, dialect: DoorDialect, rejection: Rejection, headers: HeaderList): void {
  const form = formOfRejection(rejection);
  const body = dialect.errorBody(form, '');
  reply.head(dialect.errorStatus(form), [
    'content-type',
    JSON_TYPE,
    'content-length',
    String(body.length),
    ...headers,
    ...retryHeaders(rejection),
  ]);
  reply.end(body);
}

/** A refusal before anything was shown. */
export function sendError(exchange: Exchange, form: ErrorForm, rejection: Rejection, now: MonotonicMs): number {
  const body = exchange.dialect.errorBody(form, exchange.id);
  exchange.reply.head(exchange.dialect.errorStatus(form), [
    'content-type',
    JSON_TYPE,
    'content-length',
    String(body.length),
    ...labels(exchange, now),
    ...retryHeaders(rejection),
  ]);
  exchange.reply.end(body);
  return body.length;
}

export function sendWhole(exchange: Exchange, body: Uint8Array, now: MonotonicMs): void {
  exchange.reply.head(200, [
    'content-type',
    JSON_TYPE,
    'content-length',
    String(body.length),
    ...cacheHead(exchange, false, now),
    ...labels(exchange, now),
  ]);
  exchange.reply.end(body);
}

/** What the caller has is still the answer. */
export function sendUnchanged(exchange: Exchange, now: MonotonicMs): void {
  const isStream = exchange.request?.stream === true;
  exchange.reply.head(NOT_MODIFIED, [...cacheHead(exchange, isStream, now), ...labels(exchange, now)]);
  exchange.reply.end();
}

/** Status 200 and headers; harmless when they have left already. */
export function beginStream(exchange: Exchange, now: MonotonicMs): void {
  if (exchange.committed) return;
  // `x-accel-buffering` keeps nginx in front of us from holding events back.
  exchange.reply.head(200, [
    'content-type',
    STREAM_TYPE,
    ...cacheHead(exchange, true, now),
    'x-accel-buffering',
    'no',
    ...labels(exchange, now),
  ]);
  exchange.committed = true;
}

function labels(exchange: Exchange, now: MonotonicMs): HeaderList {
  const headers: HeaderList = [
    exchange.dialect.requestIdHeader,
    exchange.requestId ?? exchange.id,
    'x-spillway-request-id',
    exchange.id,
    'x-spillway-attempts',
    String(exchange.attempts),
    'x-spillway-queue-ms',
    decimals(exchange.queueMs, 1),
    'x-spillway-overhead-ms',
    decimals(overheadMs(exchange, now), 2),
    ...exchange.doorHeaders,
  ];
  const { current } = exchange;
  if (current !== null) {
    const { target, prepared } = current;
    headers.push('x-spillway-upstream', target.upstream.name, 'x-spillway-model', headerSafe(target.model));
    const dropped = (prepared.dropped ?? []).join(', ');
    if (dropped !== '') headers.push('x-spillway-dropped', headerSafe(dropped));
  }
  const { degraded, recall } = exchange;
  if (recall !== null) {
    headers.push(CACHE_HEADER, recall.status);
    if (recall.ageMs !== null) headers.push('age', String(Math.floor(recall.ageMs / 1000)));
  }
  if (degraded.length > 0) headers.push('x-spillway-degraded', degraded.join(', '));
  pushLimits(headers, exchange, now);
  return headers;
}

/** Names of models and parameters may come from the client; a header holds visible ASCII only. */
const headerSafe = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 256);

/** Built once: a name that is put together for each answer is hashed for each answer, wherever it is looked up. */
const limitHeaders = (name: string): readonly [string, string, string] => [
  `x-ratelimit-limit-${name}`,
  `x-ratelimit-remaining-${name}`,
  `x-ratelimit-reset-${name}`,
];
const REQUEST_LIMIT_HEADERS = limitHeaders('requests');
const TOKEN_LIMIT_HEADERS = limitHeaders('tokens');

function pushLimits(headers: HeaderList, exchange: Exchange, now: MonotonicMs): void {
  const levels = exchange.keyLimits?.levels(now);
  if (levels === undefined) return;
  pushLimit(headers, REQUEST_LIMIT_HEADERS, levels.requests);
  pushLimit(headers, TOKEN_LIMIT_HEADERS, levels.tokens);
}

function pushLimit(headers: HeaderList, names: readonly [string, string, string], level: LimitLevel | null): void {
  if (level === null) return;
  const [limit, remaining, reset] = names;
  headers.push(limit, String(level.limit));
  headers.push(remaining, String(Math.max(0, Math.floor(level.remaining))));
  headers.push(reset, `${decimals(level.resetMs / 1000, 3)}s`);
}

/** Time that was ours up to the first send: neither the body's arrival nor the queue. */
export function overheadMs(exchange: Exchange, now: MonotonicMs): number {
  const from = exchange.bodyAt ?? exchange.startedAt;
  return Math.max(0, (exchange.firstSentAt ?? now) - from - exchange.queueMs);
}
