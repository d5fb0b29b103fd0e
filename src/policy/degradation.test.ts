import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { type Rung, rungs } from '../kernel/rung.ts';
import { Degradation } from './degradation.ts';

const all = new Set<Rung>(rungs);

/** A wait of so many percent of the objective, told every second from `from` until `to`. */
function wait(ladder: Degradation, percent: number, from: number, to: number): number {
  for (let now = from; now <= to; now += 1_000) ladder.onPredictedWait(percent, 100, monotonicMs(now));
  return ladder.level;
}

test('a rung is taken after five seconds above its threshold, not sooner', () => {
  const ladder = new Degradation('batch');
  assert.equal(wait(ladder, 51, 0, 4_000), 0);
  assert.equal(wait(ladder, 51, 5_000, 5_000), 1);
  assert.equal(wait(ladder, 51, 6_000, 60_000), 1);
});

test('each level has its threshold, and a moment below begins anew', () => {
  for (const [percent, level] of [50, 70, 90, 100, 101].entries()) {
    assert.equal(wait(new Degradation('batch'), level, 0, 10_000), percent);
  }
  const ladder = new Degradation('batch');
  wait(ladder, 60, 0, 4_000);
  wait(ladder, 40, 5_000, 5_000);
  assert.equal(wait(ladder, 60, 6_000, 10_000), 0);
});

test('it is left one level at a time, after half a minute below half of the threshold', () => {
  const ladder = new Degradation('batch');
  wait(ladder, 80, 0, 5_000);
  assert.equal(ladder.level, 2);
  assert.equal(wait(ladder, 36, 6_000, 100_000), 2);
  assert.equal(wait(ladder, 34, 101_000, 130_000), 2);
  assert.equal(wait(ladder, 34, 131_000, 131_000), 1);
  assert.equal(wait(ladder, 34, 132_000, 300_000), 1);
  assert.equal(wait(ladder, 0, 301_000, 331_000), 0);
});

test('only rungs that the model opted into are taken, and only batch is capped', () => {
  const ladder = new Degradation('batch');
  wait(ladder, 200, 0, 5_000);
  assert.deepEqual(ladder.active(all), ['capTokens', 'stale', 'cheaper', 'default']);
  assert.deepEqual(ladder.active(new Set<Rung>(['stale', 'shed'])), ['stale', 'shed']);
  assert.deepEqual(ladder.active(new Set()), []);
  const vip = new Degradation('vip');
  wait(vip, 200, 0, 5_000);
  assert.deepEqual(vip.active(all), ['stale', 'cheaper', 'default']);
});
