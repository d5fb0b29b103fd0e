import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, model, Rig, target, upstream } from '../../test/support/rig.ts';

/** A breaker that never opens: what is seen is the comparison. */
const patient = { ...config().breaker, consecutiveFailures: 1_000, minimumSends: 100_000 };

function rigOf(tierOfB: 'base' | 'peak'): Rig {
  return new Rig(
    config({
      upstreams: {
        a: upstream({ baseUrl: 'http://a.test/v1' }),
        b: upstream({ baseUrl: 'http://b.test/v1', tier: tierOfB }),
      },
      models: { m: model([target('a'), target('b')]) },
      breaker: patient,
    }),
  );
}

/** One streamed chat; `a` answers 500, `b` well. */
function converse(rig: Rig): string {
  const before = rig.sends.length;
  rig.stream();
  for (let at = before; at < rig.sends.length; at++) {
    const send = rig.sends[at];
    if (send?.host === 'a') send.answer(500, { error: { message: 'broken' } });
    else send?.say('Hello');
  }
  return rig.sends
    .slice(before)
    .map(({ host }) => host)
    .join('');
}

test('a target that does worse than those who could stand in for it is left out for a while', () => {
  const rig = rigOf('base');
  const talks = Array.from({ length: 60 }, () => converse(rig));
  assert.ok(
    talks.slice(0, 20).some((hosts) => hosts.startsWith('a')),
    'it was asked at first',
  );
  assert.deepEqual(new Set(talks.slice(-20)), new Set(['b']));
  rig.time.advance(31_000);
  const later = Array.from({ length: 200 }, () => converse(rig));
  assert.ok(
    later.some((hosts) => hosts.startsWith('a')),
    'and comes back',
  );
});

test('who is alone in its tier has nobody to be worse than', () => {
  const rig = rigOf('peak');
  const talks = Array.from({ length: 40 }, () => converse(rig));
  assert.deepEqual(new Set(talks), new Set(['ab']));
});
