import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs as at } from '../kernel/brands.ts';
import { Brim } from './spill.ts';

test('a rank overflows when it has been found full again and again for two seconds, and not for a moment of it', () => {
  const brim = new Brim();
  assert.equal(brim.overflows(at(0)), false);
  assert.equal(brim.overflows(at(1_000)), false);
  assert.equal(brim.overflows(at(1_999)), false);
  assert.equal(brim.overflows(at(2_000)), true);
  assert.equal(brim.overflows(at(3_900)), true);
});

test('who found it full once and again long after has not found it full for long', () => {
  const brim = new Brim();
  brim.overflows(at(0));
  assert.equal(brim.overflows(at(2_001)), false);
  assert.equal(brim.overflows(at(4_001)), true);
});

test('when nobody has found it full for two seconds it has room again', () => {
  const brim = new Brim();
  brim.overflows(at(0));
  assert.equal(brim.overflows(at(2_000)), true);
  assert.equal(brim.overflows(at(4_001)), false);
});
