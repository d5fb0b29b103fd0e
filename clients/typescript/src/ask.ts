// Ask: what one call of `fetch` asks for, as far as caching, pacing and retrying need to know. It reads strings only: a body
// that can be read once is left alone, and so is whatever is no JSON.
//
// The request itself is its key, not a digest of it: exact, synchronous, and the same in every runtime. Its size counts
// against the cache's budget.

export interface Ask {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | null;
  /** Null: there is none, or it can be read only once. */
  readonly body: string | null;
  /** It can be sent again as it is. */
  readonly repeatable: boolean;
  /** As the body names it; `` when it names none. */
  readonly model: string;
  readonly mayLookUp: boolean;
  readonly mayStore: boolean;
}

/** Longer bodies are not looked into: they go through as they are. */
const BODY_CHARS_MAX = 256 * 1024;
const CREDENTIALS = ['authorization', 'x-api-key', 'api-key'];
/** Beside the credential, what changes the answer to the same body. */
const MEANINGFUL = [
  'accept',
  'anthropic-version',
  'anthropic-beta',
  'openai-organization',
  'openai-project',
  'openai-beta',
];

export function readAsk(input: RequestInfo | URL, init: RequestInit | undefined): Ask {
  const request = typeof input === 'object' && 'method' in input ? input : null;
  const headers = new Headers(init?.headers ?? request?.headers);
  const body = typeof init?.body === 'string' ? init.body : null;
  const isBodiless = (init?.body ?? null) === null && (request?.body ?? null) === null;
  const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
  const known = body !== null && body.length <= BODY_CHARS_MAX ? parseBody(body) : {};
  const isReadable = method === 'GET' ? isBodiless : method === 'POST' && body !== null && known !== null;
  const said = headers.get('cache-control')?.toLowerCase() ?? '';
  const wish = wishOf(known);
  return {
    url: typeof input === 'string' ? input : 'url' in input ? input.url : input.href,
    method,
    headers,
    signal: init?.signal ?? request?.signal ?? null,
    body,
    repeatable: isBodiless || body !== null || ArrayBuffer.isView(init?.body),
    model: typeof known?.['model'] === 'string' ? known['model'] : '',
    // A caller with a validator of its own wants the gateway's answer to it.
    mayLookUp:
      isReadable &&
      !headers.has('if-none-match') &&
      !/\bno-(cache|store)\b/.test(said) &&
      !wish.noCache &&
      !wish.noStore,
    mayStore: isReadable && !/\bno-store\b/.test(said) && !wish.noStore,
  };
}

/** Equal keys mean the same question by the same caller. */
export function keyOf(ask: Ask): string {
  const said = [...CREDENTIALS, ...MEANINGFUL].map((name) => ask.headers.get(name) ?? '');
  return JSON.stringify([ask.method, ask.url, ...said, ask.body]);
}

/** Those that one refusal is about: the same caller at the same door with the same model. */
export function paceKeyOf(ask: Ask): string {
  const said = CREDENTIALS.map((name) => ask.headers.get(name) ?? '');
  return JSON.stringify([ask.url, ask.model, ...said]);
}

function parseBody(body: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** `cache: {"no-cache": true, "no-store": true}` in the body, as the gateway reads it. */
function wishOf(body: Record<string, unknown> | null): { noCache: boolean; noStore: boolean } {
  const wish = body?.['cache'];
  if (typeof wish !== 'object' || wish === null) return { noCache: false, noStore: false };
  const { 'no-cache': noCache, 'no-store': noStore } = wish as Record<string, unknown>;
  return { noCache: noCache === true, noStore: noStore === true };
}
