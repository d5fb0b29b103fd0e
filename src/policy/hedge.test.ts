import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { HedgeBudget, hedgeAfterMs, type HedgeQuestion, mayHedge } from './hedge.ts';

const good: HedgeQuestion = {
  lane: 'vip',
  shown: false,
  promptTokens: 7_999,
  otherInFlightTokens: 699,
  otherWindowTokens: 1_000,
};

test('a race starts after the usual worst first token, never within a second, never on a guess', () => {
  assert.deepEqual([hedgeAfterMs(400), hedgeAfterMs(2_500), hedgeAfterMs(null)], [1_000, 2_500, null]);
});

test('only a vip without content, with a short prompt and a free other target, may race', () => {
  assert.equal(mayHedge(good), true);
  assert.equal(mayHedge({ ...good, lane: 'standard' }), false);
  assert.equal(mayHedge({ ...good, shown: true }), false);
  assert.equal(mayHedge({ ...good, promptTokens: 8_000 }), false);
  assert.equal(mayHedge({ ...good, otherInFlightTokens: 700 }), false);
  assert.equal(mayHedge({ ...good, otherInFlightTokens: 0, otherWindowTokens: 0 }), false);
});

test('races take a fiftieth of the tokens at most, and nothing when nothing was sent', () => {
  const budget = new HedgeBudget();
  assert.equal(budget.tryWithdraw(1, monotonicMs(0)), false);
  let [sent, hedged] = [0, 0];
  for (let now = 0; now < 20_000; now += 10) {
    budget.onSend(1_000, monotonicMs(now));
    sent += 1_000;
    if (budget.tryWithdraw(1_000, monotonicMs(now))) hedged += 1_000;
    assert.ok(hedged <= 0.02 * sent);
  }
  assert.ok(hedged >= 0.018 * sent, `${hedged} of ${sent}`);
});

test('a quiet while saves nothing up', () => {
  const budget = new HedgeBudget();
  budget.onSend(1_000_000, monotonicMs(0));
  assert.equal(budget.tryWithdraw(1_000, monotonicMs(150_000)), false);
});
