import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheEntry, cacheKey, get, purge } from '../../../test/support/cache-entries.ts';
import { redisConfig, RedisServer, startCluster, until } from '../../../test/support/redis.ts';
import { wallMs } from '../../kernel/brands.ts';
import { systemChance, systemClock, systemTimers } from '../system.ts';
import { massInsert, type Pair } from './mass-insert.ts';
import { openRedisCache } from './redis-cache.ts';

const time = { clock: systemClock, timers: systemTimers, chance: systemChance };
const pairs: Pair[] = Array.from({ length: 3_000 }, (_, at) => ({
  key: cacheKey(`pair ${at}`),
  entry: cacheEntry(`answer ${at}`),
}));

for (const [name, start] of [
  ['one server', async () => [await RedisServer.start()]],
  ['a cluster', startCluster],
] as const) {
  test(`what was inserted into ${name} is read by gateways, after a purge too`, async (t) => {
    const nodes = await start();
    t.after(() => Promise.all(nodes.map((node) => node.stop())));
    const config = redisConfig(nodes, { timeoutMs: 1_000 });
    const cache = await openRedisCache({ ...time, config, tell: () => {} });
    t.after(() => cache.close());
    await until(() => purge(cache, { kind: 'all' }));
    const bad = cacheEntry('late', { keepUntil: wallMs(Date.now() - 1) });
    const inserted = await massInsert(config, [...pairs, { key: cacheKey('late'), entry: bad }], Date.now);
    assert.deepEqual(inserted, { kept: 3_000, refused: 1 });
    for (const at of [0, 1_234, 2_999]) {
      const entry = await get(cache, cacheKey(`pair ${at}`));
      assert.ok(Buffer.from(entry?.answer ?? []).includes(`answer ${at}`));
    }
  });
}

test('a Redis that cannot be reached is said so', async () => {
  const config = redisConfig([{ port: 1 }]);
  await assert.rejects(massInsert(config, pairs, Date.now), /cannot be reached: .*ECONNREFUSED/);
});
