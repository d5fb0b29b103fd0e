import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import type { KeyConfig } from '../ports/config.ts';
import type { Reservation } from './key-limits.ts';
import { KeyLimits } from './key-limits.ts';

const at = monotonicMs;
const none = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null };

function limitsOf(some: Partial<KeyConfig['limits']>): KeyLimits {
  return new KeyLimits({ ...none, ...some });
}

function reserved(limits: KeyLimits, tokens: number, now: number): Reservation {
  const result = limits.reserve(tokens, at(now));
  assert.ok(result.ok);
  return result.value;
}

function refused(limits: KeyLimits, tokens: number, now: number): { kind: string; retryAfterMs: number | null } {
  const result = limits.reserve(tokens, at(now));
  assert.ok(!result.ok);
  assert.match(result.error.message, /^This key /);
  return { kind: result.error.kind, retryAfterMs: result.error.retryAfterMs };
}

test('a key without limits is never refused but still counted', () => {
  const limits = limitsOf({});
  const held = Array.from({ length: 1000 }, () => reserved(limits, 1e9, 0));
  assert.equal(limits.inFlight, 1000);
  for (const reservation of held) reservation.settle(1, at(0));
  assert.equal(limits.inFlight, 0);
  assert.deepEqual(limits.levels(at(0)), { requests: null, tokens: null });
});

test('requests above the limit are refused with the time until the next one', () => {
  const limits = limitsOf({ requestsPerMinute: 2 });
  reserved(limits, 10, 0);
  reserved(limits, 10, 0);
  assert.deepEqual(refused(limits, 10, 0), { kind: 'requestLimit', retryAfterMs: 30_000 });
  assert.deepEqual(limits.levels(at(0)).requests, { limit: 2, remaining: 0, resetMs: 60_000 });
});

test('tokens above the limit are refused with the time until they fit', () => {
  const limits = limitsOf({ tokensPerMinute: 600 });
  reserved(limits, 500, 0);
  assert.deepEqual(refused(limits, 200, 0), { kind: 'tokenLimit', retryAfterMs: 10_000 });
  assert.deepEqual(limits.levels(at(0)).tokens, { limit: 600, remaining: 100, resetMs: 50_000 });
});

test('when requests and tokens both refuse, the longer wait is told', () => {
  const limits = limitsOf({ requestsPerMinute: 1, tokensPerMinute: 60 });
  reserved(limits, 60, 0);
  assert.deepEqual(refused(limits, 1, 0), { kind: 'requestLimit', retryAfterMs: 60_000 });
  assert.deepEqual(refused(limitsAfter60(), 60, 0), { kind: 'tokenLimit', retryAfterMs: 60_000 });
});

function limitsAfter60(): KeyLimits {
  const limits = limitsOf({ requestsPerMinute: 2, tokensPerMinute: 60 });
  reserved(limits, 60, 0);
  return limits;
}

test('exchanges at once are bounded, and nobody can say for how long', () => {
  const limits = limitsOf({ maxConcurrent: 1, requestsPerMinute: 10, tokensPerMinute: 10 });
  const first = reserved(limits, 1, 0);
  assert.deepEqual(refused(limits, 1, 0), { kind: 'concurrencyLimit', retryAfterMs: null });
  first.settle(1, at(0));
  reserved(limits, 1, 0);
});

test('a refusal charges none of the three', () => {
  const limits = limitsOf({ requestsPerMinute: 10, tokensPerMinute: 100, maxConcurrent: 5 });
  const before = limits.levels(at(0));
  reserved(limits, 100, 0).cancel(at(0));
  reserved(limits, 90, 0);
  for (let tries = 0; tries < 20; tries++) refused(limits, 50, 0);
  assert.equal(limits.levels(at(0)).requests?.remaining, (before.requests?.remaining ?? 0) - 1);
  assert.equal(limits.levels(at(0)).tokens?.remaining, 10);
  assert.equal(limits.inFlight, 1);
});

test('a cancelled reservation gives back tokens, slot and request', () => {
  const limits = limitsOf({ requestsPerMinute: 1, tokensPerMinute: 100, maxConcurrent: 1 });
  reserved(limits, 80, 0).cancel(at(0));
  assert.equal(limits.inFlight, 0);
  assert.deepEqual(limits.levels(at(0)).requests, { limit: 1, remaining: 1, resetMs: 0 });
  assert.deepEqual(limits.levels(at(0)).tokens, { limit: 100, remaining: 100, resetMs: 0 });
});

test('of settle and cancel only the first counts', () => {
  const limits = limitsOf({ requestsPerMinute: 5, tokensPerMinute: 100, maxConcurrent: 5 });
  const reservation = reserved(limits, 50, 0);
  reservation.settle(70, at(0));
  reservation.settle(10, at(0));
  reservation.cancel(at(0));
  assert.equal(limits.inFlight, 0);
  assert.equal(limits.levels(at(0)).tokens?.remaining, 30);
  assert.equal(limits.levels(at(0)).requests?.remaining, 4);
});

