// A key beyond its limit: while there is room, and what is remembered of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';
import type { Lane } from '../kernel/lane.ts';
import { MemoryState } from '../memory/memory-state.ts';

const settings = (maxConcurrent: number | null, lane: Lane = 'standard'): ReturnType<typeof config> =>
  config({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', maxConcurrent }) },
    models: { m: model([target('a')]) },
    keys: [
      {
        name: 'app',
        sha256: sha256('sk-app'),
        lane,
        models: null,
        regions: null,
        limits: { requestsPerMinute: 10, tokensPerMinute: null, maxConcurrent: null },
      },
    ],
  });
const asApp = { authorization: 'Bearer sk-app' };
const HOUR_MS = 3_600_000;

/** Asks and answers until the key is refused; answers how often it was not. */
function served(rig: Rig): number {
  for (let count = 0; ; count++) {
    const client = rig.chat({}, asApp);
    if (client.status === 429) return count;
    rig.last.answer(200, completion());
  }
}

test('a fifth more while there is room; what flows in repays it before anything is lent again', () => {
  const rig = new Rig(settings(null));
  rig.time.advance(50_000);
  assert.equal(served(rig), 12);
  rig.time.advance(11_000);
  assert.equal(served(rig), 0, 'less than two flowed in, and repaid');
  rig.time.advance(1_000);
  assert.equal(served(rig), 2);
});

test('not while somebody waits for the targets', () => {
  const rig = new Rig(settings(1));
  for (let at = 0; at < 10; at++) rig.chat({}, asApp);
  assert.equal(rig.gauge('queue_depth'), 9);
  assert.equal(rig.chat({}, asApp).status, 429);
});

test('the limit that is told is the limit', () => {
  const rig = new Rig(settings(null));
  const client = rig.chat({}, asApp);
  rig.last.answer(200, completion());
  assert.equal(client.headers['x-ratelimit-limit-requests'], '10');
  assert.equal(client.headers['x-ratelimit-remaining-requests'], '9');
});

test('what is usual for a key is learned by the hour and survives a restart', () => {
  const state = new MemoryState();
  const rig = new Rig(settings(null), { state });
  const ask = (): void => {
    rig.chat({}, asApp);
    rig.last.answer(200, completion());
  };
  ask();
  rig.time.advance(HOUR_MS);
  for (let at = 0; at < 3; at++) ask();
  rig.time.advance(HOUR_MS);
  ask();
  assert.equal(state.load('usualByKey'), null);
  rig.time.advance(60_000);
  const kept = JSON.stringify(state.load('usualByKey'));
  assert.match(kept, /^\{"app":\{"requestsPerMinute":\[null,3,null/);
  // Another process that learns nothing yet, but saves for another key, would keep what it was given.
  const next = new Rig(settings(null), { state });
  next.time.advance(HOUR_MS);
  next.chat({}, asApp);
  next.last.answer(200, completion());
  next.time.advance(2 * HOUR_MS);
  next.chat({}, asApp);
  next.last.answer(200, completion());
  next.gateway.drain('test', () => {});
  assert.match(JSON.stringify(state.load('usualByKey')), /^\{"app":\{"requestsPerMinute":\[null,3,0,null/);
});
