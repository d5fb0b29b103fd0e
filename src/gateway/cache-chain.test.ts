// The chain of caches: our own memory, then a shared one that may be slow, silent or purged. Two gateways under one clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, completion, config, keeping, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { utf8Encode } from '../kernel/web.ts';
import { MemoryCacheStore } from '../memory/memory-cache.ts';
import { VirtualTime } from '../memory/virtual-time.ts';
import type { CacheEntry, CacheListener, CachePort, Lease } from '../ports/cache.ts';
import { CacheChain } from './cache-chain.ts';

const settings = config({
  upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) },
  models: { m: model([target('a')], { cache: keeping({ ttlSeconds: 600 }) }) },
});
const cold = { temperature: 0 };
const whose = { tenant: 't', namespace: '', tag: 'd' };
const labelOf = (client: Client): string | undefined => client.headers['x-spillway-cache'];

/** A shared cache whose answers come when the test says so. */
class Slow implements CachePort {
  readonly asked: ((entry: CacheEntry | null) => void)[] = [];
  cancelled = 0;
  puts: CacheEntry[] = [];
  listener: CacheListener | null = null;
  down = false;

  get(_key: string, _budgetMs: number, done: (entry: CacheEntry | null) => void): { cancel(): void } {
    this.asked.push(done);
    return { cancel: () => void this.cancelled++ };
  }
  put(_key: string, entry: CacheEntry): void {
    this.puts.push(entry);
  }
  purge(_scope: unknown, _budgetMs: number, done: (reached: boolean) => void): void {
    done(false);
  }
  isDown(): boolean {
    return this.down;
  }
  lease(_key: string, _budgetMs: number, done: (lease: Lease | 'held' | null) => void): { cancel(): void } {
    done(null);
    return { cancel: () => {} };
  }
  listen(listener: CacheListener): void {
    this.listener = listener;
  }
}

/** Two gateways that share a cache; their clocks stand at the same time. */
function pair(): [Rig, Rig] {
  const time = new VirtualTime();
  const store = new MemoryCacheStore(time);
  return [new Rig(settings, { cache: store.join() }), new Rig(settings, { cache: store.join() })];
}

test('what one gateway was answered another gives, from the shared cache, then from its own memory', () => {
  const [one, other] = pair();
  one.chat(cold);
  one.last.answer(200, completion('Once.'));
  const first = other.chat(cold);
  const second = other.stream(cold);
  assert.deepEqual([labelOf(first), labelOf(second), second.said], ['hit', 'hit', 'Once.']);
  assert.deepEqual(
    other.exchanges.map(({ cache }) => cache?.level),
    ['remote', 'local'],
  );
  assert.equal(other.sends.length, 0);
});

test('a purge reaches every gateway that shares the cache', () => {
  const [one, other] = pair();
  one.chat(cold);
  one.last.answer(200, completion());
  assert.equal(labelOf(other.chat(cold)), 'hit');
  const purged = one.request('/admin/cache/purge', '{}', { query: 'model=m' });
  assert.deepEqual(purged.json, { purged: { kind: 'model', model: 'm' } });
  assert.equal(other.chat(cold).status, null);
  assert.equal(one.chat(cold).status, null);
  assert.equal(one.request('/admin/cache/purge', undefined).status, 405);
  other.last.answer(200, completion('Asked before the purge.'));
  one.request('/admin/cache/purge', '{}');
  one.last.answer(200, completion('Asked before the second.'));
  assert.equal(one.chat(cold).status, null, 'it is not kept');
});

test('a shared cache is waited for by its budget, and no longer, once for all who ask the same', () => {
  const cache = new Slow();
  const rig = new Rig(settings, { cache });
  const clients = Array.from({ length: 5 }, () => rig.chat(cold));
  assert.deepEqual([cache.asked.length, rig.sends.length], [1, 0]);
  rig.time.advance(49);
  assert.equal(rig.sends.length, 0);
  rig.time.advance(1);
  assert.deepEqual([rig.sends.length, cache.cancelled], [1, 1]);
  cache.asked[0]?.(null);
  rig.last.answer(200, completion());
  assert.ok(clients.every(({ status }) => status === 200));
  assert.equal(cache.puts.length, 1);
  assert.deepEqual(rig.bugs, []);
});

