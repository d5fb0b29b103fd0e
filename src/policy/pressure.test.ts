import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { lanes } from '../kernel/lane.ts';
import type { Vitals } from '../ports/vitals.ts';
import { Pressure } from './pressure.ts';

const calm: Vitals = { eventLoopLagMs: 2, heapShare: 0.3, socketShare: 0.1 };
const at = monotonicMs;
const shed = (pressure: Pressure): string[] => lanes.filter((lane) => pressure.sheds(lane));

test('any one reading above its maximum sheds batch at once', () => {
  for (const one of [{ eventLoopLagMs: 51 }, { heapShare: 0.81 }, { socketShare: 0.81 }]) {
    const pressure = new Pressure();
    assert.equal(pressure.onVitals(calm, at(0)), false);
    assert.equal(pressure.onVitals({ ...calm, ...one }, at(1)), true);
    assert.deepEqual(shed(pressure), ['batch']);
  }
});

test('standard follows when that did not help within a second, vip never', () => {
  const pressure = new Pressure();
  const bad = { ...calm, heapShare: 0.99 };
  for (let now = 0; now < 1_000; now += 100) pressure.onVitals(bad, at(now));
  assert.deepEqual(shed(pressure), ['batch']);
  assert.equal(pressure.onVitals(bad, at(1_000)), true);
  for (let now = 1_000; now < 60_000; now += 100) pressure.onVitals(bad, at(now));
  assert.deepEqual(shed(pressure), ['standard', 'batch']);
});

test('above the first maxima only, standard is spared however long it lasts', () => {
  const pressure = new Pressure();
  const high = { eventLoopLagMs: 249, heapShare: 0.89, socketShare: 0.89 };
  for (let now = 0; now < 60_000; now += 250) pressure.onVitals(high, at(now));
  assert.deepEqual(shed(pressure), ['batch']);
});

test('it lets go one lane at a time, after five calm seconds each', () => {
  const pressure = new Pressure();
  pressure.onVitals({ ...calm, eventLoopLagMs: 300 }, at(0));
  pressure.onVitals({ ...calm, eventLoopLagMs: 300 }, at(1_000));
  // Below the maximum but not calm: nothing moves.
  for (let now = 2_000; now < 30_000; now += 500) pressure.onVitals({ ...calm, eventLoopLagMs: 45 }, at(now));
  assert.deepEqual(shed(pressure), ['standard', 'batch']);
  pressure.onVitals(calm, at(30_000));
  assert.equal(pressure.onVitals(calm, at(34_999)), false);
  assert.equal(pressure.onVitals(calm, at(35_000)), true);
  assert.deepEqual(shed(pressure), ['batch']);
  pressure.onVitals(calm, at(40_000));
  assert.deepEqual(shed(pressure), []);
});
