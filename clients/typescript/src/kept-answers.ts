// Kept answers: from a response to an entry and back. Only complete answers of status 200 are kept: a stream counts as
// complete when it ended as its dialect ends a good answer, and not when it broke off or ended in an error.
import type { AnswerStore, StoredAnswer } from './answer-store.ts';
import type { Ask } from './ask.ts';
import { type Freshness, freshnessOf } from './freshness.ts';

/** A longer answer is not kept; the gateway keeps none above 256 KiB either, rendering may make it longer. */
const BODY_BYTES_MAX = 1024 * 1024;
const TAIL_BYTES = 128;
const TAIL_PARTS = 3;
/** Said of the connection or of the bytes on the wire, not of the answer. */
const NOT_KEPT = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'set-cookie',
  'transfer-encoding',
]);

export class KeptAnswers {
  readonly #store: AnswerStore;
  readonly #keepMs: number;
  readonly #now: () => number;

  constructor(store: AnswerStore, keepMs: number, now: () => number) {
    this.#store = store;
    this.#keepMs = keepMs;
    this.#now = now;
  }

  fresh(key: string, ask: Ask): Response | null {
    const found = this.#find(key, ask);
    return found !== null && found.freshUntil > this.#now() ? this.#show(found, 'client') : null;
  }

  /** What may stand in when there is no other answer. */
  stale(key: string, ask: Ask): Response | null {
    const found = this.#find(key, ask);
    if (found === null || found.staleUntil <= this.#now()) return null;
    const response = this.#show(found, 'client-stale');
    if (found.freshUntil <= this.#now()) response.headers.set('x-spillway-degraded', 'stale');
    return response;
  }

  etag(key: string, ask: Ask): string | null {
    return this.#find(key, ask)?.etag ?? null;
  }

  /** 304: what is kept is still the answer; its times are those of the new head. */
  renewed(key: string, ask: Ask, head: Response): Response | null {
    const found = this.#find(key, ask);
    if (found === null) return null;
    const freshness = freshnessOf(head.headers, this.#now(), this.#keepMs);
    if (freshness === null) {
      this.#store.delete(key);
      return this.#show(found, 'client-revalidated');
    }
    const headers = new Headers(found.headers.map(([name, value]) => [name, value]));
    for (const [name, value] of head.headers) if (!NOT_KEPT.has(name)) headers.set(name, value);
    const renewed = { ...found, ...freshness, ...this.#times(head.headers), headers: [...headers] };
    const kept = { ...renewed, etag: freshness.etag ?? found.etag, vary: found.vary };
    this.#store.set(key, kept);
    return this.#show(kept, 'client-revalidated');
  }

  /** Null: this answer may not be kept. */
  keeper(key: string, ask: Ask, response: Response): { add(bytes: Uint8Array): void; end(): void } | null {
    if (response.status !== 200) return null;
    const freshness = freshnessOf(response.headers, this.#now(), this.#keepMs);
    if (freshness === null) {
      this.#store.delete(key);
      return null;
    }
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let keptBytes = 0;
    const end = (): void => {
      if (bytes === keptBytes || bytes > BODY_BYTES_MAX) return;
      keptBytes = bytes;
      this.#keep(key, ask, response, freshness, joined(parts, bytes));
    };
    return {
      add: (part) => {
        bytes += part.byteLength;
        if (bytes <= BODY_BYTES_MAX) parts.push(part);
        else parts.length = 0;
        if (looksLast(parts)) end();
      },
      end,
    };
  }

  #keep(key: string, ask: Ask, response: Response, freshness: Freshness, body: Uint8Array<ArrayBuffer>): void {
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (isStream && !isCompleteStream(new TextDecoder().decode(body))) return;
    this.#store.set(key, {
      ...freshness,
      ...this.#times(response.headers),
      headers: [...response.headers].filter(([name]) => !NOT_KEPT.has(name)),
      body,
      variedBy: freshness.vary.map((name) => ask.headers.get(name)),
    });
  }

  #times(headers: Headers): Pick<StoredAnswer, 'ageMs' | 'storedAt' | 'keepUntil'> {
    const storedAt = this.#now();
    return { ageMs: Number(headers.get('age') ?? 0) * 1000 || 0, storedAt, keepUntil: storedAt + this.#keepMs };
  }

  #find(key: string, ask: Ask): StoredAnswer | null {
    const found = this.#store.get(key, this.#now());
    if (found === null) return null;
    return found.vary.every((name, at) => ask.headers.get(name) === found.variedBy[at]) ? found : null;
  }

  #show(found: StoredAnswer, how: string): Response {
    const response = new Response(found.body, { headers: found.headers.map(([name, value]) => [name, value]) });
    response.headers.set('age', String(Math.floor((found.ageMs + this.#now() - found.storedAt) / 1000)));
    response.headers.set('x-spillway-cache', how);
    return response;
  }
}

/** OpenAI's chat, Anthropic's messages and OpenAI's responses, each in its own way; an error event spoils all. */
function isCompleteStream(text: string): boolean {
  if (/^event: *error|^data: *\{"error"/m.test(text)) return false;
  const end = text.trimEnd();
  return end.endsWith('data: [DONE]') || /^event: *(?:message_stop|response\.completed)\n.*$/.test(lastEvent(end));
}

/** SDKs stop reading at the event they know to be the last: the end itself may never be seen. */
function looksLast(parts: readonly Uint8Array[]): boolean {
  if (parts.at(-1)?.at(-1) !== 0x0a) return false;
  const tail = parts.slice(-TAIL_PARTS);
  const bytes = tail.reduce((sum, part) => sum + part.byteLength, 0);
  const whole = joined(tail, bytes);
  return /data: *\[DONE\]\s*$|event: *message_stop\s.*\n\s*$/.test(
    new TextDecoder().decode(whole.subarray(-TAIL_BYTES)),
  );
}

const lastEvent = (text: string): string => text.slice(text.lastIndexOf('\n\n') + 2);

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
