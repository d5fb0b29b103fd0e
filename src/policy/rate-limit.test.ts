import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs, wallMs } from '../kernel/brands.ts';
import type { BurstCircumstances } from './burst.ts';
import { RateLimit } from './rate-limit.ts';

const at = monotonicMs;
const room = (): BurstCircumstances => ({ lane: 'standard', fleetHasRoom: true, overloaded: false });
const full = (): BurstCircumstances => ({ lane: 'standard', fleetHasRoom: false, overloaded: true });
const newLimit = (perMinute: number): RateLimit =>
  new RateLimit(perMinute, { wall: () => wallMs(0), known: null, onLearned: () => {} });

/** Takes one after the other for as long as it may; answers how many. */
function takeAll(limit: RateLimit, now: number, circumstances = room): number {
  let taken = 0;
  for (; limit.waitMs(1, circumstances, at(now)) === 0; taken++) limit.charge(1, at(now));
  return taken;
}

test('with room in the fleet a fifth more than the limit may be taken, and is owed', () => {
  const limit = newLimit(100);
  assert.equal(takeAll(limit, 0, full), 100);
  assert.equal(takeAll(limit, 0), 20);
  // A second brings 1.67; what is owed comes first.
  assert.equal(takeAll(limit, 12_000, full), 0);
  assert.equal(takeAll(limit, 13_000, full), 1);
});

test('over many minutes at the brim nobody gets more than its limit and one loan', () => {
  const limit = newLimit(100);
  let taken = 0;
  for (let second = 0; second < 30 * 60; second++) taken += takeAll(limit, second * 1_000);
  // A whole bucket at first, then what flows in, and what is still owed at the end.
  assert.ok(taken <= 100 + 30 * 100 + 20, `${taken}`);
});

test('the circumstances are asked only when the bucket alone is not enough', () => {
  const limit = newLimit(2);
  assert.equal(
    limit.waitMs(1, () => assert.fail('asked'), at(0)),
    0,
  );
});

test('a limit of nothing lends nothing', () => {
  assert.equal(newLimit(0).waitMs(1, room, at(0)), Infinity);
});

test('what is usual at this hour lets a busy key burst, and learning is told', () => {
  let wall = Date.UTC(2026, 10, 2, 9);
  let learned = 0;
  const known = Array.from({ length: 168 }, () => 90 * 60);
  const limits = [known, null].map(
    (baseline) => new RateLimit(100, { wall: () => wallMs(wall), known: baseline, onLearned: () => learned++ }),
  );
  for (const limit of limits) {
    for (let minute = 0; minute < 60; minute++) limit.charge(90, at(minute * 60_000));
    limit.charge(100, at(59 * 60_000 + 59_000));
    limit.charge(-9, at(59 * 60_000 + 59_000));
  }
  const now = at(59 * 60_000 + 59_000);
  assert.deepEqual(
    limits.map((limit) => limit.waitMs(20, room, now) === 0),
    [true, false],
  );
  assert.equal(learned, 0);
  wall += 3_600_000;
  limits[1]?.charge(1, now);
  wall += 3_600_000;
  limits[1]?.charge(1, now);
  assert.equal(learned, 1);
});
