import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { Burst, type BurstCircumstances } from './burst.ts';

const easy: BurstCircumstances = { lane: 'standard', fleetHasRoom: true, overloaded: false };
const limit = { perMinute: 100, owed: 0, usualPerMinute: null };
const minute = (number: number): ReturnType<typeof monotonicMs> => monotonicMs(number * 60_000);

/** A key that has used so much in each minute of the last hour. */
function busy(perMinute: number): Burst {
  const burst = new Burst();
  for (let now = 0; now < 60; now++) burst.onUsed(perMinute, minute(now));
  return burst;
}

test('a modest key may use a fifth more while the fleet has room', () => {
  const burst = new Burst();
  assert.equal(burst.extra(limit, easy, minute(0)), 20);
  assert.equal(burst.extra(limit, { ...easy, fleetHasRoom: false }, minute(0)), 0);
});

test('batch never bursts in overload', () => {
  const burst = new Burst();
  assert.equal(burst.extra(limit, { ...easy, lane: 'batch', overloaded: true }, minute(0)), 0);
  assert.equal(burst.extra(limit, { ...easy, lane: 'batch' }, minute(0)), 20);
  assert.equal(burst.extra(limit, { ...easy, overloaded: true }, minute(0)), 20);
});

test('a loan grows within its minute only, and a new one is given once it is repaid', () => {
  const burst = new Burst();
  assert.equal(burst.extra(limit, easy, minute(0)), 20);
  assert.equal(burst.extra({ ...limit, owed: 10 }, easy, monotonicMs(59_999)), 20);
  assert.equal(burst.extra({ ...limit, owed: 10 }, easy, minute(1)), 0);
  assert.equal(burst.extra({ ...limit, owed: 1 }, easy, minute(9)), 0);
  assert.equal(burst.extra(limit, easy, minute(10)), 20);
});

test('who used most of its limit over the hour does not burst, and may again an hour later', () => {
  const burst = busy(80);
  assert.equal(burst.extra(limit, easy, minute(59)), 0);
  assert.equal(burst.extra(limit, easy, minute(120)), 20);
  assert.equal(busy(79).extra(limit, easy, minute(59)), 20);
});

test('who is as busy as it usually is at this hour may burst up to 95 % of its limit', () => {
  const burst = busy(90);
  assert.equal(burst.extra({ ...limit, usualPerMinute: 82 }, easy, minute(59)), 20);
  assert.equal(burst.extra({ ...limit, usualPerMinute: 80 }, easy, minute(59)), 0, 'busier than usual');
  assert.equal(busy(95).extra({ ...limit, usualPerMinute: 100 }, easy, minute(59)), 0);
});
