import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs, wallMs } from '../kernel/brands.ts';
import { Baseline, Burst, type BurstCircumstances } from './burst.ts';

const easy: BurstCircumstances = { lane: 'standard', fleetHasRoom: true, overloaded: false };
const minute = (number: number): ReturnType<typeof monotonicMs> => monotonicMs(number * 60_000);

test('a modest key may use a fifth more while the fleet has room', () => {
  const burst = new Burst(100);
  assert.equal(burst.limit(easy, minute(0)), 120);
  assert.equal(burst.limit({ ...easy, fleetHasRoom: false }, minute(0)), 100);
});

test('batch never bursts in overload', () => {
  const burst = new Burst(100);
  assert.equal(burst.limit({ ...easy, lane: 'batch', overloaded: true }, minute(0)), 100);
  assert.equal(burst.limit({ ...easy, lane: 'batch' }, minute(0)), 120);
});

test('what was taken beyond the limit comes off the next minute, which cannot burst', () => {
  const burst = new Burst(100);
  burst.onUsed(115, minute(0));
  assert.equal(burst.limit(easy, minute(1)), 85);
  burst.onUsed(85, minute(1));
  assert.equal(burst.limit(easy, minute(2)), 120);
});

test('a minute of rest repays too', () => {
  const burst = new Burst(100);
  burst.onUsed(120, minute(0));
  assert.equal(burst.limit(easy, minute(2)), 120);
});

test('over many minutes at the brim nobody gets more than its limit and one burst', () => {
  const burst = new Burst(100);
  let total = 0;
  for (let now = 0; now < 50; now++) {
    const amount = burst.limit(easy, minute(now));
    burst.onUsed(amount, minute(now));
    total += amount;
  }
  assert.ok(total <= 50 * 100 + 20, `${total}`);
});

test('who used most of its limit over the hour does not burst, and may again an hour later', () => {
  const burst = new Burst(100);
  for (let now = 0; now < 60; now++) burst.onUsed(90, minute(now));
  assert.equal(burst.limit(easy, minute(60)), 100);
  assert.equal(burst.limit(easy, minute(125)), 120);
});

test('the baseline learns each hour of the week apart and survives being stored', () => {
  const monday = Date.UTC(2026, 10, 2, 9);
  const hours = (count: number): ReturnType<typeof wallMs> => wallMs(monday + count * 3_600_000);
  const baseline = new Baseline();
  baseline.onHour(100, hours(0));
  baseline.onHour(200, hours(168));
  baseline.onHour(7, hours(1));
  const stored = new Baseline(JSON.parse(JSON.stringify(baseline.state())));
  assert.equal(stored.usual(hours(336)), 130);
  assert.equal(stored.usual(hours(1)), 7);
  assert.equal(stored.usual(hours(2)), null);
  assert.equal(stored.state()[9], 130);
  assert.equal(new Baseline([1, 2, 3]).usual(hours(0)), null);
});
