import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chance } from '../ports/chance.ts';
import { earlyReject, predictedWaitMs } from './predicted-wait.ts';

const drawing = (value: number): Chance => ({ draw: () => value, hex: () => '' });
const outlook = { tokensAhead: 9_000, tokensPerSecond: 1_000, patienceMs: 10_000 };

test('a wait is the tokens ahead over the rate', () => {
  assert.equal(predictedWaitMs(500, 1_000), 500);
  assert.equal(predictedWaitMs(0, 0), 0);
  assert.equal(predictedWaitMs(1, 0), Infinity);
  assert.equal(predictedWaitMs(500, null), null);
});

test('who would wait more than nine tenths of its patience is refused on arrival', () => {
  assert.equal(earlyReject(outlook, drawing(0.5), 60_000), null);
  assert.deepEqual(earlyReject({ ...outlook, tokensAhead: 9_001 }, drawing(0.5), 60_000), {
    waitMs: 9_001,
    retryAfterMs: 9_001,
  });
});

test('nobody is refused on a guess, nor for having nobody ahead', () => {
  assert.equal(earlyReject({ ...outlook, tokensPerSecond: null, patienceMs: 1 }, drawing(0), 60_000), null);
  assert.equal(earlyReject({ ...outlook, tokensAhead: 0, tokensPerSecond: 0 }, drawing(0), 60_000), null);
});

test('who has no patience left is refused when anybody is ahead', () => {
  assert.notEqual(earlyReject({ ...outlook, patienceMs: -5 }, drawing(0), 60_000), null);
});

test('the told wait is spread by a quarter both ways and never above its maximum', () => {
  const long = { ...outlook, tokensAhead: 20_000 };
  const told = (draw: number, max: number): number | undefined => earlyReject(long, drawing(draw), max)?.retryAfterMs;
  assert.deepEqual([told(0, 60_000), told(1, 60_000)], [15_000, 25_000]);
  assert.ok((told(1, 10_000) ?? 0) <= 10_000);
  assert.ok((told(0, 10_000) ?? 0) < (told(1, 10_000) ?? 0));
  const standing = earlyReject({ ...long, tokensPerSecond: 0 }, drawing(0.9), 10_000);
  assert.ok((standing?.retryAfterMs ?? Infinity) <= 10_000);
});
