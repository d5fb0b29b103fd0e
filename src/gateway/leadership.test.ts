// Gateways that want the same answer at the same time: two whole gateways, one shared cache, and clocks that the test moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, keeping, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { MemoryCacheStore } from '../memory/memory-cache.ts';
import type { CachePort } from '../ports/cache.ts';
import { VirtualTime } from '../memory/virtual-time.ts';

const settings = config({
  upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) },
  models: { m: model([target('a')], { cache: keeping({ ttlSeconds: 600 }) }) },
  retry: { maxAttempts: 1, budgetPercent: 10, hedgePercent: 2, backoffMs: 500, backoffMsMax: 20_000 },
});
const about = (user: string): Record<string, unknown> => ({ temperature: 0, user });

function pair(): [Rig, Rig] {
  const store = new MemoryCacheStore(new VirtualTime());
  return [new Rig(settings, { cache: store.join() }), new Rig(settings, { cache: store.join() })];
}

/** Two that have found out that they often want the same at once. */
function acquainted(): [Rig, Rig] {
  const [one, other] = pair();
  for (let at = 0; at < 6; at++) {
    one.chat(about(`double ${at}`));
    other.chat(about(`double ${at}`));
    one.last.answer(200, completion());
    other.last.answer(200, completion());
  }
  assert.deepEqual([one.sends.length, other.sends.length], [6, 6], 'until then nobody waits for anybody');
  assert.deepEqual([one.gauge('cache_leases_waited_for'), other.gauge('cache_leases_waited_for')], [0, 1]);
  return [one, other];
}

test('where two often want the same at once, one makes it and the other waits for it', () => {
  const [one, other] = acquainted();
  one.chat(about('x'));
  const readers = [other.chat(about('x')), other.chat(about('x'))];
  other.time.advance(3_000);
  assert.equal(other.sends.length, 6);
  one.last.answer(200, completion('Made by one.'));
  other.time.advance(500);
  assert.deepEqual(
    readers.map(({ status, headers }) => [status, headers['x-spillway-cache']]),
    [
      [200, 'joined'],
      [200, 'joined'],
    ],
  );
  assert.match(readers[1]?.text ?? '', /Made by one/);
  assert.equal(other.sends.length, 6);
  assert.equal(other.gauge('cache_followed'), 1);
  assert.deepEqual([...one.bugs, ...other.bugs], []);
});

test('what could not be made, or is not kept, is made by who waits, at its next look', () => {
  const [one, other] = acquainted();
  const failing = one.chat(about('fails'));
  const cut = one.chat(about('cut'));
  const [failed, again] = [other.chat(about('fails')), other.chat(about('cut'))];
  one.sends.at(-2)?.answer(503, { error: { message: 'busy' } });
  one.last.answer(200, completion('', { choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'length' }] }));
  assert.deepEqual([failing.status, cut.status], [503, 200]);
  other.time.advance(100);
  assert.equal(other.sends.length, 8);
  other.sends.at(-2)?.answer(200, completion());
  other.last.answer(200, completion());
  assert.deepEqual([failed.status, again.status], [200, 200]);
});

test('nobody waits for ever: a stream a second, a whole answer ten', () => {
  const [one, other] = acquainted();
  one.chat(about('long'));
  one.stream(about('long stream'));
  const stream = other.stream(about('long stream'));
  other.time.advance(999);
  assert.equal(other.sends.length, 6);
  other.time.advance(1);
  assert.equal(other.sends.length, 7);
  other.last.say('By myself.');
  assert.equal(stream.said, 'By myself.');
  const whole = other.chat(about('long'));
  other.time.advance(9_999);
  assert.equal(other.sends.length, 7);
  other.time.advance(1);
  other.last.answer(200, completion());
  assert.equal(whole.status, 200);
});

test('who leaves while waiting leaves nothing behind, and who reads along goes on waiting', () => {
  const [one, other] = acquainted();
  one.chat(about('x'));
  const [first, second] = [other.chat(about('x')), other.chat(about('x'))];
  first.leave();
  assert.equal(second.status, null);
  assert.equal(other.sends.length, 6, 'it is waited for all the same');
  second.leave();
  assert.equal(other.gauge('exchanges_in_flight'), 0);
  assert.equal(other.time.timers, 0);
});

test('a whole answer and a stream of it in one gateway do not wait for each other', () => {
  const [, other] = acquainted();
  other.chat(about('both'));
  other.stream(about('both'));
  assert.equal(other.sends.length, 8);
});

test('a shared cache that cannot tell costs a wait and nothing else', () => {
  const store = new MemoryCacheStore(new VirtualTime()).join();
  let answers = true;
  const lease: CachePort['lease'] = (_key, _budgetMs, done) => {
    if (answers) done('held');
    return { cancel: () => {} };
  };
  const rig = new Rig(settings, { cache: { ...store, lease } });
  for (let at = 0; at < 6; at++) {
    rig.chat(about(`double ${at}`));
    rig.last.answer(200, completion());
  }
  answers = false;
  const client = rig.chat(about('x'));
  assert.equal(rig.sends.length, 6);
  rig.time.advance(50);
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
  assert.deepEqual(rig.bugs, []);
  const down = new Rig(settings, { cache: { ...store, isDown: () => true } });
  down.chat(about('y'));
  assert.equal(down.sends.length, 1);
});

test('the lease on an answer that was forgotten while it was made is let go as on one that is not kept', () => {
  const store = new MemoryCacheStore(new VirtualTime()).join();
  const ends: boolean[] = [];
  const lease: CachePort['lease'] = (_key, _budgetMs, done) => {
    done({ end: (kept) => ends.push(kept) });
    return { cancel: () => {} };
  };
  const rig = new Rig(settings, { cache: { ...store, lease } });
  rig.chat(about('kept'));
  rig.last.answer(200, completion());
  rig.chat(about('forgotten'));
  rig.time.advance(10);
  assert.equal(rig.request('/admin/cache/purge', '{}', { listener: 'admin', query: 'all' }).status, 200);
  rig.last.answer(200, completion());
  assert.deepEqual(ends, [true, false]);
});
