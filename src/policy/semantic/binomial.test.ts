import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerBound, upperBound } from './binomial.ts';

const near = (value: number, expected: number): void =>
  assert.ok(Math.abs(value - expected) < 1e-4, `${value} is not ${expected}`);

test('the bounds are those of the tables', () => {
  near(upperBound(0, 300), 1 - 0.05 ** (1 / 300));
  near(upperBound(1, 300), 0.015718);
  near(upperBound(3, 10), 0.606624);
  near(lowerBound(3, 10), 0.087264);
  near(lowerBound(10, 10), 0.05 ** (1 / 10));
});

test('nothing seen says nothing, and the bounds hold what was seen between them', () => {
  assert.deepEqual([upperBound(0, 0), upperBound(5, 5), lowerBound(0, 50)], [1, 1, 0]);
  for (const trials of [1, 7, 300, 4_000]) {
    for (const wrong of [0, 1, Math.floor(trials / 3)]) {
      assert.ok(lowerBound(wrong, trials) <= wrong / trials && wrong / trials <= upperBound(wrong, trials));
    }
  }
});
