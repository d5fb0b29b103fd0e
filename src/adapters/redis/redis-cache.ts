// Redis cache: the level of kept answers that all gateways share. One round trip per lookup, within a budget; entries are
// compressed, live for a little less than they may (so that what was filled together does not end together), and are dead
// when their scope was purged after they were written. It must never throw, never make a request wait past its budget,
// and never hand out an entry it cannot vouch for.
import { assert } from '../../kernel/result.ts';
import type {
  CacheEntry,
  CacheKey,
  CacheListener,
  CachePort,
  CacheRead,
  Lease,
  PurgeScope,
} from '../../ports/cache.ts';
import type { RedisConfig } from '../../ports/config.ts';
import type { GaugeReading } from '../../ports/gauges.ts';
import { PurgeEpochs, type PurgeNews } from '../../policy/purge-epochs.ts';
import { openClient } from './clients.ts';
import { decodeEntry, encodeEntry, VALUE_BYTES_MAX } from './entry-codec.ts';
import { HotPath } from './hot-path.ts';
import { Leases } from './leases.ts';
import type { RedisState, RedisTime } from './node-gate.ts';
import { PurgeLine } from './purge-line.ts';

export interface RedisCacheOptions extends RedisTime {
  readonly config: RedisConfig;
  /** Something stopped working or works again; once each. */
  tell(state: RedisState): void;
}

/** Entries end up to so much of their time early. */
const TTL_JITTER = 0.1;
/** Shorter than this is not worth the way. */
const KEEP_MS_MIN = 1_000;
const NOTHING: CacheRead = { cancel: () => {} };

/** Starts connecting; does not wait for it. */
export async function openRedisCache(options: RedisCacheOptions): Promise<RedisCache> {
  const { config } = options;
  const [hot, background] = await Promise.all([openClient(config, 'hot'), openClient(config, 'background')]);
  const subscriber = config.isCluster ? background : await openClient(config, 'background');
  const [node] = config.nodes;
  assert(node !== undefined, 'a Redis has at least one node');
  const singleNode = config.isCluster ? null : `${node.host}:${node.port}`;
  const { timeoutMs } = config;
  const hotPath = new HotPath({ ...options, client: hot, singleNode, timeoutMs });
  const leases = new Leases(options, hotPath, config.prefix);
  return new RedisCache(options, { hotPath, leases }, (epochs, onNews) => {
    return new PurgeLine({ ...options, client: background, subscriber, prefix: config.prefix, epochs, onNews });
  });
}

type OpenLine = (epochs: PurgeEpochs, onNews: (news: readonly PurgeNews[]) => void) => PurgeLine;

export class RedisCache implements CachePort {
  readonly #time: RedisTime;
  readonly #hotPath: HotPath;
  readonly #epochs = new PurgeEpochs();
  readonly #line: PurgeLine;
  readonly #leases: Leases;
  #listener: CacheListener | null = null;
  #damaged = 0;
  #purgedSeen = 0;

  constructor(time: RedisTime, { hotPath, leases }: { hotPath: HotPath; leases: Leases }, openLine: OpenLine) {
    this.#time = time;
    this.#hotPath = hotPath;
    this.#leases = leases;
    this.#line = openLine(this.#epochs, (news) => this.#onNews(news));
  }

  get(key: CacheKey, budgetMs: number, done: (entry: CacheEntry | null) => void): CacheRead {
    if (!this.#line.isInformed) {
      done(null);
      return NOTHING;
    }
    return this.#hotPath.read(this.#line.keyOf(key), VALUE_BYTES_MAX, budgetMs, (value) =>
      done(value === null ? null : this.#entryOf(value)),
    );
  }

  put(key: CacheKey, entry: CacheEntry): void {
    const { clock, chance } = this.#time;
    const leftMs = entry.keepUntil - clock.wall();
    // Asked for before a purge that is known by now: it may hold what was purged.
    const askedAt = entry.createdAt - entry.madeInMs;
    if (leftMs < KEEP_MS_MIN || !this.#line.isInformed) return;
    if (this.#epochs.isPurged(askedAt * 1_000, entry)) return;
    const keepMs = Math.floor(leftMs * (1 - TTL_JITTER * chance.draw()));
    encodeEntry({ entry, stamp: this.#epochs.latest }, (value) => {
      if (value !== null) this.#hotPath.write(this.#line.keyOf(key), value, keepMs);
    });
  }

  purge(scope: PurgeScope, budgetMs: number, done: (reached: boolean) => void): void {
    const told = this.#epochs.within(scope);
    this.#line.purge(told, budgetMs, (reached) => {
      // Who heard of it through Redis has dropped its copies by now; without Redis at least we do.
      if (!reached) this.#listener?.onPurged(told);
      done(reached);
    });
  }

  isDown(key: CacheKey): boolean {
    return !this.#line.isInformed || !this.#hotPath.passes(this.#line.keyOf(key));
  }

  lease(key: CacheKey, budgetMs: number, done: (lease: Lease | 'held' | null) => void): CacheRead {
    return this.#leases.take(key, budgetMs, done);
  }

  listen(listener: CacheListener): void {
    this.#listener = listener;
  }

  gauges(): GaugeReading[] {
    const { sent, bypassed, failed, writesDropped } = this.#hotPath.stats;
    const labels = {};
    return [
      { name: 'redis_commands_sent', help: 'Commands sent to Redis since the start', labels, value: sent },
      { name: 'redis_commands_failed', help: 'Of them failed or too late', labels, value: failed },
      {
        name: 'redis_lookups_bypassed',
        help: 'Lookups not sent: Redis was down or full of work',
        labels,
        value: bypassed,
      },
      {
        name: 'redis_writes_dropped',
        help: 'Answers not kept in Redis: it was down or full',
        labels,
        value: writesDropped,
      },
      { name: 'redis_entries_damaged', help: 'Entries read that were none', labels, value: this.#damaged },
      { name: 'redis_entries_purged', help: 'Entries read that had been purged', labels, value: this.#purgedSeen },
    ];
  }

  close(): void {
    this.#leases.close();
    this.#hotPath.close();
    this.#line.close();
  }

  #entryOf(value: Buffer): CacheEntry | null {
    const stamped = decodeEntry(value);
    if (stamped === null) {
      this.#damaged++;
      return null;
    }
    const { entry, stamp } = stamped;
    if (this.#epochs.isPurged(stamp, entry)) {
      this.#purgedSeen++;
      return null;
    }
    return entry.keepUntil > this.#time.clock.wall() ? entry : null;
  }

  #onNews(news: readonly PurgeNews[]): void {
    for (const one of news) {
      if (one.kind === 'lost') this.#listener?.onLost();
      else this.#listener?.onPurged(one);
    }
  }
}
