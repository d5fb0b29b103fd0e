// Memory cache: the shared level in one process, for tests and the simulator: the same promises as the real one, kept
// trivially. Several gateways of one process share it by joining the same store. Bounded in entries, oldest out first.
import type { CacheEntry, CacheKey, CacheListener, CachePort, CacheRead, PurgeScope } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import { isWithin } from '../policy/purge-epochs.ts';

const NOTHING: CacheRead = { cancel: () => {} };

/** What all who joined share. */
export class MemoryCacheStore {
  readonly #clock: Clock;
  readonly #listeners = new Set<CacheListener>();
  readonly #entries = new Map<CacheKey, CacheEntry>();
  readonly #leases = new Set<CacheKey>();
  readonly #entriesMax: number;

  constructor(clock: Clock, entriesMax = 10_000) {
    this.#clock = clock;
    this.#entriesMax = entriesMax;
  }

  join(): CachePort {
    return {
      get: (key, _budgetMs, done) => {
        const entry = this.#entries.get(key);
        done(entry !== undefined && entry.keepUntil > this.#clock.wall() ? entry : null);
        return NOTHING;
      },
      put: (key, entry) => this.#put(key, entry),
      purge: (scope, _budgetMs, done) => {
        this.#purge(scope);
        done(true);
      },
      isDown: () => false,
      lease: (key, _budgetMs, done) => {
        if (this.#leases.has(key)) done('held');
        else {
          this.#leases.add(key);
          done({ end: () => this.#leases.delete(key) });
        }
        return NOTHING;
      },
      listen: (listener) => this.#listeners.add(listener),
    };
  }

  #put(key: CacheKey, entry: CacheEntry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#entriesMax && oldest !== undefined) this.#entries.delete(oldest);
  }

  #purge(scope: PurgeScope): void {
    for (const [key, entry] of this.#entries) if (isWithin(scope, key, entry)) this.#entries.delete(key);
    for (const listener of this.#listeners) listener.onPurged(scope);
  }
}
