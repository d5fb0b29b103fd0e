// Elsewhere: whether another target than the present one could answer an exchange, now or while it may still wait.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Exchange } from './exchange.ts';
import type { Fleet } from './fleet.ts';

/** Another target has room, or may have it while the exchange may still wait. */
export function anotherMayServe(exchange: Exchange, fleet: Fleet, now: MonotonicMs): boolean {
  const waitMs = (exchange.model?.timeouts.queueMs ?? 0) - exchange.queueMs;
  return exchange.candidates().some(({ target }) => {
    const obstacle = fleet.obstacle(target, exchange.demand, now);
    if (obstacle === null) return true;
    return !obstacle.stuck && (obstacle.readyAt === null || obstacle.readyAt - now <= waitMs);
  });
}

export function anotherHasRoom(exchange: Exchange, fleet: Fleet, now: MonotonicMs): boolean {
  const { demand } = exchange;
  return exchange.candidates().some(({ target }) => fleet.obstacle(target, demand, now) === null);
}
