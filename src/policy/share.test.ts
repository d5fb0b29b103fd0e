import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { shares } from './share.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

test('shares come to the whole, and never to more', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.array(fc.nat(2_000), { minLength: 1, maxLength: 64 }), (whole, wanted) => {
      const given = shares(whole, wanted);
      assert.equal(sum(given), whole);
      assert.ok(given.every((share) => Number.isInteger(share) && share >= 0));
    }),
  );
});

test('nobody gets less than both its wish and an even part of the whole', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.array(fc.nat(2_000), { minLength: 1, maxLength: 64 }), (whole, wanted) => {
      const even = Math.floor(whole / wanted.length);
      for (const [at, share] of shares(whole, wanted).entries()) assert.ok(share >= Math.min(even, wanted[at] ?? 0));
    }),
  );
});

test('who wants little leaves the rest to others, and what nobody wants lies ready', () => {
  assert.deepEqual(shares(10, [1, 20]), [1, 9]);
  assert.deepEqual(shares(10, [20, 20]), [5, 5]);
  assert.deepEqual(shares(10, [0, 0]), [5, 5]);
  assert.deepEqual(shares(10, [4, 0, 0]), [6, 2, 2]);
});

test('a single place goes to whom wants it', () => {
  assert.deepEqual(shares(1, [0, 0, 1, 0]), [0, 0, 1, 0]);
  assert.equal(sum(shares(1, [1, 1, 1])), 1);
});

test('what is no wish counts as none', () => {
  assert.deepEqual(shares(4, [-3, Number.NaN, 4]), [0, 0, 4]);
  assert.deepEqual(shares(0, [1, 2]), [0, 0]);
});
