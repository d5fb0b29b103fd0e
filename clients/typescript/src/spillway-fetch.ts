// spillwayFetch: a `fetch` for any SDK that takes one. It does four things that a caller of an LLM gateway should do and no
// SDK does: keep answers that the gateway allows to be kept, tell the gateway how long the caller will wait, hold back while
// the gateway asks for it, and show the caller its place in the queue. Anything it does not understand goes through as it
// came. It must never answer with what belongs to another caller, and never change a body.
//
//   look up ─▶ fresh: answer                     ┌─▶ 304: the kept answer, renewed
//     └─▶ wait while held back ─▶ send ──────────┼─▶ 429, 503: hold back; the kept answer if it may stand in; again if asked to
//                                                └─▶ 200: pass on, show the queue, keep what may be kept
import { AnswerStore, type StoreLimits } from './answer-store.ts';
import { type Ask, keyOf, paceKeyOf, readAsk } from './ask.ts';
import { DEADLINE_HEADER, deadlineAt } from './deadline.ts';
import { Pace, type PaceTime, retryAfterMs } from './pace.ts';
import { KeptAnswers } from './kept-answers.ts';
import { commentReader, type QueuePlace } from './waiting-comments.ts';

export type { QueuePlace } from './waiting-comments.ts';
export { deadlineSignal } from './deadline.ts';

export type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

export interface CacheOptions extends Partial<StoreLimits> {
  /** Longest an answer is kept, whatever the gateway allows: 30 minutes. */
  readonly keepMs?: number;
}

export interface SpillwayFetchOptions {
  /** What sends; the runtime's own `fetch`. */
  readonly fetch?: Fetch;
  /** False: nothing is kept. By default up to 32 MiB in 1,000 answers. */
  readonly cache?: CacheOptions | false;
  /** How long an answer is worth waiting for; told to the gateway with each request that does not say so itself. */
  readonly deadlineMs?: number;
  /** False: a Retry-After is left to the caller. */
  readonly pace?: boolean;
  /** Sends after a 429 or 503 with Retry-After. 0: SDKs do that themselves. */
  readonly retries?: number;
  /** A streamed request waits in the gateway's queue; called with each sign of it. */
  readonly onQueued?: (place: QueuePlace) => void;
  /** For tests: the wall clock. */
  readonly now?: () => number;
}

const DEFAULTS = { bytesMax: 32 * 1024 * 1024, entriesMax: 1_000, keepMs: 30 * 60_000 };
const RETRIES_MAX = 10;
const REFUSAL_CHARS_MAX = 64 * 1024;

interface Parts {
  readonly options: SpillwayFetchOptions;
  readonly send: Fetch;
  readonly kept: KeptAnswers | null;
  readonly pace: Pace;
  now(): number;
}

export function spillwayFetch(options: SpillwayFetchOptions = {}): Fetch {
  const now = options.now ?? Date.now;
  const { keepMs, ...limits } = { ...DEFAULTS, ...(options.cache === false ? {} : options.cache) };
  const parts: Parts = {
    options,
    // Browsers refuse a `fetch` that has lost its window.
    send: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    kept: options.cache === false ? null : new KeptAnswers(new AnswerStore(limits), keepMs, now),
    pace: new Pace({ now, sleep, draw: Math.random } satisfies PaceTime),
    now,
  };
  return (input, init) => answer(parts, input, init);
}

async function answer(parts: Parts, input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
  const ask = readAsk(input, init);
  if (ask.signal?.aborted === true) throw ask.signal.reason;
  const key = parts.kept !== null && (ask.mayLookUp || ask.mayStore) ? keyOf(ask) : null;
  const fresh = key !== null && ask.mayLookUp ? parts.kept?.fresh(key, ask) : null;
  if (fresh) return fresh;
  const retries = ask.repeatable ? Math.min(parts.options.retries ?? 0, RETRIES_MAX) : 0;
  const deadline = deadlineAt(ask.signal, parts.options.deadlineMs ?? null, parts.now());
  for (let sends = 0; ; sends++) {
    const refused = await waitForTurn(parts, ask, deadline);
    if (refused !== null) return standIn(parts, key, ask) ?? refused;
    const response = await sendOnce(parts, ask, { input, init, key, deadline });
    const mayRepeat = isRefusal(response) && (await holdBack(parts, ask, response, sends < retries));
    if (!mayRepeat || sends >= retries) return finish(parts, ask, key, response);
    await response.body?.cancel();
  }
}

