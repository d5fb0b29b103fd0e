// Question: a request as the cache knows it: whether an answer to it may be kept at all, in whose name, and under which key.
// One reckoning for requests that come in, for files that fill the cache and for addresses that are signed.
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import type { CacheKey } from '../ports/cache.ts';
import type { Digest } from '../ports/digest.ts';
import { cacheKey } from '../policy/cache-key.ts';
import type { Keeping, Key } from './snapshot.ts';

export interface Question {
  readonly request: CanonicalRequest;
  readonly headers: HeaderRecord;
  readonly keeping: Keeping;
  /** Who asks; null: a gateway without keys. */
  readonly tenant: Key | null;
  readonly namespace: string;
}

const TAG_DIGITS = 16;

export function keyOf({ request, headers, keeping, tenant, namespace }: Question, digest: Digest): CacheKey {
  const circumstances = [
    headers['anthropic-beta'] ?? '',
    headers['openai-beta'] ?? '',
    tenant?.regions?.join(' ') ?? '',
  ];
  const identity = { salt: saltOf(keeping, tenant), namespace, modelVersion: keeping.version, circumstances };
  return cacheKey(request, identity, digest);
}

/** Whose an entry is, for purges: says nothing of the caller's key to who reads it. */
export const tenantTag = (keeping: Keeping, tenant: Key | null, digest: Digest): string =>
  tagOf(saltOf(keeping, tenant), digest);

/** Of what a key's own entries carry. */
export const tagOfKey = (tenant: Key | null, digest: Digest): string => tagOf(tenant?.sha256 ?? OPEN, digest);

const OPEN = 'open';
const saltOf = ({ config }: Keeping, tenant: Key | null): string =>
  config.scope === 'public' ? 'public' : (tenant?.sha256 ?? OPEN);
const tagOf = (salt: string, digest: Digest): string => digest.sha256(`tenant ${salt}`).slice(0, TAG_DIGITS);
