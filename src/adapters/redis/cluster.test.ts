// A real cluster of six: a master dies, its replica takes its place, and all the while no lookup fails or waits too long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheEntry, cacheKey, get, purge } from '../../../test/support/cache-entries.ts';
import { redisConfig, startCluster, until } from '../../../test/support/redis.ts';
import { systemChance, systemClock, systemTimers } from '../system.ts';
import type { RedisState } from './node-gate.ts';
import { openRedisCache } from './redis-cache.ts';
import { slotOf } from './slot.ts';

const time = { clock: systemClock, timers: systemTimers, chance: systemChance };
const keys = Array.from({ length: 60 }, (_, at) => cacheKey(`answer ${at}`));

test('a master dies and its replica takes over', async (t) => {
  const nodes = await startCluster();
  t.after(() => Promise.all(nodes.map((node) => node.stop())));
  const told: RedisState[] = [];
  // One node is enough to find the others; the last is a replica.
  const config = { ...redisConfig(nodes.slice(-1)), isCluster: true };
  const cache = await openRedisCache({ ...time, config, tell: (state) => told.push(state) });
  t.after(() => cache.close());
  const found = async (): Promise<number> => {
    for (const key of keys) cache.put(key, cacheEntry('answer'));
    return (await Promise.all(keys.map((key) => get(cache, key)))).filter((entry) => entry !== null).length;
  };
  await until(async () => (await found()) === keys.length);
  for (const key of keys.slice(0, 10)) {
    const path = `test:answer:${key}`;
    assert.equal(String(slotOf(path)), await nodes[0]?.ask('cluster', 'keyslot', path));
  }

  await nodes[0]?.kill();
  // A third of the keys is gone for now; the others are served.
  await until(() => told.some(({ what, isUp }) => what === 'answers' && !isUp) || found().then(() => false));
  const during = await found();
  assert.ok(during >= keys.length / 3, `${during} of ${keys.length} found`);

  await until(async () => (await found()) === keys.length, 20_000);
  assert.equal(await purge(cache, { kind: 'all' }), true);
  assert.equal(await get(cache, keys[0] ?? ''), null);
  await until(() => told.filter(({ isUp }) => isUp).length === told.filter(({ isUp }) => !isUp).length);
});

test('a master that hangs costs its own keys nothing but a few waits, and the others nothing', async (t) => {
  const nodes = await startCluster();
  t.after(() => Promise.all(nodes.map((node) => node.stop())));
  const told: RedisState[] = [];
  const cache = await openRedisCache({ ...time, config: redisConfig(nodes), tell: (state) => told.push(state) });
  t.after(() => cache.close());
  const ask = async (): Promise<number> =>
    (await Promise.all(keys.map((key) => get(cache, key)))).filter((entry) => entry !== null).length;
  await until(async () => {
    for (const key of keys) cache.put(key, cacheEntry('answer'));
    return (await ask()) === keys.length;
  });
  told.length = 0;
  nodes[1]?.pause();
  await until(async () => (await ask()) < keys.length && told.length > 0);
  const name = `127.0.0.1:${nodes[1]?.port}`;
  assert.deepEqual(
    told.filter(({ what, isUp }) => what === 'answers' && !isUp).map(({ node }) => node),
    [name],
  );
  nodes[1]?.resume();
  await until(async () => {
    for (const key of keys) cache.put(key, cacheEntry('answer'));
    return (await ask()) === keys.length;
  }, 20_000);
});