/** Null: the way is free. */
async function waitForTurn(parts: Parts, ask: Ask, deadline: number | null): Promise<Response | null> {
  if (parts.options.pace === false) return null;
  const hold = await parts.pace.pass(paceKeyOf(ask), deadline, ask.signal);
  if (hold === null) return null;
  const { status, headers, body } = hold.refusal;
  const response = new Response(body, { status, headers: headers.map(([name, value]) => [name, value]) });
  const leftMs = Math.max(1, hold.until - parts.now());
  response.headers.set('retry-after-ms', String(Math.ceil(leftMs)));
  response.headers.set('retry-after', String(Math.ceil(leftMs / 1000)));
  return response;
}

interface Sending {
  readonly input: RequestInfo | URL;
  readonly init: RequestInit | undefined;
  readonly key: string | null;
  readonly deadline: number | null;
}

async function sendOnce(parts: Parts, ask: Ask, { input, init, key, deadline }: Sending): Promise<Response> {
  const headers = new Headers(ask.headers);
  if (deadline !== null && !headers.has(DEADLINE_HEADER)) {
    headers.set(DEADLINE_HEADER, String(Math.max(1, Math.floor(deadline - parts.now()))));
  }
  const etag = key !== null && ask.mayLookUp ? parts.kept?.etag(key, ask) : null;
  if (etag && !headers.has('if-none-match')) headers.set('if-none-match', etag);
  try {
    return await parts.send(input, { ...init, headers });
  } catch (error) {
    const instead = ask.signal?.aborted === true ? null : standIn(parts, key, ask);
    if (instead === null) throw error;
    return instead;
  }
}

function finish(parts: Parts, ask: Ask, key: string | null, response: Response): Response {
  if (parts.kept !== null && key !== null) {
    if (response.status === 304) return parts.kept.renewed(key, ask, response) ?? response;
    const instead = response.status >= 500 || response.status === 429 ? standIn(parts, key, ask) : null;
    if (instead !== null) {
      void response.body?.cancel();
      return instead;
    }
  }
  const listener = queueListener(parts, ask, response);
  const keeper = key !== null && ask.mayStore ? (parts.kept?.keeper(key, ask, response) ?? null) : null;
  return listener === null && keeper === null ? response : watched(response, listener, keeper);
}

/** What was kept of an earlier answer, where the gateway allowed that it stands in when there is none. */
function standIn(parts: Parts, key: string | null, ask: Ask): Response | null {
  return key !== null && ask.mayLookUp ? (parts.kept?.stale(key, ask) ?? null) : null;
}

const isRefusal = (response: Response): boolean => response.status === 429 || response.status === 503;

/** True when the gateway said when to ask again, and that it is worth it. */
async function holdBack(parts: Parts, ask: Ask, response: Response, willRepeat: boolean): Promise<boolean> {
  const ms = retryAfterMs(response.headers, parts.now());
  if (ms === null) return false;
  if (parts.options.pace !== false) {
    const body = await response.clone().text();
    const headers = [...response.headers].filter(([name]) => name !== 'content-length' && name !== 'content-encoding');
    const short = body.length <= REFUSAL_CHARS_MAX ? body : '';
    parts.pace.hold(paceKeyOf(ask), ms, { status: response.status, headers, body: short });
  } else if (willRepeat) await sleep(ms, ask.signal);
  return response.headers.get('x-should-retry') !== 'false';
}

type ByteListener = (bytes: Uint8Array) => boolean;

function queueListener(parts: Parts, ask: Ask, response: Response): ByteListener | null {
  const { onQueued } = parts.options;
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (onQueued === undefined || !isStream || response.body === null) return null;
  return commentReader((position, etaMs) => onQueued({ position, etaMs, url: ask.url, model: ask.model }));
}

interface Keeper {
  add(bytes: Uint8Array): void;
  /** The answer came to its end. */
  end(): void;
}

/** The same response; what passes is shown to both. A reader who stops ends the request, as without us. */
function watched(response: Response, listener: ByteListener | null, keeper: Keeper | null): Response {
  if (response.body === null) return response;
  let listening = listener !== null;
  const eyes = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      if (listening) listening = listener?.(bytes) === true;
      keeper?.add(bytes);
      controller.enqueue(bytes);
    },
    flush: () => keeper?.end(),
  });
  const { status, statusText, headers, url } = response;
  const shown = new Response(response.body.pipeThrough(eyes), { status, statusText, headers });
  Object.defineProperty(shown, 'url', { value: url });
  return shown;
}

function sleep(ms: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