test('a reservation larger than a whole minute waits for a full bucket and then leaves a debt', () => {
  const limits = limitsOf({ tokensPerMinute: 60 });
  const small = reserved(limits, 6, 0);
  assert.deepEqual(refused(limits, 600, 0), { kind: 'tokenLimit', retryAfterMs: 6_000 });
  small.settle(6, at(0));
  reserved(limits, 600, 6_000);
  assert.deepEqual(refused(limits, 1, 6_000), { kind: 'tokenLimit', retryAfterMs: 541_000 });
});

test('a refusal says in whole seconds how long to wait, never too short', () => {
  const limits = limitsOf({ requestsPerMinute: 50 });
  for (let taken = 0; taken < 50; taken++) reserved(limits, 1, 0);
  const result = limits.reserve(1, at(0));
  assert.equal(
    result.ok ? '' : result.error.message,
    'This key is limited to 50 requests per minute. Try again in 2 s.',
  );
});

test('a limit of zero means none at all, not no limit', () => {
  assert.deepEqual(refused(limitsOf({ requestsPerMinute: 0 }), 1, 0), { kind: 'requestLimit', retryAfterMs: null });
  assert.deepEqual(refused(limitsOf({ tokensPerMinute: 0 }), 1, 0), { kind: 'tokenLimit', retryAfterMs: null });
  assert.deepEqual(refused(limitsOf({ maxConcurrent: 0 }), 1, 0), { kind: 'concurrencyLimit', retryAfterMs: null });
});

test('less than one request per minute still gives one now and then', () => {
  const limits = limitsOf({ requestsPerMinute: 0.5 });
  reserved(limits, 1, 0);
  assert.deepEqual(refused(limits, 1, 0), { kind: 'requestLimit', retryAfterMs: 120_000 });
});

test('a reload keeps what is used and lets reservations in flight settle', () => {
  const limits = limitsOf({ tokensPerMinute: 1000, maxConcurrent: 2 });
  const reservation = reserved(limits, 500, 0);
  limits.update({ ...none, tokensPerMinute: 100, maxConcurrent: 1, requestsPerMinute: 5 });
  assert.equal(limits.levels(at(0)).tokens?.remaining, 50);
  assert.deepEqual(refused(limits, 1, 0).kind, 'concurrencyLimit');
  reservation.cancel(at(0));
  assert.equal(limits.inFlight, 0);
  assert.equal(limits.levels(at(0)).requests?.remaining, 5);
});

test('a limit that a reload adds or removes does not see reservations made before', () => {
  const limits = limitsOf({});
  const before = reserved(limits, 500, 0);
  limits.update({ ...none, tokensPerMinute: 100 });
  before.settle(600, at(0));
  assert.equal(limits.levels(at(0)).tokens?.remaining, 100);
  const during = reserved(limits, 50, 0);
  limits.update(none);
  during.settle(60, at(0));
  assert.equal(limits.inFlight, 0);
});

test('the sum charged is the sum settled, whatever the order, with nothing left in flight', () => {
  const uses = fc.array(
    fc.record({
      estimate: fc.integer({ min: 0, max: 5_000 }),
      actual: fc.integer({ min: 0, max: 20_000 }),
      end: fc.constantFrom('settle', 'cancel', 'settle twice', 'settle and cancel'),
      endsAfter: fc.nat({ max: 10 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(uses, (exchanges) => {
      // One unit per millisecond and time standing still: resetMs is exactly the sum charged.
      const limits = limitsOf({ tokensPerMinute: 60_000, requestsPerMinute: 60_000 });
      let [settledTokens, settledRequests] = [0, 0];
      const open: { endsAt: number; end: () => void }[] = [];
      for (const [turn, { estimate, actual, end, endsAfter }] of exchanges.entries()) {
        for (const due of open.filter((entry) => entry.endsAt === turn)) due.end();
        const result = limits.reserve(estimate, at(0));
        if (!result.ok) continue;
        const finish = (): void => {
          if (end === 'cancel') return result.value.cancel(at(0));
          settledTokens += actual;
          settledRequests++;
          result.value.settle(actual, at(0));
          if (end === 'settle twice') result.value.settle(actual + 1, at(0));
          if (end === 'settle and cancel') result.value.cancel(at(0));
        };
        open.push({ endsAt: turn + 1 + endsAfter, end: finish });
      }
      for (const late of open.filter((entry) => entry.endsAt >= exchanges.length)) late.end();
      assert.equal(limits.inFlight, 0);
      assert.equal(limits.levels(at(0)).tokens?.resetMs, settledTokens);
      assert.equal(limits.levels(at(0)).requests?.resetMs, settledRequests);
    }),
  );
});
