import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirstTokenTimes } from './first-token-times.ts';

function told(times: FirstTokenTimes, promptTokens: number, count: number): void {
  for (let sample = 1; sample <= count; sample++) times.add(promptTokens, sample * 10);
}

test('nothing is usual before twenty were seen', () => {
  const times = new FirstTokenTimes();
  told(times, 100, 19);
  assert.equal(times.usualMsMost(100), null);
  times.add(100, 200);
  assert.equal(times.usualMsMost(100), 190, 'nineteen of twenty');
});

test('prompts of another size have a usual time of their own, and very long ones have none', () => {
  const times = new FirstTokenTimes();
  told(times, 100, 20);
  told(times, 10_000, 50);
  assert.equal(times.usualMsMost(511), 190);
  assert.equal(times.usualMsMost(512), null);
  assert.equal(times.usualMsMost(10_000), null);
});

test('what was long ago is forgotten', () => {
  const times = new FirstTokenTimes();
  told(times, 100, 100);
  for (let sample = 0; sample < 100; sample++) times.add(100, 5);
  assert.equal(times.usualMsMost(100), 5);
});
