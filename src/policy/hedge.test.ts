import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HedgeBudget, type HedgeableSend, type HedgeSituation, lateAfterMs, mayHedge } from './hedge.ts';

const send: HedgeableSend = { lane: 'vip', promptTokens: 500, streamed: true, usualMsMost: 2_500 };
const situation: HedgeSituation = { contentSeen: false, attemptsLeft: 1, otherFill: 0.3 };

test('a first token is late when nearly all others came sooner, and never before a second is over', () => {
  assert.equal(lateAfterMs(send), 2_500);
  assert.equal(lateAfterMs({ ...send, usualMsMost: 80 }), 1_000);
});

test('only vips, streams, short prompts and known targets are hedged', () => {
  const others: Partial<HedgeableSend>[] = [
    { lane: 'standard' },
    { lane: 'batch' },
    { streamed: false },
    { promptTokens: 8_000 },
    { usualMsMost: null },
  ];
  for (const other of others) assert.equal(lateAfterMs({ ...send, ...other }), null, JSON.stringify(other));
  assert.notEqual(lateAfterMs({ ...send, promptTokens: 7_999 }), null);
});

test('nothing is asked twice of which content was seen, without attempts left, or where others need the room', () => {
  assert.ok(mayHedge(situation));
  const others: Partial<HedgeSituation>[] = [
    { contentSeen: true },
    { attemptsLeft: 0 },
    { otherFill: null },
    { otherFill: 0.7 },
  ];
  for (const other of others) assert.ok(!mayHedge({ ...situation, ...other }), JSON.stringify(other));
});

test('two per cent are one in fifty', () => {
  const budget = new HedgeBudget();
  assert.ok(!budget.tryWithdraw(), 'nothing is there before something was sent');
  for (let sent = 0; sent < 49; sent++) budget.onSend(2);
  assert.ok(!budget.hasRoom);
  budget.onSend(2);
  assert.ok(budget.tryWithdraw());
  assert.ok(!budget.tryWithdraw());
});

test('a quiet time saves up five at most', () => {
  const budget = new HedgeBudget();
  for (let sent = 0; sent < 10_000; sent++) budget.onSend(2);
  assert.equal(Array.from({ length: 20 }, () => budget.tryWithdraw()).filter(Boolean).length, 5);
});

test('hedges are never more than their share of the sends', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.array(fc.boolean(), { maxLength: 500 }), (percent, steps) => {
      const budget = new HedgeBudget();
      let [sent, hedged] = [0, 0];
      for (const wants of steps) {
        if (!wants) {
          budget.onSend(percent);
          sent++;
        } else if (budget.tryWithdraw()) hedged++;
        assert.ok(hedged * 100 <= percent * sent);
      }
    }),
  );
});