test('what it answers in time is given to all who wait, streams and whole', () => {
  const cache = new Slow();
  const rig = new Rig(settings, { cache });
  const clients = [rig.stream(cold), rig.stream(cold), rig.chat(cold)];
  const now = rig.time.wall();
  cache.asked[0]?.({
    model: 'm',
    ...whose,
    upstreamModel: 'm',
    createdAt: now,
    freshUntil: (now + 60_000) as typeof now,
    keepUntil: (now + 60_000) as typeof now,
    madeInMs: 10,
    usage: { promptTokens: 3, completionTokens: 2, cachedTokens: null, reasoningTokens: null, source: 'provider' },
    costMicroUsd: 5,
    answer: utf8Encode(JSON.stringify({ ...completion('Shared.'), id: undefined })),
  });
  const [stream, joined, whole] = clients;
  assert.deepEqual([stream?.said, joined?.said], ['Shared.', 'Shared.']);
  assert.match(whole?.text ?? '', /Shared\./);
  assert.deepEqual(
    clients.map((client) => labelOf(client)),
    ['hit', 'joined', 'joined'],
  );
  assert.equal(rig.sends.length, 0);
  assert.deepEqual(rig.bugs, []);
});

test('a client that leaves while the shared cache is asked is forgotten, and its reader goes on', () => {
  const cache = new Slow();
  const rig = new Rig(settings, { cache });
  const first = rig.chat(cold);
  first.leave();
  assert.deepEqual([cache.cancelled, rig.gauge('exchanges_in_flight')], [1, 0]);
  const [gone, stays] = [rig.chat(cold), rig.chat(cold)];
  gone.leave();
  rig.time.advance(50);
  rig.last.answer(200, completion());
  assert.equal(stays.status, 200);
  assert.equal(rig.time.timers, 0);
});

test('damaged entries are misses', () => {
  const cache = new Slow();
  const rig = new Rig(settings, { cache });
  const now = rig.time.wall();
  const later = (now + 60_000) as typeof now;
  const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: null, reasoningTokens: null } as const;
  for (const text of ['', '{', '[]', 'null', '"x"']) {
    const client = rig.chat({ ...cold, user: text });
    cache.asked.at(-1)?.({
      model: 'm',
      ...whose,
      upstreamModel: 'm',
      createdAt: now,
      freshUntil: later,
      keepUntil: later,
      madeInMs: 1,
      usage: { ...usage, source: 'provider' },
      costMicroUsd: null,
      answer: utf8Encode(text),
    });
    rig.last.answer(200, completion());
    assert.equal(client.status, 200);
  }
  assert.equal(rig.sends.length, 5);
  assert.deepEqual(rig.bugs, []);
});

test('a copy of a shared entry is trusted for a minute, and not at all when changes may have been missed', () => {
  const time = new VirtualTime();
  const cache = new Slow();
  const chain = new CacheChain({ clock: time, timers: time, cache });
  const now = time.wall();
  const later = (now + 600_000) as typeof now;
  const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: null, reasoningTokens: null } as const;
  const entry: CacheEntry = {
    model: 'm',
    ...whose,
    upstreamModel: 'm',
    createdAt: now,
    freshUntil: later,
    keepUntil: later,
    madeInMs: 1,
    usage: { ...usage, source: 'provider' },
    costMicroUsd: null,
    answer: utf8Encode('{}'),
  };
  chain.put('k', entry, now);
  time.advance(59_999);
  assert.ok(chain.local('k'));
  time.advance(1);
  assert.equal(chain.local('k'), null);
  chain.put('k', entry, time.wall());
  time.advance(60_000);
  cache.down = true;
  assert.ok(chain.local('k'), 'while nobody can be asked it is all there is');
  cache.down = false;
  assert.equal(chain.local('k'), null);
  chain.put('k', entry, time.wall());
  cache.listener?.onLost();
  assert.equal(chain.local('k'), null);
});
