import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs as at } from '../kernel/brands.ts';
import { Occupancy } from './occupancy.ts';

const others = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

test('who is alone is never greedy, however much it takes', () => {
  const occupancy = new Occupancy();
  occupancy.take('standard', 'a', 1_000_000, at(0));
  assert.equal(occupancy.isGreedy('a'), false);
});

test('who took more than three fair shares of late is greedy, also when it holds nothing now', () => {
  const occupancy = new Occupancy();
  for (const tenant of others) occupancy.take('standard', tenant, 100, at(0));
  occupancy.take('standard', 'a', 350, at(0));
  // Ten took 1,250: three shares are 375.
  assert.equal(occupancy.isGreedy('a'), false);
  occupancy.take('standard', 'a', 100, at(0));
  assert.equal(occupancy.isGreedy('a'), true);
  occupancy.giveBack('standard', 'a', 450);
  assert.equal(occupancy.isGreedy('a'), true);
  assert.equal(occupancy.isGreedy('b'), false);
  assert.equal(occupancy.isGreedy('new'), false);
});

test('what was taken long ago counts no more', () => {
  const occupancy = new Occupancy();
  occupancy.take('standard', 'a', 10_000, at(0));
  for (const tenant of others) occupancy.take('standard', tenant, 100, at(0));
  assert.equal(occupancy.isGreedy('a'), true);
  for (const tenant of others) occupancy.take('standard', tenant, 1_000, at(90_000));
  assert.equal(occupancy.isGreedy('a'), false);
  for (const tenant of others) occupancy.take('standard', tenant, 1_000, at(3_600_000));
  assert.equal(occupancy.isGreedy('b'), false);
});

test('the reserve is somewhat more than what the others held at their peak, less what they hold now', () => {
  const occupancy = new Occupancy();
  for (const tenant of others) occupancy.take('standard', tenant, 1_000, at(0));
  occupancy.take('standard', 'a', 9_000, at(0));
  const margin = occupancy.reserve(at(0));
  assert.ok(margin > 0 && margin < 0.25 * 1_000 * others.length);
  occupancy.giveBack('standard', 'b', 1_000);
  occupancy.giveBack('standard', 'c', 1_000);
  assert.ok(Math.abs(occupancy.reserve(at(1_000)) - margin - 2_000) < 1e-6);
  occupancy.giveBack('standard', 'a', 9_000);
  assert.ok(Math.abs(occupancy.reserve(at(1_000)) - margin - 2_000) < 1e-6, 'what the greedy hold is no part of it');
  occupancy.take('standard', 'b', 10, at(70_000));
  assert.ok(occupancy.reserve(at(70_000)) <= margin, 'an old peak is forgotten');
});

test('what is given back is held by nobody, to the last fraction', () => {
  const occupancy = new Occupancy();
  for (let turn = 0; turn < 100; turn++) occupancy.take('batch', 'a', 0.1, at(turn));
  for (let turn = 0; turn < 100; turn++) occupancy.giveBack('batch', 'a', 0.1);
  assert.ok(Math.abs(occupancy.lanes.batch) < 1e-6);
});
