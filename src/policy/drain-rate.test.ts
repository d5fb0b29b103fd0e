import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { constantChance, seededChance } from '../../test/support/chance.ts';
import { monotonicMs } from '../kernel/brands.ts';
import { DrainRate, truthfulRetryAfterMs } from './drain-rate.ts';

const at = monotonicMs;

function served(times: number, everyMs: number, from = 0, rate = new DrainRate()): DrainRate {
  for (let turn = 0; turn < times; turn++) rate.onServed(at(from + turn * everyMs));
  return rate;
}

function near(actual: number | null, expected: number, share: number): void {
  assert.ok(actual !== null && Math.abs(actual - expected) <= expected * share, `${actual} is not near ${expected}`);
}

test('knows nothing before it has seen a few', () => {
  assert.equal(new DrainRate().waitMs(0, at(0)), null);
  assert.equal(served(2, 100).waitMs(0, at(200)), null);
  assert.notEqual(served(3, 100).waitMs(0, at(200)), null);
});

test('a steady drain is told within a tenth', () => {
  near(served(600, 100).waitMs(9, at(59_900)), 1000, 0.1);
  near(served(50, 100).waitMs(9, at(4_900)), 1000, 0.1);
  near(served(60, 2000).waitMs(0, at(118_000)), 2000, 0.15);
});

test('a changed drain is learned within half a minute', () => {
  const rate = served(300, 100);
  served(60, 500, 30_000, rate);
  near(rate.waitMs(0, at(59_500)), 500, 0.2);
});

test('a queue that stands still is seen to slow down', () => {
  const rate = served(300, 100);
  const soon = rate.waitMs(0, at(30_000)) ?? 0;
  const late = rate.waitMs(0, at(60_000)) ?? 0;
  assert.ok(late > 10 * soon);
});

test('a long quiet time does not make the next burst look slow', () => {
  const rate = served(10, 100);
  served(10, 100, 3_600_000, rate);
  near(rate.waitMs(0, at(3_600_900)), 100, 0.1);
  rate.onServed(at(7_200_000));
  assert.equal(rate.waitMs(0, at(7_200_000)), null);
});

test('the wait grows with those ahead', () => {
  fc.assert(
    fc.property(fc.nat({ max: 5000 }), fc.integer({ min: 1, max: 5000 }), (ahead, everyMs) => {
      const rate = served(20, everyMs);
      const now = at(20 * everyMs);
      const [one, next] = [rate.waitMs(ahead, now), rate.waitMs(ahead + 1, now)];
      assert.ok(one !== null && next !== null && one > 0 && next > one);
    }),
  );
});

test('what a client is told is the wait, a quarter more or less', () => {
  assert.equal(truthfulRetryAfterMs(4000, constantChance(0), 60_000), 3000);
  assert.equal(truthfulRetryAfterMs(4000, constantChance(1), 60_000), 5000);
});

test('an unknown wait is told as about a second, a tiny one as a quarter of a second', () => {
  assert.equal(truthfulRetryAfterMs(null, constantChance(0.5), 60_000), 1000);
  assert.equal(truthfulRetryAfterMs(3, constantChance(0.5), 60_000), 250);
});

test('the cap holds, and does not make everybody return at once', () => {
  const told = [1, 2, 3, 4, 5].map((seed) => truthfulRetryAfterMs(Infinity, seededChance(seed), 60_000));
  assert.equal(new Set(told).size, 5);
  assert.ok(told.every((ms) => ms <= 60_000 && ms >= 36_000 && Number.isInteger(ms)));
  assert.equal(truthfulRetryAfterMs(5000, constantChance(0), 100), 100);
});
