import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fairLevel, jain, quantile } from './statistics.ts';

test('Jain is one among equals and one in n when one has all', () => {
  assert.equal(jain([3, 3, 3]), 1);
  assert.equal(jain([9, 0, 0]), 1 / 3);
  assert.equal(jain([]), null);
});

test('what small askers leave is shared equally among the others', () => {
  assert.equal(fairLevel([1, 10, 20], 11), 5);
  assert.equal(fairLevel([1, 2, 3], 11), Number.POSITIVE_INFINITY);
});

test('a quantile is one of the values', () => {
  assert.equal(quantile([5, 1, 3, 2, 4], 0.5), 3);
  assert.equal(quantile([1, 2], 0.99), 2);
  assert.equal(quantile([], 0.5), null);
});
