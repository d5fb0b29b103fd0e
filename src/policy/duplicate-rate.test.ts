import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuplicateRate } from './duplicate-rate.ts';

test('some accidents do not turn it on, six at once do, and a quiet time turns it off', () => {
  const rate = new DuplicateRate();
  for (let at = 0; at < 5; at++) rate.onBegun(true);
  assert.equal(rate.isOn, false);
  rate.onBegun(true);
  assert.equal(rate.isOn, true);
  for (let at = 0; at < 300; at++) rate.onBegun(false);
  assert.equal(rate.isOn, true, 'it does not flutter');
  for (let at = 0; at < 300; at++) rate.onBegun(false);
  assert.equal(rate.isOn, false);
});

test('one in two hundred leaves it off for ever, two in a hundred turn it on', () => {
  const seldom = new DuplicateRate();
  const often = new DuplicateRate();
  for (let at = 0; at < 10_000; at++) {
    seldom.onBegun(at % 200 === 0);
    often.onBegun(at % 50 === 0);
  }
  assert.deepEqual([seldom.isOn, often.isOn], [false, true]);
  assert.ok(Math.abs(often.rate - 0.02) < 0.01);
});
