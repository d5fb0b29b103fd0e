// Cache directives: what caches outside may do with an answer (RFC 9111, RFC 5861), from the times its entry carries. No
// cache outside may give as fresh what the gateway itself would not: whatever is said ends at the entry's own end. Clients
// keep it for half an hour at most, shared caches ten minutes: no purge reaches either.
import { type WallMs } from '../kernel/brands.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { CacheConfig } from '../ports/config.ts';

const CLIENT_SECONDS_MAX = 1_800;
const SHARED_SECONDS_MAX = 600;
const MS_PER_SECOND = 1_000;

export interface KeptTimes {
  readonly createdAt: WallMs;
  readonly freshUntil: WallMs;
  readonly keepUntil: WallMs;
  readonly tag: string;
}

export interface CacheReach {
  readonly scope: CacheConfig['scope'];
  /** Shared caches keep no streams: they would read each to its end, whoever has left. */
  readonly isStream: boolean;
  readonly staleWhileRevalidateSeconds: number;
  /** Old answers may be given when there are no others. */
  readonly outlivesErrors: boolean;
}

/** For what is not kept, or not as it should be. */
export const notKept: HeaderList = ['cache-control', 'no-store'];

/** What decides about the answer beside the body; whose it is where it is somebody's. */
const common = 'x-spillway-cache, anthropic-beta, openai-beta';
const credentials = 'authorization, x-api-key, api-key';

export function cacheHeaders(times: KeptTimes, reach: CacheReach, now: WallMs): HeaderList {
  const freshSeconds = Math.floor((times.freshUntil - now) / MS_PER_SECOND);
  if (freshSeconds < 1) return notKept;
  const isShared = reach.scope === 'public' && !reach.isStream;
  // Caches count a lifetime from when the answer was made, and subtract its age.
  const age = Math.max(0, Math.floor((now - times.createdAt) / MS_PER_SECOND));
  const sharedSeconds = Math.min(freshSeconds, SHARED_SECONDS_MAX);
  const words = [isShared ? 'public' : 'private', `max-age=${age + Math.min(freshSeconds, CLIENT_SECONDS_MAX)}`];
  if (isShared) words.push(`s-maxage=${age + sharedSeconds}`);
  const staleSeconds = isShared ? reach.staleWhileRevalidateSeconds : 0;
  if (staleSeconds > 0) words.push(`stale-while-revalidate=${staleSeconds}`);
  const keptSeconds = Math.floor((times.keepUntil - times.freshUntil) / MS_PER_SECOND);
  if (reach.outlivesErrors && keptSeconds > 0) words.push(`stale-if-error=${keptSeconds}`);
  return [
    'cache-control',
    words.join(', '),
    'etag',
    etagOf(times.tag),
    'vary',
    reach.scope === 'public' ? common : `${credentials}, ${common}`,
    // nginx knows nothing of ages.
    ...(isShared ? ['x-accel-expires', String(sharedSeconds)] : []),
  ];
}

/** The caller has this answer already, byte for byte or not. `ifNoneMatch`: as it came. */
export function hasAlready(tag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined || tag === '') return false;
  return ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === `"${tag}"`);
}

/** Weak: each reader's copy has an id of its own. */
const etagOf = (tag: string): string => `W/"${tag}"`;
