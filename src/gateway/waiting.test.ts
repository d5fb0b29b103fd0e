// The waiting room: what happens when no target has room.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';

const narrow = config({
  upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', maxConcurrent: 1 }) },
  models: { m: model([target('a')]), n: model([target('a')]) },
  keys: (['vip', 'standard', 'batch'] as const).map((lane) => ({
    name: lane,
    sha256: sha256(`sk-${lane}`),
    lane,
    models: null,
    regions: null,
    limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
  })),
});
const as = (lane: string): Record<string, string> => ({ authorization: `Bearer sk-${lane}` });

test('beyond maxConcurrent an exchange waits and is served when room appears', () => {
  const rig = new Rig(narrow);
  rig.chat({}, as('standard'));
  const second = rig.chat({}, as('standard'));
  assert.equal(rig.sends.length, 1);
  assert.equal(rig.gauge('queue_depth'), 1);
  rig.time.advance(250);
  rig.last.answer(200, completion());
  assert.equal(rig.sends.length, 2);
  rig.last.answer(200, completion());
  assert.equal(second.status, 200);
  assert.ok(Number(second.headers['x-spillway-queue-ms']) >= 250);
});

test('the waiting room is strict by lane, and first come first served inside one', () => {
  const rig = new Rig(narrow);
  rig.chat({ user: 'first' }, as('batch'));
  for (const user of ['batch', 'standard 1', 'standard 2', 'vip']) rig.chat({ user }, as(user.split(' ')[0] ?? ''));
  const served: unknown[] = [];
  for (let at = 0; at < 5; at++) {
    served.push(rig.last.body['user']);
    rig.last.answer(200, completion());
  }
  assert.deepEqual(served, ['first', 'vip', 'standard 1', 'standard 2', 'batch']);
});

test('whoever waits longer than queueMs gets a 503 with a truthful Retry-After', () => {
  const rig = new Rig(narrow);
  rig.chat({}, as('standard'));
  const late = rig.chat({}, as('standard'));
  rig.time.advance(30_001);
  assert.equal(late.status, 503);
  assert.equal(late.error.code, 'server_is_overloaded');
  assert.ok(Number(late.headers['retry-after-ms']) > 0);
  assert.equal(rig.exchanges[0]?.rejection, 'queueTimeout');
  assert.equal(rig.gauge('queue_depth'), 0);
});

test('a full line refuses at once; other lanes still take', () => {
  const rig = new Rig(narrow);
  rig.chat({}, as('batch'));
  for (let at = 0; at < 2_500; at++) rig.chat({}, as('batch'));
  const refused = rig.chat({}, as('batch'));
  assert.equal(refused.status, 503);
  assert.equal(rig.exchanges.at(-1)?.rejection, 'overloaded');
  const vip = rig.chat({}, as('vip'));
  assert.equal(vip.status, null, 'the vip waits');
});

test('a waiting client that leaves frees its place', () => {
  const rig = new Rig(narrow);
  rig.chat({}, as('standard'));
  const waiting = rig.chat({}, as('standard'));
  waiting.leave();
  assert.equal(rig.gauge('queue_depth'), 0);
  rig.last.answer(200, completion());
  assert.equal(rig.sends.length, 1);
});

test('when every target rests, an exchange waits for the first to come back if that is soon enough', () => {
  const rig = new Rig(config({ models: { m: model([target('a')]) } }));
  rig.chat();
  rig.last.answer(429, { error: { message: 'slow down' } }, { 'retry-after': '5' });
  const waiting = rig.chat();
  assert.equal(rig.sends.length, 1);
  rig.time.advance(5_100);
  assert.ok(rig.sends.length >= 2, 'woken when the rest was over');
  for (const send of rig.sends.slice(1)) send.answer(200, completion());
  rig.time.advance(1_000);
  assert.equal(waiting.status, 200);
});

test('when no target can be back in time, the refusal comes at once and says how long', () => {
  const rig = new Rig(config({ models: { m: model([target('a')]) } }));
  rig.chat();
  rig.last.answer(429, { error: { message: 'come back later' } }, { 'retry-after': '50' });
  const refused = rig.chat();
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers['retry-after']) >= 45);
});

test('requests per minute of an upstream are a hard cap: the rest waits or spills over', () => {
  const rig = new Rig(
    config({
      upstreams: {
        a: upstream({ baseUrl: 'http://a.test/v1', requestsPerMinute: 2 }),
        b: upstream({ baseUrl: 'http://b.test/v1', tier: 'peak' }),
      },
    }),
  );
  const hosts = Array.from({ length: 4 }, () => {
    rig.chat();
    const { host } = rig.last;
    rig.last.answer(200, completion());
    return host;
  });
  assert.deepEqual(hosts, ['a', 'a', 'b', 'b']);
});

