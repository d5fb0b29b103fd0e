// Refresh: an exchange that nobody waits for, which makes a kept answer anew while its readers are still given the old one.
// It goes the way of all exchanges, last in every queue; what it says is read by nobody.
import type { HeaderRecord } from '../kernel/headers.ts';
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

/** Asks what `origin` asked, for the same key, which pays for it. */
export function refreshOf(origin: Exchange, kit: Kit): Exchange {
  const { head, surface, dialect, snapshot, key } = origin;
  const headers: HeaderRecord = { ...head.headers, [DEADLINE_HEADER]: undefined, [CACHE_HEADER]: 'no-cache' };
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
