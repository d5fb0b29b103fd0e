import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lane } from '../kernel/lane.ts';
import { BATCH_SHARE_MIN, BatchFloor, vipIsOverShare } from './lane-shares.ts';

const inFlight = (vip: number): Record<Lane, number> => ({ vip, standard: 900, batch: 900 });

test('vips are over their share above half of the capacity, and never of an unknown one', () => {
  assert.equal(vipIsOverShare(inFlight(500), 1000), false);
  assert.equal(vipIsOverShare(inFlight(501), 1000), true);
  assert.equal(vipIsOverShare(inFlight(501), 0), false);
});

test('batch is due once a fiftieth of what others were served pays for its first', () => {
  const floor = new BatchFloor();
  assert.equal(floor.isDue(0), false);
  floor.onServed('vip', 4_900, true);
  assert.equal(floor.isDue(100), false);
  floor.onServed('standard', 100, true);
  assert.equal(floor.isDue(100), true);
  floor.onServed('batch', 100, true);
  assert.equal(floor.isDue(1), false);
});

test('batch earns nothing while nobody of it waits', () => {
  const floor = new BatchFloor();
  floor.onServed('vip', 5_000, true);
  floor.onServed('vip', 50_000, false);
  assert.equal(floor.isDue(1), false);
});

test('what batch was served beyond its floor is no debt', () => {
  const floor = new BatchFloor();
  floor.onServed('batch', 10_000, true);
  floor.onServed('vip', 100 / BATCH_SHARE_MIN, true);
  assert.equal(floor.isDue(100), true);
});
