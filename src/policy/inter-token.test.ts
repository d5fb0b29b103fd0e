import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs as at } from '../kernel/brands.ts';
import { InterTokenTimes } from './inter-token.ts';

function judged(times: InterTokenTimes, gapMs: number, now: number): 'slow' | 'well' | null {
  for (let turn = 0; turn < 50; turn++) times.add(gapMs, 1);
  return times.judge(at(now));
}

test('a few gaps say nothing', () => {
  const times = new InterTokenTimes(100);
  judged(times, 40, 0);
  for (let turn = 0; turn < 19; turn++) times.add(400, 1);
  assert.equal(times.judge(at(1_000)), null);
  times.add(400, 1);
  assert.equal(times.judge(at(1_000)), 'slow');
});

test('slow is slower than asked for', () => {
  const times = new InterTokenTimes(100);
  assert.equal(judged(times, 40, 0), 'well');
  assert.equal(judged(times, 99, 1_000), 'well');
  assert.equal(judged(times, 101, 2_000), 'slow');
});

test('several tokens in one event share its gap', () => {
  const times = new InterTokenTimes(100);
  for (let turn = 0; turn < 10; turn++) times.add(400, 8);
  assert.equal(times.meanMs(), 50);
  assert.equal(times.judge(at(0)), 'well');
});

test('short steps and long ones are told by their mean', () => {
  const times = new InterTokenTimes(100);
  for (let turn = 0; turn < 60; turn++) times.add(turn % 3 === 0 ? 250 : 40, 1);
  assert.equal(times.meanMs(), 110);
});

test('one stalled stream is not a slow engine', () => {
  const times = new InterTokenTimes(100);
  for (let turn = 0; turn < 50; turn++) times.add(40, 1);
  times.add(60_000, 1);
  assert.equal(times.judge(at(0)), 'well');
});

test('an engine that never meets the objective is slow against its own best', () => {
  const times = new InterTokenTimes(100);
  assert.equal(judged(times, 200, 0), 'well');
  assert.equal(judged(times, 290, 1_000), 'well');
  assert.equal(judged(times, 310, 2_000), 'slow');
});

test('gaps count once, and those forgotten never', () => {
  const times = new InterTokenTimes(100);
  judged(times, 500, 0);
  assert.equal(times.judge(at(1_000)), null);
  for (let turn = 0; turn < 50; turn++) times.add(500, 1);
  times.forget();
  assert.equal(times.judge(at(2_000)), null);
});

test('what is no gap is ignored', () => {
  const times = new InterTokenTimes(100);
  times.add(100, 0);
  times.add(-5, 3);
  times.add(Number.NaN, 3);
  assert.equal(times.meanMs(), null);
});
