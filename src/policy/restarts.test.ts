import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { Restarts } from './restarts.ts';

const at = monotonicMs;

test('who had served is replaced at once', () => {
  const restarts = new Restarts();
  assert.equal(restarts.delayMs(at(0), at(60_000)), 0);
  assert.equal(restarts.delayMs(at(60_000), at(120_000)), 0);
});

test('who ends soon after it began is given longer each time, up to half a minute', () => {
  const restarts = new Restarts();
  const delays = Array.from({ length: 12 }, () => restarts.delayMs(at(0), at(1_000)));
  assert.deepEqual(delays.slice(0, 4), [0, 200, 400, 800]);
  assert.equal(delays.at(-1), 30_000);
});

test('who never served waits from the first time on', () => {
  const restarts = new Restarts();
  assert.deepEqual([restarts.delayMs(null, at(0)), restarts.delayMs(null, at(0))], [100, 200]);
});

test('a while of service forgives what was before', () => {
  const restarts = new Restarts();
  for (let i = 0; i < 8; i++) restarts.delayMs(null, at(0));
  assert.equal(restarts.delayMs(at(0), at(10_000)), 0);
});
