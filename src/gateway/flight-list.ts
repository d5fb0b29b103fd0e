// Flight list: the answers in the making that may be joined, by key: one of a stream and one of a whole answer each. A flight
// that is not listed goes on for those who read it already.
import { lanes } from '../kernel/lane.ts';
import type { CacheKey } from '../ports/cache.ts';
import type { Exchange } from './exchange.ts';
import type { Flight } from './flight.ts';

export class FlightList {
  readonly #flights = new Map<string, Flight>();

  get size(): number {
    return this.#flights.size;
  }

  has(key: CacheKey): boolean {
    return [true, false].some((streams) => this.#flights.has(nameOf(key, streams)));
  }

  /** The same is in the making in the other form too. */
  hasBoth(key: CacheKey): boolean {
    return [true, false].every((streams) => this.#flights.has(nameOf(key, streams)));
  }

  /** The one that will do, if it can still be told from the beginning and does not make its reader wait longer. */
  joinable(key: CacheKey, exchange: Exchange): Flight | null {
    const wantsStream = exchange.request?.stream === true;
    for (const streams of wantsStream ? [true] : [true, false]) {
      const flight = this.#flights.get(nameOf(key, streams));
      if (flight === undefined || !flight.open) continue;
      const { leader } = flight;
      // Who goes first must not wait behind a leader that does not.
      if (leader.attempt !== null || lanes.indexOf(leader.lane) <= lanes.indexOf(exchange.lane)) return flight;
    }
    return null;
  }

  /** A newer one takes the place of one that could not be joined. */
  add(key: CacheKey, flight: Flight): void {
    this.#flights.set(nameOf(key, flight.streams), flight);
  }

  /** Harmless when another has taken its place. */
  remove(key: CacheKey, flight: Flight): void {
    const name = nameOf(key, flight.streams);
    if (this.#flights.get(name) === flight) this.#flights.delete(name);
  }
}

const nameOf = (key: CacheKey, streams: boolean): string => (streams ? `${key} stream` : key);
