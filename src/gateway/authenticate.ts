// Authenticate: who asks? From the head alone, so that a stranger's body is never read. Keys are compared by SHA-256.
import type { HeaderRecord } from '../kernel/headers.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import type { KeyQuota } from '../policy/key-limits.ts';
import type { Digest } from '../ports/digest.ts';
import type { Exchange } from './exchange.ts';
import type { Key } from './snapshot.ts';

/** The secret as OpenAI (`Authorization: Bearer`), Anthropic (`x-api-key`) and Azure (`api-key`) clients send it. */
export function presentedSecret(headers: HeaderRecord): string | null {
  const authorization = headers['authorization'];
  if (authorization !== undefined) {
    const [scheme, secret] = authorization.split(/\s+/, 2);
    if (scheme?.toLowerCase() === 'bearer' && secret) return secret;
  }
  return headers['x-api-key'] || headers['api-key'] || null;
}

export function authenticate(
  exchange: Exchange,
  digest: Digest,
  limitsOf: (sha256: string) => KeyQuota | null,
  payer?: Key,
): Rejection | null {
  const { keys } = exchange.snapshot;
  if (keys.size === 0) return null;
  if (payer !== undefined) return adopt(exchange, payer, limitsOf);
  const secret = presentedSecret(exchange.head.headers);
  if (secret === null) {
    return reject('unauthenticated', 'No API key. Send one as `Authorization: Bearer <key>` or `x-api-key: <key>`.');
  }
  const key = keys.get(digest.sha256(secret));
  if (key === undefined) return reject('unauthenticated', 'This API key is not known here.');
  return adopt(exchange, key, limitsOf);
}

function adopt(exchange: Exchange, key: Key, limitsOf: (sha256: string) => KeyQuota | null): null {
  exchange.key = key;
  exchange.lane = key.lane;
  exchange.keyLimits = limitsOf(key.sha256);
  return null;
}
