import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { Brim } from './spill.ts';

const at = monotonicMs;

test('a rank overflows after two seconds near its brim, and not for a moment of it', () => {
  const brim = new Brim();
  assert.equal(brim.overflows(0.95, at(0)), false);
  assert.equal(brim.overflows(0.95, at(1_999)), false);
  assert.equal(brim.overflows(0.85, at(2_000)), false, 'a dip begins the count anew');
  assert.equal(brim.overflows(0.95, at(2_100)), false);
  assert.equal(brim.overflows(0.95, at(4_099)), false);
  assert.equal(brim.overflows(0.95, at(4_100)), true);
});

test('it flows back only when there is clearly room again', () => {
  const brim = new Brim();
  brim.overflows(1, at(0));
  assert.equal(brim.overflows(1, at(2_000)), true);
  assert.equal(brim.overflows(0.75, at(3_000)), true, 'between the brims it stays as it was');
  assert.equal(brim.overflows(0.69, at(4_000)), false);
  assert.equal(brim.overflows(0.75, at(5_000)), false);
});

test('what was seen long ago is forgotten', () => {
  const brim = new Brim();
  brim.overflows(1, at(0));
  assert.equal(brim.overflows(1, at(2_000)), true);
  assert.equal(brim.overflows(0.8, at(12_001)), false);
  assert.equal(brim.overflows(1, at(12_002)), false, 'and the count begins anew');
});
