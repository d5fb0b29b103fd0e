import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { RetryBudget } from './retry-budget.ts';

const at = monotonicMs;

function withdrawn(budget: RetryBudget, tries: number, now: number, tokens = 100): number {
  return Array.from({ length: tries }, () => budget.tryWithdraw(tokens, at(now))).filter(Boolean).length;
}

test('a busy upstream may be sent a share of its tokens again', () => {
  const budget = new RetryBudget(10);
  for (let send = 0; send < 1000; send++) budget.onSend(100, at(send));
  assert.equal(budget.left(at(1000)), 10_000);
  assert.equal(withdrawn(budget, 1000, 1000), 100);
  assert.equal(budget.left(at(1000)), 0);
});

test('a long prompt takes as much of the share as many short ones', () => {
  const budget = new RetryBudget(10);
  for (let send = 0; send < 1000; send++) budget.onSend(100, at(send));
  assert.equal(withdrawn(budget, 5, 1000, 4_000), 2);
  assert.equal(withdrawn(budget, 1000, 1000), 20);
});

test('a quiet gateway may resend three short prompts in ten seconds', () => {
  const budget = new RetryBudget(10);
  budget.onSend(100, at(0));
  assert.equal(withdrawn(budget, 10, 0), 3);
  assert.equal(withdrawn(budget, 10, 9_999), 0);
  assert.equal(withdrawn(budget, 10, 10_000), 3);
});

test('or one prompt, however long', () => {
  const budget = new RetryBudget(10);
  budget.onSend(200_000, at(0));
  assert.equal(withdrawn(budget, 3, 0, 200_000), 1);
  assert.equal(withdrawn(budget, 3, 9_999, 10), 0);
  assert.equal(withdrawn(budget, 3, 10_000, 3_000), 1, 'two of them are more than the reserve');
  assert.equal(withdrawn(budget, 3, 10_001, 1_000), 1);
});

test('the share is of the last thirty seconds only', () => {
  const budget = new RetryBudget(10);
  for (let send = 0; send < 1000; send++) budget.onSend(100, at(0));
  assert.equal(withdrawn(budget, 1000, 31_000), 3);
});

test('zero percent means no resend at all, the reserve included', () => {
  const budget = new RetryBudget(0);
  for (let send = 0; send < 1000; send++) budget.onSend(100, at(0));
  assert.equal(withdrawn(budget, 10, 0), 0);
  budget.reconfigure(1);
  assert.equal(withdrawn(budget, 100, 0), 10);
});

test('after a cut of the window nothing is sent again for five seconds', () => {
  const budget = new RetryBudget(10);
  assert.ok(budget.calmUntil < 0, 'not cut yet');
  budget.onCut(at(2_000));
  assert.equal(budget.calmUntil, 7_000);
  budget.onCut(at(4_000));
  assert.equal(budget.calmUntil, 9_000, 'the last one counts');
});

test('resent tokens never exceed the larger of share and reserve in the window', () => {
  const size = fc.integer({ min: 1, max: 20_000 });
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.boolean(), size), { maxLength: 300 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 50 }), (events, percent) => {
      const budget = new RetryBudget(percent);
      const [sends, resends]: [Sent[], Sent[]] = [[], []];
      let now = 0;
      for (const [pauseMs, resend, tokens] of events) {
        now += pauseMs;
        if (!resend) {
          budget.onSend(tokens, at(now));
          sends.push({ at: now, tokens });
        } else if (budget.tryWithdraw(tokens, at(now))) {
          const lately = since(resends, now - 10_000);
          const inReserve = lately.length === 0 || (lately.length < 3 && sum(lately) + tokens <= 4_096);
          const inShare =
            (sum(since(resends, now - 27_000)) + tokens) * 100 <= percent * sum(since(sends, now - 30_000));
          assert.ok(inReserve || inShare);
          resends.push({ at: now, tokens });
        }
      }
    }),
  );
});

interface Sent {
  readonly at: number;
  readonly tokens: number;
}

const since = (sent: readonly Sent[], instant: number): Sent[] => sent.filter((one) => one.at > instant);
const sum = (sent: readonly Sent[]): number => sent.reduce((total, { tokens }) => total + tokens, 0);
