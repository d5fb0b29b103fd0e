import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HealthVerdict } from './health-verdict.ts';

test('an upstream nobody has asked yet is healthy', () => {
  assert.equal(new HealthVerdict(3, 2).healthy, true);
});

test('so many bad results in a row are needed, and one good one breaks the row', () => {
  const verdict = new HealthVerdict(3, 2);
  assert.deepEqual(
    [false, false, true, false, false].map((good) => verdict.onResult(good)),
    Array(5).fill(false),
  );
  assert.equal(verdict.onResult(false), true);
  assert.equal(verdict.healthy, false);
});

test('coming back needs its own number in a row', () => {
  const verdict = new HealthVerdict(1, 2);
  assert.equal(verdict.onResult(false), true);
  assert.deepEqual(
    [true, false, true].map((good) => verdict.onResult(good)),
    [false, false, false],
  );
  assert.equal(verdict.onResult(true), true);
  assert.equal(verdict.healthy, true);
});

test('the verdict changes exactly when told, and only after enough in a row', () => {
  const needed = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(needed, needed, fc.array(fc.boolean(), { maxLength: 100 }), (unhealthyAfter, healthyAfter, results) => {
      const verdict = new HealthVerdict(unhealthyAfter, healthyAfter);
      for (const [index, good] of results.entries()) {
        const before = verdict.healthy;
        const changed = verdict.onResult(good);
        assert.equal(changed, verdict.healthy !== before);
        if (!changed) continue;
        const row = results.slice(index + 1 - (before ? unhealthyAfter : healthyAfter), index + 1);
        assert.ok(row.every((result) => result === good));
      }
    }),
  );
});
