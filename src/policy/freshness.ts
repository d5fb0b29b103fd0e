// Freshness: what an entry of a given age may still be used for. It is made anew before it runs out, by whoever draws the
// lot (XFetch, Vattani et al., VLDB 2015): the sooner it runs out and the longer it takes to make, the likelier, so that an
// entry in demand never runs out for all its readers at once.
import { type WallMs, wallMs } from '../kernel/brands.ts';
import type { CacheMeta } from '../ports/cache.ts';
import type { CacheConfig } from '../ports/config.ts';

/**
 * fresh: given. early: given, and made anew. stale: given as stale, and made anew. kept: given only when nobody can answer.
 * gone: never given.
 */
export type Standing = 'fresh' | 'early' | 'stale' | 'kept' | 'gone';

type Times = Pick<CacheMeta, 'createdAt' | 'freshUntil' | 'keepUntil' | 'madeInMs'>;

/** Above 1 refreshes earlier; 1 is right for making times that vary as one expects. */
const BETA = 1;
const MS_PER_SECOND = 1_000;

/** `staleMs`: how long after `freshUntil` it may be given while it is made anew. `draw` is uniform in [0, 1). */
export function standingOf(
  entry: Times,
  { staleMs, maxAgeMs }: { readonly staleMs: number; readonly maxAgeMs: number | null },
  now: WallMs,
  draw: number,
): Standing {
  if (now >= entry.keepUntil) return 'gone';
  if (maxAgeMs !== null && now - entry.createdAt > maxAgeMs) return 'kept';
  if (now >= entry.freshUntil) return now < entry.freshUntil + staleMs ? 'stale' : 'kept';
  // 1 - draw is in (0, 1]: its logarithm is finite.
  const early = entry.madeInMs * BETA * -Math.log(1 - draw);
  return now + early >= entry.freshUntil ? 'early' : 'fresh';
}

/** When an answer made now stops being fresh, and when it is forgotten. `ttlMs`: the caller's own word, which only shortens. */
export function timesOf(
  config: CacheConfig,
  ttlMs: number | null,
  outlivesErrors: boolean,
  now: WallMs,
): { readonly freshUntil: WallMs; readonly keepUntil: WallMs } {
  const fresh = Math.min(config.ttlSeconds * MS_PER_SECOND, ttlMs ?? Number.POSITIVE_INFINITY);
  const stale = staleMsOf(config);
  const kept = outlivesErrors ? config.staleIfErrorSeconds * MS_PER_SECOND : 0;
  return { freshUntil: wallMs(now + fresh), keepUntil: wallMs(now + fresh + Math.max(stale, kept)) };
}

export const staleMsOf = ({ staleWhileRevalidateSeconds }: CacheConfig): number =>
  staleWhileRevalidateSeconds * MS_PER_SECOND;
