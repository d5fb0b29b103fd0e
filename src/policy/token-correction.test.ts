import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TokenCorrection } from './token-correction.ts';

function learned(ratio: number, times = 50, key: string | null = 'key'): TokenCorrection {
  const correction = new TokenCorrection();
  for (let turn = 0; turn < times; turn++) correction.learn('model', key, 1000, 1000 * ratio);
  return correction;
}

test('an unknown pair is taken at its raw estimate', () => {
  assert.equal(new TokenCorrection().estimate('model', 'key', 123), 123);
});

test('a steady ratio is learned within a dozen exchanges', () => {
  assert.ok(Math.abs(learned(2, 12).estimate('model', 'key', 1000) - 2000) < 100);
});

test('one outlier moves the estimate little', () => {
  const correction = learned(1);
  correction.learn('model', 'key', 10, 100_000);
  assert.ok(correction.estimate('model', 'key', 1000) <= 1600);
});

test('a key not seen yet borrows what the model taught, other models do not', () => {
  const correction = learned(2);
  assert.equal(correction.estimate('model', 'new key', 1000), 2000);
  assert.equal(correction.estimate('model', null, 1000), 2000);
  assert.equal(correction.estimate('other', 'key', 1000), 1000);
});

test('keys of one model learn apart', () => {
  const correction = new TokenCorrection();
  for (let turn = 0; turn < 50; turn++) {
    correction.learn('model', 'chinese', 1000, 2000);
    correction.learn('model', 'english', 1000, 500);
  }
  assert.equal(correction.estimate('model', 'chinese', 1000), 2000);
  assert.equal(correction.estimate('model', 'english', 1000), 500);
});

test('nothing is learned from nothing', () => {
  const correction = new TokenCorrection();
  for (const [raw, actual] of [
    [0, 100],
    [100, 0],
    [NaN, 1],
    [1, NaN],
    [-1, 1],
  ] as const)
    correction.learn('model', 'key', raw, actual);
  assert.equal(correction.estimate('model', 'key', 1000), 1000);
});

test('pairs are forgotten oldest first when there are too many', () => {
  const correction = learned(2);
  for (let key = 0; key < 10_000; key++) correction.learn('filler', `key ${key}`, 1000, 1000);
  assert.equal(correction.estimate('model', 'key', 1000), 1000);
  assert.equal(correction.estimate('filler', 'key 9999', 1000), 1000);
});

test('the correction stays between a quarter and four times', () => {
  const samples = fc.array(fc.tuple(fc.double({ min: 0, max: 1e12 }), fc.double({ min: 0, max: 1e12 })));
  fc.assert(
    fc.property(samples, (all) => {
      const correction = new TokenCorrection();
      for (const [raw, actual] of all) correction.learn('model', 'key', raw, actual);
      const estimate = correction.estimate('model', 'key', 1000);
      assert.ok(estimate >= 250 && estimate <= 4000);
    }),
  );
});
