import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { FirstTokenEstimate } from './first-token-estimate.ts';

const at = monotonicMs;

/** 100 ms fixed, 0.2 ms per token, for a minute. */
function learned(): FirstTokenEstimate {
  const target = new FirstTokenEstimate();
  for (let now = 0; now <= 60_000; now += 100) {
    target.onFirstToken(100, 100, at(now));
    target.onFirstToken(1_000, 300, at(now));
  }
  return target;
}

test('it learns the fixed part and the pace', () => {
  const target = learned();
  assert.ok(Math.abs(target.estimateMs(0, 0, 0, at(60_000)) - 100) < 1);
  assert.ok(Math.abs(target.estimateMs(5_000, 0, 0, at(60_000)) - 1_100) < 10);
});

test('prompts that are still unread count, a cached prefix does not', () => {
  const target = learned();
  const now = at(60_000);
  assert.equal(target.estimateMs(4_000, 3_000, 0, now), target.estimateMs(1_000, 0, 0, now));
  assert.equal(target.estimateMs(1_000, 0, 2_000, now), target.estimateMs(3_000, 0, 0, now));
  assert.equal(target.estimateMs(1_000, 9_000, 0, now), target.estimateMs(0, 0, 0, now));
});

test('a jam counts at once and is believed to end by itself', () => {
  const target = learned();
  target.onFirstToken(100, 5_000, at(60_001));
  assert.ok(target.estimateMs(0, 0, 0, at(60_002)) > 4_900);
  assert.ok(target.estimateMs(0, 0, 0, at(70_000)) < 2_000);
  assert.ok(target.estimateMs(0, 0, 0, at(120_000)) < 150);
});

test('a good time after a bad one is believed slowly', () => {
  const target = learned();
  target.onFirstToken(100, 5_000, at(60_000));
  target.onFirstToken(100, 100, at(61_000));
  assert.ok(target.estimateMs(0, 0, 0, at(61_000)) > 4_000);
});

test('a target nobody knows is worth a try until it is busy', () => {
  const target = new FirstTokenEstimate();
  assert.ok(target.estimateMs(1_000, 0, 0, at(0)) < 500);
  assert.ok(target.estimateMs(1_000, 0, 50_000, at(0)) > 5_000);
});

test('with long prompts alone the fixed part is in the pace', () => {
  const target = new FirstTokenEstimate();
  for (let now = 0; now <= 10_000; now += 100) target.onFirstToken(2_000, 500, at(now));
  assert.ok(Math.abs(target.estimateMs(2_000, 0, 0, at(10_000)) - 500) < 1);
});
