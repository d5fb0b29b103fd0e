// Tiers: own capacity comes first, the paid one when it is of use.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { as, key } from '../../test/support/rig-keys.ts';

/** Vips expect a first token within 1.5 s. */
const rigOf = (tierOfB: 'base' | 'peak' = 'peak'): Rig =>
  new Rig(
    config({
      upstreams: {
        a: upstream({ baseUrl: 'http://a.test/v1' }),
        b: upstream({ baseUrl: 'http://b.test/v1', tier: tierOfB }),
      },
      models: { m: model([target('a', { weight: 9 }), target('b', { weight: tierOfB === 'peak' ? 9 : 1e-9 })]) },
      keys: [key('vip', { lane: 'vip' }), key('app')],
      lanes: { ...config().lanes, vip: { firstTokenMs: 1_500 } },
    }),
  );

/** Who is asked for a stream of this key, which begins after so long. */
function asked(rig: Rig, name: string, firstTokenMs: number): string {
  const before = rig.sends.length;
  rig.stream({}, as(name));
  const send = rig.sends[before];
  assert.ok(send !== undefined);
  rig.time.advance(firstTokenMs);
  send.say('Hi');
  return send.host;
}

test('a vip passes by a base that would begin too late for it, others do not', () => {
  const rig = rigOf();
  assert.equal(asked(rig, 'vip', 100), 'a');
  assert.equal(asked(rig, 'app', 1_200), 'a');
  assert.equal(asked(rig, 'vip', 100), 'b');
  assert.equal(asked(rig, 'app', 100), 'a');
  rig.time.advance(30_000);
  assert.equal(asked(rig, 'vip', 100), 'a', 'the base is quick again');
});

test('where the next tier would be no sooner in time, a vip goes to the base', () => {
  const rig = rigOf();
  asked(rig, 'app', 1_200);
  assert.equal(asked(rig, 'vip', 1_200), 'b');
  assert.equal(asked(rig, 'vip', 1_200), 'a');
});

test('the other variant of a tier is no way out: 90 stays 90', () => {
  const rig = rigOf('base');
  asked(rig, 'app', 1_200);
  assert.equal(asked(rig, 'vip', 100), 'a');
});
