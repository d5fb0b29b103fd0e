import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { constantChance, seededChance } from '../../test/support/chance.ts';
import { backoffMs } from './backoff.ts';

const retry = { maxAttempts: 3, budgetPercent: 10, backoffMs: 500, backoffMsMax: 20_000 };

test('the ceiling doubles with every resend up to the maximum', () => {
  const highest = constantChance(1);
  const ceilings = [1, 2, 3, 6, 7, 1000].map((resend) => backoffMs(resend, retry, null, highest));
  assert.deepEqual(ceilings, [500, 1000, 2000, 16_000, 20_000, 20_000]);
});

test('the jitter is full: the wait may be nothing', () => {
  assert.equal(backoffMs(5, retry, null, constantChance(0)), 0);
});

test('what the upstream asked for wins, with up to a fifth on top', () => {
  assert.equal(backoffMs(1, retry, 30_000, constantChance(0)), 30_000);
  assert.equal(backoffMs(1, retry, 30_000, constantChance(1)), 36_000);
  assert.equal(backoffMs(1, retry, 0, constantChance(0.5)), 250);
});

test('never less than asked for, never more than the larger bound', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.option(fc.nat({ max: 100_000 })),
      fc.integer(),
      (resend, retryAfterMs, seed) => {
        const wait = backoffMs(resend, retry, retryAfterMs, seededChance(seed));
        assert.ok(wait >= (retryAfterMs ?? 0));
        assert.ok(wait <= Math.max(20_000, (retryAfterMs ?? 0) * 1.2));
      },
    ),
  );
});
