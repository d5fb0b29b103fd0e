// Refresh: an exchange that nobody waits for, which makes a kept answer anew while its readers are still given the old one.
// It goes the way of all exchanges, last in every queue; what it says is read by nobody.
import { RecentMap } from '../kernel/bounded.ts';
import { type WallMs, wallMs } from '../kernel/brands.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import type { CacheKey } from '../ports/cache.ts';
import type { Reply } from '../ports/door.ts';
import { CACHE_HEADER } from '../policy/cache-eligibility.ts';
import { DEADLINE_HEADER } from '../policy/deadline.ts';
import { Exchange } from './exchange.ts';
import type { Kit } from './kit.ts';

const silent: Reply = {
  head: () => {},
  write: () => true,
  end: () => {},
  destroy: () => {},
  pendingBytes: 0,
};

export const isRefresh = ({ reply }: Exchange): boolean => reply === silent;

/** After a refresh, good or bad, the same answer is not made anew by itself again for so long. */
const REST_MS = 5_000;
const REFRESHES_MAX = 10_000;

export class Refreshes {
  readonly #restsUntil = new RecentMap<CacheKey, WallMs>(REFRESHES_MAX);

  /** Null: it has just been tried. */
  of(origin: Exchange, key: CacheKey, kit: Kit): Exchange | null {
    const now = kit.clock.wall();
    if ((this.#restsUntil.get(key) ?? 0) > now) return null;
    this.#restsUntil.delete(key);
    this.#restsUntil.set(key, wallMs(now + REST_MS));
    return refreshOf(origin, kit);
  }
}

/** Asks what `origin` asked, for the same key, which pays for it. */
function refreshOf(origin: Exchange, kit: Kit): Exchange {
  const { head, surface, dialect, snapshot, key } = origin;
  // Its caller's own words stay: they may name a name space.
  const words = [head.headers[CACHE_HEADER], 'no-cache'].filter((word) => word !== undefined).join(', ');
  const headers: HeaderRecord = { ...head.headers, [DEADLINE_HEADER]: undefined, [CACHE_HEADER]: words };
  const exchange = new Exchange(
    {
      head: { ...head, headers, receivedAt: kit.clock.now() },
      reply: silent,
      surface,
      dialect,
      snapshot,
      doorHeaders: [],
    },
    kit,
  );
  exchange.key = key;
  exchange.lane = 'batch';
  return exchange;
}
