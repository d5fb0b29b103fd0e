import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { TokenDrain } from './token-drain.ts';

/** Serves `tokens` every `everyMs` from `from` until `to`. */
function serve(drain: TokenDrain, tokens: number, everyMs: number, from: number, to: number): void {
  for (let now = from; now <= to; now += everyMs) drain.onServed(tokens, monotonicMs(now));
}

function rateAt(drain: TokenDrain, now: number): number {
  const rate = drain.tokensPerSecond(monotonicMs(now));
  assert.ok(rate !== null);
  return rate;
}

function near(value: number, expected: number, share: number): void {
  assert.ok(Math.abs(value - expected) <= share * expected, `${value}, not about ${expected}`);
}

test('no rate is told before enough were served over enough time', () => {
  const drain = new TokenDrain();
  drain.onQueue(true, monotonicMs(0));
  for (let at = 0; at < 20; at++) drain.onServed(100, monotonicMs(1));
  assert.equal(drain.tokensPerSecond(monotonicMs(2)), null);
  assert.ok(rateAt(drain, 600) > 0);
  const slow = new TokenDrain();
  slow.onQueue(true, monotonicMs(0));
  slow.onServed(100, monotonicMs(5_000));
  assert.equal(slow.tokensPerSecond(monotonicMs(9_000)), null);
});

test('a steady pace is told as it is, early and late', () => {
  const drain = new TokenDrain();
  drain.onQueue(true, monotonicMs(0));
  serve(drain, 500, 50, 50, 1_000);
  near(rateAt(drain, 1_000), 10_000, 0.05);
  serve(drain, 500, 50, 1_050, 60_000);
  near(rateAt(drain, 60_000), 10_000, 0.02);
});

test('time in which nobody waits does not count', () => {
  const drain = new TokenDrain();
  drain.onQueue(true, monotonicMs(0));
  serve(drain, 500, 50, 50, 5_000);
  drain.onQueue(false, monotonicMs(5_000));
  near(rateAt(drain, 65_000), 10_000, 0.02);
  drain.onQueue(true, monotonicMs(65_000));
  near(rateAt(drain, 65_000), 10_000, 0.02);
});

test('a queue that stands still is seen to slow down', () => {
  const drain = new TokenDrain();
  drain.onQueue(true, monotonicMs(0));
  serve(drain, 500, 50, 50, 20_000);
  assert.ok(rateAt(drain, 25_000) < 4_000);
  assert.ok(rateAt(drain, 40_000) < 300);
});

test('after a long quiet the old rate is forgotten', () => {
  const drain = new TokenDrain();
  drain.onQueue(true, monotonicMs(0));
  serve(drain, 500, 50, 50, 5_000);
  drain.onQueue(false, monotonicMs(5_000));
  drain.onQueue(true, monotonicMs(306_000));
  assert.equal(drain.tokensPerSecond(monotonicMs(307_000)), null);
});
