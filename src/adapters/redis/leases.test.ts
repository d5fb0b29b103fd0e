// Leases on a real Redis: they outlive their time while their gateway does, and no longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheKey } from '../../../test/support/cache-entries.ts';
import { redisConfig, RedisServer, until } from '../../../test/support/redis.ts';
import type { Lease } from '../../ports/cache.ts';
import { systemChance, systemClock, systemTimers } from '../system.ts';
import { openRedisCache, type RedisCache } from './redis-cache.ts';

const key = cacheKey('lease');
const path = `test:lease:${key}`;

test('a lease is renewed while it is held, left alone when it is another’s, and gone when it is ended', async (t) => {
  const server = await RedisServer.start();
  t.after(() => server.stop());
  // Timers ten times as fast: six seconds are not worth a test's time.
  const timers = { after: (ms: number, run: () => void) => systemTimers.after(ms / 10, run) };
  const config = redisConfig([server], { timeoutMs: 1_000 });
  const open = (): Promise<RedisCache> =>
    openRedisCache({ clock: systemClock, timers, chance: systemChance, config, tell: () => {} });
  const [one, other] = await Promise.all([open(), open()]);
  t.after(() => [one, other].forEach((cache) => cache.close()));
  await until(() => !one.isDown(key) && !other.isDown(key));
  const take = (cache: RedisCache): Promise<Lease | 'held' | null> =>
    new Promise((resolve) => cache.lease(key, 10_000, resolve));
  let lease: Lease | 'held' | null = null;
  await until(async () => (lease = await take(one)) !== null);
  assert.ok(lease !== 'held');
  assert.equal(await take(other), 'held');

  await server.ask('pexpire', path, '300');
  await until(async () => Number(await server.ask('pttl', path)) > 3_000);

  await server.ask('set', path, 'another', 'px', '300');
  await until(async () => (await server.ask('exists', path)) === '0');
  await server.ask('set', path, 'another', 'px', '60000');
  (lease as Lease | null)?.end(false);
  assert.equal(await take(other), 'held', 'what is another’s is not ended');
  await server.ask('del', path);

  const second = await take(other);
  assert.ok(second !== null && second !== 'held');
  second.end(true);
  await until(async () => Number(await server.ask('pttl', path)) <= 500);
  let cancelled = false;
  await until(async () => (await server.ask('exists', path)) === '0', 2_000);
  one.lease(key, 10_000, () => (cancelled = true)).cancel();
  await until(async () => (await server.ask('dbsize')) === '0', 2_000).catch(() => {});
  assert.deepEqual([cancelled, await server.ask('exists', path)], [false, '0'], 'one that nobody wants ends itself');
});
