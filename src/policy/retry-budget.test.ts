import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { RetryBudget } from './retry-budget.ts';

const at = monotonicMs;

function withdrawn(budget: RetryBudget, tries: number, now: number): number {
  return Array.from({ length: tries }, () => budget.tryWithdraw(at(now))).filter(Boolean).length;
}

test('a busy upstream may resend its share', () => {
  const budget = new RetryBudget(10);
  for (let send = 0; send < 1000; send++) budget.onSend(at(send));
  assert.equal(withdrawn(budget, 1000, 1000), 100);
});

test('a quiet gateway may resend three times in ten seconds', () => {
  const budget = new RetryBudget(10);
  budget.onSend(at(0));
  assert.equal(withdrawn(budget, 10, 0), 3);
  assert.equal(withdrawn(budget, 10, 9_999), 0);
  assert.equal(withdrawn(budget, 10, 10_000), 3);
});

test('the share is of the last thirty seconds only', () => {
  const budget = new RetryBudget(10);
  for (let send = 0; send < 1000; send++) budget.onSend(at(0));
  assert.equal(withdrawn(budget, 1000, 31_000), 3);
});

test('zero percent means no resend at all, the reserve included', () => {
  const budget = new RetryBudget(0);
  for (let send = 0; send < 1000; send++) budget.onSend(at(0));
  assert.equal(withdrawn(budget, 10, 0), 0);
  budget.reconfigure(1);
  assert.equal(withdrawn(budget, 100, 0), 10);
});

test('resends never exceed the larger of share and reserve in the window', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.boolean()), { maxLength: 300 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 50 }), (events, percent) => {
      const budget = new RetryBudget(percent);
      const [sends, resends]: [number[], number[]] = [[], []];
      let now = 0;
      for (const [pauseMs, resend] of events) {
        now += pauseMs;
        if (!resend) {
          budget.onSend(at(now));
          sends.push(now);
        } else if (budget.tryWithdraw(at(now))) {
          const inReserve = resends.filter((instant) => instant > now - 10_000).length < 3;
          const recent = (instants: number[], ms: number): number =>
            instants.filter((instant) => instant > now - ms).length;
          const inShare = (recent(resends, 27_000) + 1) * 100 <= percent * recent(sends, 30_000);
          assert.ok(inReserve || inShare);
          resends.push(now);
        }
      }
    }),
  );
});
