// Limits that are not kept here: an exchange parks until there is word of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';
import { fail, ok } from '../kernel/result.ts';
import type { KeyQuota, LimitRefusal } from '../policy/key-limits.ts';
import type { KeyConfig } from '../ports/config.ts';
import type { SharedRoom } from '../ports/shared-room.ts';
import type { KeyKeeper } from './key-ledger.ts';

const app: KeyConfig = {
  name: 'app',
  sha256: sha256('sk-app'),
  lane: 'standard',
  models: null,
  regions: null,
  limits: { requestsPerMinute: 1, tokensPerMinute: null, maxConcurrent: null },
};
const asApp = { authorization: 'Bearer sk-app' };
const refusal: LimitRefusal = { kind: 'requestLimit', retryAfterMs: 2_000, message: 'Too many.' };

/** Somebody elsewhere who answers when the test says so. */
class Elsewhere implements KeyKeeper {
  readonly settled: (number | null)[] = [];
  readonly #asked: Parameters<KeyQuota['ask']>[3][] = [];

  of(): KeyQuota {
    return { ask: (...[, , , done]) => this.#asked.push(done), levels: () => ({ requests: null, tokens: null }) };
  }

  adopt(): void {}
  close(): void {}

  admit(): void {
    this.#asked.shift()?.(ok({ settle: (tokens) => this.settled.push(tokens), cancel: () => this.settled.push(null) }));
  }

  refuse(): void {
    this.#asked.shift()?.(fail(refusal));
  }
}

test('nothing is sent before there is word, and what was used is told', () => {
  const keys = new Elsewhere();
  const rig = new Rig(config({ keys: [app] }), { keys });
  const client = rig.chat({}, asApp);
  assert.deepEqual([rig.sends.length, client.status], [0, null]);
  keys.admit();
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
  assert.deepEqual(keys.settled, [7]);
});

test('a refusal that comes later is told like one at once', () => {
  const keys = new Elsewhere();
  const rig = new Rig(config({ keys: [app] }), { keys });
  const client = rig.chat({}, asApp);
  keys.refuse();
  assert.deepEqual([client.status, client.headers['retry-after'], rig.sends.length], [429, '2', 0]);
});

test('whoever left meanwhile has used nothing', () => {
  const keys = new Elsewhere();
  const rig = new Rig(config({ keys: [app] }), { keys });
  rig.chat({}, asApp).leave();
  assert.equal(rig.exchanges[0]?.outcome, 'abandoned');
  keys.admit();
  assert.deepEqual([keys.settled, rig.sends.length, rig.bugs], [[null], 0, []]);
});

test('a stop does not wait for a word that does not come', () => {
  const keys = new Elsewhere();
  const rig = new Rig(config({ keys: [app] }), { keys });
  const client = rig.chat({}, asApp);
  let isOver = false;
  rig.gateway.drain('test', () => (isOver = true));
  rig.time.advance(30_000);
  assert.ok(isOver);
  assert.equal(client.status, 503);
  keys.admit();
  assert.deepEqual([keys.settled, rig.bugs], [[null], []]);
});

test('who finds no place of the shared ones waits, and is served when there is one', () => {
  let places = 0;
  const shared: SharedRoom = {
    members: 2,
    slots: () => ({ hasRoom: (inFlight) => inFlight < places, ended: () => {} }),
    rate: () => ({ waitMs: () => 0, charge: () => {} }),
    part: () => ({ fraction: 0.5, used: () => {} }),
  };
  const rig = new Rig(
    config({
      upstreams: { a: upstream({ baseUrl: 'http://a.test/v1', maxConcurrent: 5 }) },
      models: { m: model([target('a')]) },
    }),
    { shared },
  );
  const client = rig.chat();
  assert.deepEqual([rig.sends.length, client.status], [0, null]);
  places = 1;
  rig.gateway.onRoom();
  assert.equal(rig.sends.length, 1);
  rig.last.answer(200, completion());
  assert.equal(client.status, 200);
});
