// What the cache port promises, asked of the memory stand-in, of a real Redis and of a real Redis Cluster.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openRedisCache, type RedisCache } from '../src/adapters/redis/redis-cache.ts';
import { systemChance, systemClock, systemTimers } from '../src/adapters/system.ts';
import { wallMs } from '../src/kernel/brands.ts';
import { MemoryCacheStore } from '../src/memory/memory-cache.ts';
import type { CacheEntry, CachePort, Lease, PurgeScope } from '../src/ports/cache.ts';
import { cacheEntry, cacheKey, get, purge } from './support/cache-entries.ts';
import { redisConfig, RedisServer, startCluster, until } from './support/redis.ts';

interface Stage {
  /** Two gateways at one cache. */
  readonly caches: readonly [CachePort, CachePort];
  end(): Promise<void>;
}

const time = { clock: systemClock, timers: systemTimers, chance: systemChance };

async function redisStage(nodes: RedisServer[]): Promise<Stage> {
  const open = (): Promise<RedisCache> =>
    openRedisCache({ ...time, config: redisConfig(nodes, { timeoutMs: 1_000 }), tell: () => {} });
  const caches = await Promise.all([open(), open()]);
  // Ready when both have learned what was purged, and what one writes the other reads.
  for (const cache of caches) {
    await until(async () => {
      cache.put(cacheKey('ready'), cacheEntry('ready'));
      return (await get(cache, cacheKey('ready'))) !== null;
    });
  }
  return {
    caches,
    end: async () => {
      for (const cache of caches) cache.close();
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

const stages: Readonly<Record<string, () => Promise<Stage>>> = {
  memory: () => {
    const store = new MemoryCacheStore(systemClock);
    return Promise.resolve({ caches: [store.join(), store.join()], end: () => Promise.resolve() });
  },
  redis: async () => redisStage([await RedisServer.start()]),
  'redis cluster': async () => redisStage(await startCluster()),
};

/** An answer may come as any kind of bytes. */
function readable(entry: CacheEntry | null): unknown {
  return entry === null ? null : { ...entry, answer: Buffer.from(entry.answer).toString() };
}

for (const [name, begin] of Object.entries(stages)) {
  describe(name, () => {
    let stage: Stage;
    let one: CachePort;
    let other: CachePort;
    const heard: (PurgeScope | { kind: 'lost' })[][] = [[], []];
    before(async () => {
      stage = await begin();
      [one, other] = stage.caches;
      for (const [at, cache] of stage.caches.entries()) {
        cache.listen({
          onPurged: (scope) => heard[at]?.push(scope),
          onLost: () => heard[at]?.push({ kind: 'lost' }),
        });
      }
    });
    after(() => stage.end());

    const kept = async (key: string, content: string, more = {}): Promise<void> => {
      one.put(key, cacheEntry(content, more));
      await until(async () => (await get(other, key)) !== null);
    };

    test('what one keeps the other gets, exactly as it was', async () => {
      for (const length of [0, 100, 5_000, 40_000, 200_000]) {
        const key = cacheKey(`exact ${length}`);
        const entry = cacheEntry('Ünï – 世界 '.repeat(length / 10));
        one.put(key, entry);
        await until(async () => (await get(other, key)) !== null);
        assert.deepEqual(readable(await get(other, key)), readable(entry));
      }
    });

    test('what nobody keeps is not there', async () => {
      assert.equal(await get(one, cacheKey('nothing')), null);
    });

    test('what was kept last counts', async () => {
      const key = cacheKey('twice');
      await kept(key, 'first');
      one.put(key, cacheEntry('second'));
      await until(async () => Buffer.from((await get(other, key))?.answer ?? []).includes('second'));
    });

    test('nothing is given after its time', async () => {
      const key = cacheKey('short');
      const keepUntil = wallMs(Date.now() + 1_200);
      await kept(key, 'short', { freshUntil: keepUntil, keepUntil });
      await until(async () => (await get(other, key)) === null, 2_000);
      assert.ok(Date.now() >= keepUntil - 200);
      one.put(cacheKey('over'), cacheEntry('over', { keepUntil: wallMs(Date.now() - 1) }));
      assert.equal(await get(one, cacheKey('over')), null);
    });

    test('a purged entry is gone everywhere, and everybody hears of it', async () => {
      const key = cacheKey('single');
      await kept(key, 'single');
      await kept(cacheKey('neighbour'), 'neighbour');
      assert.equal(await purge(other, { kind: 'key', key }), true);
      for (const cache of stage.caches) assert.equal(await get(cache, key), null);
      assert.notEqual(await get(one, cacheKey('neighbour')), null);
      await until(() => heard.every((news) => news.some((scope) => scope.kind === 'key' && scope.key === key)), 1_000);
    });

    test('a purged model is gone everywhere within a second, others stay, and it can be kept anew', async () => {
      await kept(cacheKey('model a'), 'a', { model: 'a' });
      await kept(cacheKey('model b'), 'b', { model: 'b' });
      assert.equal(await purge(one, { kind: 'model', model: 'a' }), true);
      await until(
        () => heard.every((news) => news.some((scope) => scope.kind === 'model' && scope.model === 'a')),
        1_000,
      );
      for (const cache of stage.caches) assert.equal(await get(cache, cacheKey('model a')), null);
      assert.notEqual(await get(other, cacheKey('model b')), null);
      await kept(cacheKey('model a'), 'anew', { model: 'a', createdAt: wallMs(Date.now() + 1) });
    });

    test('a purged tenant or name space is gone everywhere, and others stay', async () => {
      const scopes = [
        { kind: 'tenant', tenant: 'gone' },
        { kind: 'namespace', namespace: 'gone' },
      ] as const;
      for (const scope of scopes) {
        const { kind, ...whose } = scope;
        await kept(cacheKey(`${kind} a`), 'a', whose);
        await kept(cacheKey(`${kind} b`), 'b', { [kind]: 'other' });
        assert.equal(await purge(other, scope), true);
        await until(() => heard.every((news) => news.some((told) => told.kind === kind)), 1_000);
        for (const cache of stage.caches) assert.equal(await get(cache, cacheKey(`${kind} a`)), null);
        assert.notEqual(await get(other, cacheKey(`${kind} b`)), null);
      }
    });

    test('one makes an answer at a time; when it is over, or nothing came of it, another may', async () => {
      const key = cacheKey('lease');
      const first = await lease(one, key);
      assert.ok(first !== null && first !== 'held');
      assert.equal(await lease(other, key), 'held');
      assert.notEqual(await lease(other, cacheKey('another')), 'held');
      first.end(false);
      let second: Lease | 'held' | null = null;
      await until(async () => (second = await lease(other, key)) !== 'held');
      (second as Lease | null)?.end(true);
      first.end(true);
      await until(async () => (await lease(one, key)) !== 'held', 2_000);
    });

    test('everything can be purged', async () => {
      await kept(cacheKey('some'), 'some');
      assert.equal(await purge(one, { kind: 'all' }), true);
      await until(() => heard.every((news) => news.some((scope) => scope.kind === 'all')), 1_000);
      for (const cache of stage.caches) assert.equal(await get(cache, cacheKey('some')), null);
    });

    test('nobody was told that purges were missed', () => {
      assert.ok(heard.flat().every((news) => news.kind !== 'lost'));
    });

    test('a thousand lookups at once are all answered', async () => {
      await kept(cacheKey('hot'), 'hot');
      const found = await Promise.all(Array.from({ length: 1_000 }, () => get(other, cacheKey('hot'), 1_000)));
      assert.ok(found.every((entry) => entry !== null));
    });
  });
}

const lease = (cache: CachePort, key: string): Promise<Lease | 'held' | null> =>
  new Promise((resolve) => cache.lease(key, 1_000, resolve));
