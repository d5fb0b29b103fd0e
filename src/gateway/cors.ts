// CORS: which web pages may read our answers. Off unless configured; then by exact origin or `*`. Source: the Fetch standard.
import type { HeaderList, HeaderRecord } from '../kernel/headers.ts';
import type { CorsConfig } from '../ports/config.ts';

const ALLOWED_METHODS = 'GET, POST, OPTIONS';
/** What a page may read besides the simple headers: the labels that help it retry and debug. */
const EXPOSED_HEADERS = [
  'x-request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
  'x-spillway-request-id',
  'x-spillway-upstream',
  'x-spillway-model',
  'x-spillway-dropped',
  'x-spillway-attempts',
  'x-spillway-queue-ms',
  'x-spillway-overhead-ms',
  'x-spillway-cache',
  'age',
  'etag',
].join(', ');

/** Headers for an answer to `origin`; null when a page from there may not read it. */
export function corsHeaders(cors: CorsConfig | null, origin: string): HeaderList | null {
  if (cors === null) return null;
  const any = cors.origins.includes('*');
  if (!any && !cors.origins.includes(origin)) return null;
  const headers = ['access-control-allow-origin', any ? '*' : origin, 'access-control-expose-headers', EXPOSED_HEADERS];
  return any ? headers : [...headers, 'vary', 'Origin'];
}

export const isPreflight = (method: string, headers: HeaderRecord): boolean =>
  method === 'OPTIONS' && headers['origin'] !== undefined && headers['access-control-request-method'] !== undefined;

export function preflightHeaders(cors: CorsConfig, requested: string | undefined): HeaderList {
  return [
    'access-control-allow-methods',
    ALLOWED_METHODS,
    // Echoed, since SDKs send many headers of their own (`x-stainless-*`); `*` would not cover `authorization`.
    'access-control-allow-headers',
    requested ?? 'authorization, content-type',
    'access-control-max-age',
    String(cors.maxAgeSeconds),
  ];
}
