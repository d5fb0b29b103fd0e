// A real Redis in trouble: whatever it does, no lookup waits past its budget, nothing throws, and it is used again by itself
// once it is well. Whether a wait kept its budget is told by the order of timers, not by a clock: a busy machine is no fault.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { cacheEntry, cacheKey, get, purge } from '../../../test/support/cache-entries.ts';
import { freePort } from '../../../scripts/free-port.ts';
import { redisConfig, RedisServer, until } from '../../../test/support/redis.ts';
import { SlowProxy } from '../../../test/support/slow-proxy.ts';
import { systemChance, systemClock, systemTimers } from '../system.ts';
import type { RedisState } from './node-gate.ts';
import { openRedisCache, type RedisCache } from './redis-cache.ts';

const time = { clock: systemClock, timers: systemTimers, chance: systemChance };
const BUDGET_MS = 50;

interface Scene {
  readonly cache: RedisCache;
  readonly told: RedisState[];
}

async function open(t: TestContext, port: number): Promise<Scene> {
  const told: RedisState[] = [];
  const cache = await openRedisCache({ ...time, config: redisConfig([{ port }]), tell: (state) => told.push(state) });
  t.after(() => cache.close());
  return { cache, told };
}

const key = cacheKey('answer');

/** Puts and asks until the entry is there. */
const serves = (cache: RedisCache): Promise<void> =>
  until(async () => {
    cache.put(key, cacheEntry('answer'));
    return (await get(cache, key)) !== null;
  });

const turn = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** False when the budget, and some turns of the event loop, passed first. */
async function keepsBudget(cache: RedisCache): Promise<boolean> {
  const over = turn(BUDGET_MS + 2).then(async () => {
    for (let turns = 0; turns < 5; turns++) await turn(2);
    return false;
  });
  return Promise.race([get(cache, key, BUDGET_MS).then(() => true), over]);
}

/** Asks all the while, until `ends`. */
async function askThroughout(cache: RedisCache, ends: () => boolean): Promise<void> {
  await until(async () => {
    assert.ok(await keepsBudget(cache), 'a lookup waited past its budget');
    cache.put(key, cacheEntry('answer'));
    return ends();
  });
}

const answers = (told: readonly RedisState[]): boolean[] =>
  told.filter(({ what }) => what === 'answers').map(({ isUp }) => isUp);

test('killed and started again', async (t) => {
  const server = await RedisServer.start();
  t.after(() => server.stop());
  const { cache, told } = await open(t, server.port);
  await serves(cache);
  await server.kill();
  await askThroughout(cache, () => answers(told).length > 0);
  assert.equal(await purge(cache, { kind: 'all' }, 300), false);
  await server.run();
  await serves(cache);
  assert.deepEqual(answers(told), [false, true]);
  assert.match(told[0]?.why ?? '', /3 failures in a row/);
});

test('never there, then there', async (t) => {
  const port = await freePort();
  const { cache, told } = await open(t, port);
  await askThroughout(cache, () => told.length > 0);
  assert.match(told[0]?.why ?? '', /nothing is shared .*ECONNREFUSED/);
  const server = await RedisServer.start([], port);
  t.after(() => server.stop());
  await serves(cache);
  assert.deepEqual(
    told.map(({ what, isUp }) => `${what} ${isUp}`),
    ['invalidation false', 'invalidation true'],
  );
});

test('paused: the connection stands, and nobody answers', async (t) => {
  const server = await RedisServer.start();
  t.after(() => server.stop());
  const { cache, told } = await open(t, server.port);
  await serves(cache);
  server.pause();
  await askThroughout(cache, () => answers(told).length > 0);
  // From now on nothing waits at all: the answer is there before the call returns.
  let isAtOnce = false;
  cache.get(key, BUDGET_MS, () => (isAtOnce = true));
  assert.ok(isAtOnce);
  server.resume();
  await serves(cache);
  assert.deepEqual(answers(told), [false, true]);
});

test('slow: an answer that comes after 200 ms is none', async (t) => {
  const server = await RedisServer.start();
  const proxy = await SlowProxy.start(server.port);
  t.after(() => Promise.all([server.stop(), proxy.stop()]));
  const { cache, told } = await open(t, proxy.port);
  await serves(cache);
  proxy.delayMs = 200;
  await askThroughout(cache, () => answers(told).length > 0);
  // Pings are as slow: it stays shut, and says so once.
  await turn(1_000);
  assert.deepEqual(answers(told), [false]);
  proxy.delayMs = 0;
  await serves(cache);
  assert.deepEqual(answers(told), [false, true]);
});

test('full: what is there is read, nothing is written, a purge still reaches it', async (t) => {
  const server = await RedisServer.start(['--maxmemory-policy', 'noeviction']);
  t.after(() => server.stop());
  const { cache, told } = await open(t, server.port);
  await serves(cache);
  await server.ask('config', 'set', 'maxmemory', '1');
  await until(() => {
    cache.put(cacheKey('more'), cacheEntry('more'));
    return told.length > 0;
  });
  assert.notEqual(await get(cache, key), null);
  assert.equal(await purge(cache, { kind: 'all' }), true);
  assert.equal(await get(cache, key), null);
  await server.ask('config', 'set', 'maxmemory', '0');
  await serves(cache);
  assert.deepEqual(
    told.map(({ what, isUp }) => `${what} ${isUp}`),
    ['writes false', 'writes true'],
  );
});

test('flushed: it forgets the answers but not the purges', async (t) => {
  const server = await RedisServer.start();
  t.after(() => server.stop());
  const { cache } = await open(t, server.port);
  await serves(cache);
  const stale = await server.ask('--raw', 'dump', `test:answer:${key}`);
  assert.ok(stale.length > 0);
  await server.ask('copy', `test:answer:${key}`, 'aside');
  assert.equal(await purge(cache, { kind: 'all' }), true);
  await server.ask('del', 'test:purges');
  await until(async () => (await server.ask('exists', 'test:purges')) === '1');
  // A gateway that starts only now learns of it all the same.
  const late = await open(t, server.port);
  await server.ask('rename', 'aside', `test:answer:${key}`);
  await until(async () => {
    await get(late.cache, key);
    return late.cache.gauges().some(({ name, value }) => name === 'redis_entries_purged' && value > 0);
  });
  await server.ask('flushall');
  assert.equal(await get(cache, key), null);
  await serves(cache);
});

test('garbage instead of entries is a miss', async (t) => {
  const server = await RedisServer.start();
  t.after(() => server.stop());
  const { cache, told } = await open(t, server.port);
  await serves(cache);
  await server.ask('set', `test:answer:${key}`, 'SWE1 but not really');
  assert.equal(await get(cache, key), null);
  await server.ask('del', `test:answer:${key}`);
  await server.ask('lpush', `test:answer:${key}`, 'a', 'list');
  for (let lookups = 0; lookups < 10; lookups++) assert.equal(await get(cache, key), null);
  await serves(cache);
  assert.deepEqual(told, []);
});

test('garbage instead of Redis is a Redis that is down', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n$-7\r\n*9\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { cache, told } = await open(t, (server.address() as AddressInfo).port);
  for (let lookups = 0; lookups < 50; lookups++) assert.ok(await keepsBudget(cache));
  await until(() => told.length > 0);
  assert.ok(told.every(({ isUp }) => !isUp));
});
