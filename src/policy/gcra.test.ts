import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { Gcra } from './gcra.ts';

const at = monotonicMs;

test('a full bucket gives its burst at once and then one unit per interval', () => {
  const bucket = new Gcra(60, 3);
  for (let taken = 1; taken <= 3; taken++) assert.equal(bucket.take(1, at(0)).remaining, 3 - taken);
  assert.deepEqual(bucket.take(1, at(0)), { ok: false, waitMs: 1000, remaining: 0, resetMs: 3000 });
  assert.equal(bucket.take(1, at(999)).ok, false);
  assert.equal(bucket.take(1, at(1000)).ok, true);
});

test('a refused take charges nothing, and check never does', () => {
  const bucket = new Gcra(60, 5);
  bucket.take(3, at(0));
  assert.equal(bucket.take(3, at(0)).ok, false);
  assert.equal(bucket.check(2, at(0)).ok, true);
  assert.equal(bucket.check(0, at(0)).remaining, 2);
});

test('a cost above the burst never fits', () => {
  assert.deepEqual(new Gcra(60, 5).check(6, at(0)), { ok: false, waitMs: Infinity, remaining: 5, resetMs: 0 });
});

test('a rate of zero gives its burst once and never again', () => {
  const bucket = new Gcra(0, 1);
  assert.equal(bucket.take(1, at(0)).ok, true);
  assert.deepEqual(bucket.check(1, at(1e9)), { ok: false, waitMs: Infinity, remaining: 0, resetMs: Infinity });
});

test('a charge may go into debt, which must be drained before anything fits', () => {
  const bucket = new Gcra(60, 2);
  bucket.charge(5, at(0));
  assert.equal(bucket.check(1, at(0)).waitMs, 4000);
  assert.equal(bucket.check(0, at(0)).remaining, 0);
  assert.equal(bucket.check(0, at(0)).ok, false);
});

test('a refund never fills above full', () => {
  const bucket = new Gcra(60, 2);
  bucket.take(1, at(0));
  bucket.charge(-100, at(0));
  assert.equal(bucket.check(0, at(0)).remaining, 2);
});

test('an instant before the last one drains nothing and gives nothing back', () => {
  const bucket = new Gcra(60_000, 10);
  bucket.charge(10, at(100));
  assert.equal(bucket.check(1, at(50)).ok, false);
  bucket.charge(0, at(50));
  assert.equal(bucket.check(0, at(100)).remaining, 0);
});

test('lowering the limits keeps the used share, raising them keeps the used amount', () => {
  const lowered = new Gcra(100, 100);
  lowered.charge(50, at(0));
  lowered.reconfigure(10, 10);
  assert.equal(lowered.check(0, at(0)).remaining, 5);
  const raised = new Gcra(10, 10);
  raised.charge(10, at(0));
  raised.reconfigure(100, 100);
  assert.equal(raised.check(0, at(0)).remaining, 90);
  assert.deepEqual([raised.perMinute, raised.burst], [100, 100]);
  assert.equal(raised.check(0, at(0)).resetMs, 6_000);
  assert.equal(lowered.check(0, at(0)).resetMs, 30_000);
});

const steps = fc.array(fc.record({ pauseMs: fc.integer({ min: 0, max: 40 }), cost: fc.integer({ min: 1, max: 30 }) }), {
  maxLength: 200,
});

test('decides like the virtual schedule of the standard', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 40 }), (taken, burst) => {
      const bucket = new Gcra(60_000, burst);
      // One unit a millisecond: the schedule is in whole numbers, so the two must agree to the last decision.
      let now = 0;
      let theoreticalArrival = 0;
      for (const { pauseMs, cost } of taken) {
        now += pauseMs;
        const next = Math.max(theoreticalArrival, now) + cost;
        const fits = next - now <= burst;
        assert.equal(bucket.take(cost, at(now)).ok, fits);
        if (fits) theoreticalArrival = next;
      }
    }),
  );
});

test('who waits as long as told is let in, and not a millisecond earlier', () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 500_000 }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      (taken, perMinute, start) => {
        const bucket = new Gcra(perMinute, 30);
        let now = start;
        for (const { pauseMs, cost } of taken) {
          now += pauseMs;
          const { ok, waitMs } = bucket.take(cost, at(now));
          if (ok) continue;
          assert.ok(waitMs > 0);
          if (waitMs > 1.5) assert.equal(bucket.check(cost, at(now + waitMs - 1.5)).ok, false);
          now += waitMs;
          assert.equal(bucket.take(cost, at(now)).ok, true);
        }
      },
    ),
  );
});

test('never hands out more than the burst and what drained, over any span', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 40 }), (taken, burst) => {
      const bucket = new Gcra(30_000, burst);
      const grants: { at: number; cost: number }[] = [];
      let now = 0;
      for (const { pauseMs, cost } of taken) {
        now += pauseMs;
        if (bucket.take(cost, at(now)).ok) grants.push({ at: now, cost });
      }
      for (const [from, first] of grants.entries()) {
        let sum = 0;
        for (const grant of grants.slice(from)) {
          sum += grant.cost;
          assert.ok(sum <= burst + (grant.at - first.at) / 2 + 1e-3);
        }
      }
    }),
  );
});
