import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardMix } from '../sim/workload.ts';
import { drawPlan, type Plan, tracePlan, wishAt } from './plan.ts';

const drawing = { mix: standardMix, requestsPerSecond: 50, durationMs: 60_000, seed: 7 };

function drawn(change: Partial<typeof drawing> = {}): Plan {
  const plan = drawPlan({ ...drawing, ...change });
  assert.ok(plan.ok);
  return plan.value;
}

test('a plan has the rate that was asked for, in order, and all of it within its time', () => {
  const plan = drawn();
  assert.ok(Math.abs(plan.count - 3_000) < 300, `${plan.count} requests`);
  assert.ok(plan.atMs.every((at, place) => place === 0 || at >= (plan.atMs[place - 1] ?? 0)));
  assert.ok((plan.atMs.at(-1) ?? 0) < 60_000);
});

test('the same seed plans the same, another one something else', () => {
  assert.deepEqual(drawn(), drawn());
  assert.notDeepEqual(drawn().atMs, drawn({ seed: 8 }).atMs);
});

test('a trace is replayed as fast as asked, and cut where asked', () => {
  const trace = Array.from({ length: 10 }, (_, at) =>
    JSON.stringify({ timestamp: at * 1_000, input_length: 100 + at, output_length: 5 }),
  ).join('\n');
  const plan = tracePlan(trace, { mix: standardMix, seed: 1, speedup: 10, durationMs: 500 });
  assert.ok(plan.ok);
  assert.deepEqual([...plan.value.atMs], [0, 100, 200, 300, 400]);
  assert.deepEqual(wishAt(plan.value, 3).promptTokens, 103);
});

test('what is empty or too much is refused in words', () => {
  const none = drawPlan({ ...drawing, requestsPerSecond: 0.001, durationMs: 1 });
  assert.ok(!none.ok && /no request/.test(none.error));
  const much = drawPlan({ ...drawing, requestsPerSecond: 20_000, durationMs: 3_600_000 });
  assert.ok(!much.ok && /2000000 requests at most/.test(much.error));
});
