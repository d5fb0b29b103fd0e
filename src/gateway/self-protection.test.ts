// The process under pressure: who is refused, what is told, and what goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, Rig } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';
import { lanes } from '../kernel/lane.ts';

const calm = { eventLoopLagMs: 1, heapShare: 0.2, socketShare: 0.01 };
const late = { ...calm, eventLoopLagMs: 300 };

const settings = config({
  keys: lanes.map((lane) => ({
    name: lane,
    sha256: sha256(`sk-${lane}`),
    lane,
    models: null,
    regions: null,
    limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
  })),
});
const as = (lane: string): Record<string, string> => ({ authorization: `Bearer sk-${lane}` });

test('batch is refused first, then standard, vips never; what is under way is finished', () => {
  const rig = new Rig(settings);
  const under = rig.chat({}, as('batch'));
  rig.gateway.onVitals(late);
  const refused = rig.chat({}, as('batch'));
  assert.deepEqual([refused.status, refused.error.code], [503, 'server_is_overloaded']);
  assert.equal(refused.visit, null, 'its body was never asked for');
  assert.equal(refused.headers['x-should-retry'], 'false');
  assert.ok(Number(refused.headers['retry-after-ms']) >= 3_000);
  assert.equal(rig.chat({}, as('standard')).status, null);
  rig.time.advance(1_000);
  rig.gateway.onVitals(late);
  assert.equal(rig.chat({}, as('standard')).status, 503);
  assert.equal(rig.chat({}, as('vip')).status, null);
  rig.sends[0]?.answer(200, completion());
  assert.equal(under.status, 200);
  assert.equal(rig.exchanges.find(({ outcome }) => outcome === 'rejected')?.rejection, 'overloaded');
});

test('those refused together are not told to come back together', () => {
  const rig = new Rig(settings);
  rig.gateway.onVitals(late);
  const told = new Set(Array.from({ length: 20 }, () => rig.chat({}, as('batch')).headers['retry-after-ms']));
  assert.ok(told.size > 10);
});

test('it is told when it begins and ends, and gauges show how the process is', () => {
  const rig = new Rig(settings);
  rig.gateway.onVitals(late);
  assert.equal(rig.gauge('pressure_event_loop_lag_seconds'), 0.3);
  assert.equal(rig.gauge('pressure_shed'), 1);
  rig.time.advance(250);
  rig.gateway.onVitals(calm);
  rig.time.advance(5_000);
  rig.gateway.onVitals(calm);
  assert.deepEqual([rig.gauge('pressure_shed'), rig.gauge('pressure_heap_share')], [0, 0.2]);
  const told = rig.facts.flatMap((fact) => (fact.kind === 'pressure' ? [fact.sheds] : []));
  assert.deepEqual(told, [['batch'], []]);
  assert.equal(rig.chat({}, as('batch')).status, null);
});

test('a stranger is told that it is one, under pressure too', () => {
  const rig = new Rig(settings);
  rig.gateway.onVitals(late);
  assert.equal(rig.chat({}, { authorization: 'Bearer nobody' }).status, 401);
});
