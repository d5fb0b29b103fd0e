import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs as at } from '../kernel/brands.ts';
import { SlidingPeak } from './sliding-peak.ts';

test('nothing noted is below everything', () => {
  assert.equal(new SlidingPeak(60_000).peak(at(5)), -Infinity);
});

test('the largest of the window is told, and forgotten after it', () => {
  const peak = new SlidingPeak(60_000);
  peak.note(5, at(1_000));
  peak.note(9, at(2_000));
  peak.note(3, at(30_000));
  assert.equal(peak.peak(at(30_000)), 9);
  assert.equal(peak.peak(at(59_999)), 9);
  assert.equal(peak.peak(at(70_000)), 3);
  assert.equal(peak.peak(at(200_000)), -Infinity);
});

test('a slice used again begins anew; negative values work', () => {
  const peak = new SlidingPeak(60_000);
  peak.note(-2, at(0));
  peak.note(-7, at(60_000));
  assert.equal(peak.peak(at(60_000)), -7);
  peak.clear();
  assert.equal(peak.peak(at(60_000)), -Infinity);
});