test('a drained gateway refuses new work, finishes the old, and then is idle', () => {
  const rig = new Rig();
  const client = rig.stream();
  let stopped = false;
  rig.gateway.drain('test', () => (stopped = true));
  assert.equal(rig.get('/health/readiness').status, 503);
  assert.equal(rig.get('/health/liveness').status, 200);
  assert.equal(rig.chat().status, 503);
  assert.ok(!stopped);
  rig.last.say('bye');
  assert.equal(client.said, 'bye');
  assert.ok(stopped);
});

test('a drain that takes too long cuts what is left, truthfully', () => {
  const rig = new Rig();
  const client = rig.stream();
  rig.last.stream();
  rig.last.delta({ content: 'Half' });
  let stopped = false;
  rig.gateway.drain('test', () => (stopped = true));
  rig.time.advance(15_000);
  rig.last.delta({ content: ' more' });
  rig.time.advance(15_001);
  assert.ok(stopped);
  assert.match(client.events.at(-1) ?? '', /"error"/);
  assert.ok(rig.facts.some((fact) => fact.kind === 'state' && fact.why === '1 exchanges were cut'));
});

test('a reload swaps everything for the next exchange and fails none under way', () => {
  const rig = new Rig();
  const before = rig.stream();
  const send = rig.last;
  rig.gateway.apply(
    config({ upstreams: { c: upstream({ baseUrl: 'http://c.test/v1' }) }, models: { m: model([target('c')]) } }),
  );
  send.say('old');
  assert.equal(before.said, 'old');
  const after = rig.stream();
  assert.equal(rig.last.host, 'c');
  rig.last.say('new');
  assert.equal(after.said, 'new');
});

test('one who waits for a full target holds up nobody whose target is free', () => {
  const rig = new Rig(
    config({
      upstreams: {
        us: upstream({ baseUrl: 'http://us.test/v1', region: 'us' }),
        eu: upstream({ baseUrl: 'http://eu.test/v1', region: 'eu', maxConcurrent: 1 }),
      },
      models: { m: model([target('eu'), target('us')]) },
      keys: [
        { ...narrow.keys[0]!, name: 'eu', sha256: sha256('sk-eu'), regions: ['eu'] },
        { ...narrow.keys[1]!, name: 'any', sha256: sha256('sk-any') },
      ],
    }),
  );
  rig.chat({}, as('eu'));
  rig.chat({}, as('eu'));
  assert.equal(rig.gauge('queue_depth'), 1);
  rig.chat({}, as('any'));
  assert.equal(rig.last.host, 'us', 'served at once');
});

test('a model that thousands wait for leaves seats and free targets to the others', () => {
  const rig = new Rig(
    config({
      upstreams: {
        a: upstream({ baseUrl: 'http://a.test/v1', maxConcurrent: 1 }),
        b: upstream({ baseUrl: 'http://b.test/v1' }),
      },
      models: { stuck: model([target('a')]), fine: model([target('b')]) },
    }),
  );
  for (let at = 0; at < 3_000; at++) rig.chat({ model: 'stuck' });
  rig.chat({ model: 'fine' });
  assert.equal(rig.last.host, 'b');
});

test('an upstream that is known to be ill is not waited for', () => {
  const health = { path: '/health', intervalMs: 1_000, timeoutMs: 500, unhealthyAfter: 1, healthyAfter: 1 };
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', health }) },
      models: { m: model([target('a')]) },
    }),
  );
  rig.last.answer(503, {});
  const client = rig.chat();
  assert.equal(client.status, 503);
  rig.time.advance(1_001);
  rig.last.answer(200, {});
  rig.chat();
  assert.equal(rig.last.request.path, '/v1/chat/completions');
});

test('names that clients invent grow neither state nor metrics', () => {
  const rig = new Rig(config({ models: { 'x/*': model([target('a')]) } }));
  for (let at = 0; at < 5_000; at++) {
    rig.chat({ model: `x/${at}` });
    rig.last.answer(200, completion());
  }
  assert.deepEqual([...new Set(rig.exchanges.map((exchange) => exchange.model))], ['x/*']);
  assert.ok(rig.gateway.read().length < 50, 'no gauge per invented name');
});

test('a breaker of an upstream that left the configuration is told no more', () => {
  const rig = new Rig();
  for (let failure = 0; failure < 5; failure++) {
    rig.chat();
    rig.last.answer(500, { error: { message: 'oops' } });
    rig.last.answer(200, completion());
  }
  const told = (): boolean =>
    rig.gateway.read().some(({ name, labels }) => name === 'breaker_state' && labels['target'] === 'a/m');
  assert.ok(told());
  rig.gateway.apply(
    config({ upstreams: { b: upstream({ baseUrl: 'http://b.test/v1' }) }, models: { m: model([target('b')]) } }),
  );
  assert.ok(!told());
});
