import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Occupancy } from './occupancy.ts';

test('who is alone is never greedy, however much it holds', () => {
  const occupancy = new Occupancy();
  assert.equal(occupancy.isGreedy('a', 1_000_000), false);
  occupancy.take('standard', 'a', 1_000_000);
  assert.equal(occupancy.isGreedy('a', 1_000_000), false);
});

test('who holds more than three fair shares is greedy, and who holds nothing is not', () => {
  const occupancy = new Occupancy();
  for (const tenant of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']) occupancy.take('standard', tenant, 100);
  occupancy.take('standard', 'a', 500);
  // Ten hold 1,400 and want 100 more: three shares are 450.
  assert.equal(occupancy.isGreedy('a', 100), true);
  assert.equal(occupancy.isGreedy('b', 100), false);
  assert.equal(occupancy.isGreedy('new', 100), false);
});

test('what is given back is held by nobody, to the last fraction', () => {
  const occupancy = new Occupancy();
  for (let at = 0; at < 100; at++) occupancy.take('batch', 'a', 0.1);
  for (let at = 0; at < 100; at++) occupancy.giveBack('batch', 'a', 0.1);
  assert.ok(Math.abs(occupancy.lanes.batch) < 1e-6);
  occupancy.take('batch', 'b', 1_000);
  assert.equal(occupancy.isGreedy('b', 1_000), false, 'nobody else is there');
});
