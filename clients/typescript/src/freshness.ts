// Freshness: what an answer's headers allow a private cache to do with it (RFC 9111, RFC 5861). Without an explicit
// `max-age` or an `ETag` nothing is kept: silence is not consent. `s-maxage` is said to others and ignored here.

export interface Freshness {
  /** Until then it may be given out unasked; 0: never. */
  readonly freshUntil: number;
  /** Until then it may be given out when the gateway cannot answer. */
  readonly staleUntil: number;
  readonly etag: string | null;
  /** Request headers the answer depends on; lower case. */
  readonly vary: readonly string[];
}

/** Null: it may not be kept. All times in milliseconds of `now`'s clock. */
export function freshnessOf(headers: Headers, now: number, keepMs: number): Freshness | null {
  const directives = parseDirectives(headers.get('cache-control') ?? '');
  const vary = (headers.get('vary') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (directives.has('no-store') || vary.includes('*')) return null;
  const etag = headers.get('etag');
  const ageMs = (secondsOf(headers.get('age')) ?? 0) * 1000;
  const maxAgeMs = directives.has('no-cache') ? 0 : (secondsOf(directives.get('max-age')) ?? 0) * 1000;
  const freshMs = Math.max(0, Math.min(maxAgeMs - ageMs, keepMs));
  if (freshMs === 0 && etag === null) return null;
  const forgivingMs = directives.has('must-revalidate') ? 0 : (secondsOf(directives.get('stale-if-error')) ?? 0) * 1000;
  return { freshUntil: now + freshMs, staleUntil: now + Math.min(freshMs + forgivingMs, keepMs), etag, vary };
}

/** Directive → its argument, `` where it has none; lower-case names. The first of several counts. */
function parseDirectives(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain] of text.matchAll(/([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]+)))?/g)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted ?? plain ?? '');
  }
  return found;
}

function secondsOf(text: string | null | undefined): number | null {
  return text !== null && text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : null;
}
