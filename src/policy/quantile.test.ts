import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantileOf, RecentNumbers, sorted } from './quantile.ts';

test('a quantile is the value at the nearest rank', () => {
  const ten = sorted([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.equal(quantileOf(ten, 0), 1);
  assert.equal(quantileOf(ten, 0.1), 1);
  assert.equal(quantileOf(ten, 0.5), 5);
  assert.equal(quantileOf(ten, 0.9), 9);
  assert.equal(quantileOf(ten, 1), 10);
  assert.ok(Number.isNaN(quantileOf([], 0.5)));
});

test('numbers are sorted as numbers', () => {
  assert.deepEqual(sorted([10, 9, 1]), [1, 9, 10]);
});

test('only the last numbers count', () => {
  const recent = new RecentNumbers(4);
  assert.ok(Number.isNaN(recent.quantile(0.5)));
  for (const value of [100, 100, 1, 2, 3, 4]) recent.add(value);
  assert.equal(recent.size, 4);
  assert.equal(recent.quantile(1), 4);
  assert.equal(recent.quantile(0), 1);
  recent.clear();
  recent.add(7);
  assert.equal(recent.size, 1);
  assert.equal(recent.quantile(0.9), 7);
});
