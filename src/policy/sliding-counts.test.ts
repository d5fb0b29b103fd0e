import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { monotonicMs } from '../kernel/brands.ts';
import { SlidingCounts } from './sliding-counts.ts';

const at = monotonicMs;

test('columns are counted apart, and cleared together', () => {
  const counts = new SlidingCounts(1000, ['good', 'bad']);
  counts.add('good', at(0));
  counts.add('good', at(1));
  counts.add('bad', at(2));
  assert.deepEqual([counts.sum('good', at(2)), counts.sum('bad', at(2))], [2, 1]);
  counts.clear();
  assert.deepEqual([counts.sum('good', at(2)), counts.sum('bad', at(2))], [0, 0]);
  counts.add('bad', at(2));
  assert.deepEqual([counts.sum('good', at(2)), counts.sum('bad', at(2))], [0, 1]);
});

test('what is older than the window no longer counts, without any timer', () => {
  const counts = new SlidingCounts(1000, ['all']);
  counts.add('all', at(0));
  assert.equal(counts.sum('all', at(900)), 1);
  assert.equal(counts.sum('all', at(1000)), 0);
  counts.add('all', at(1_000_000));
  assert.equal(counts.sum('all', at(1_000_000)), 1);
});

test('a sum lies between the counts of the window less one slice and of the whole window', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 100 }), (pauses) => {
      const counts = new SlidingCounts(1000, ['all']);
      const instants: number[] = [];
      let now = 0;
      for (const pauseMs of pauses) {
        now += pauseMs;
        counts.add('all', at(now));
        instants.push(now);
        const sum = counts.sum('all', at(now));
        assert.ok(sum >= instants.filter((instant) => instant > now - 900).length);
        assert.ok(sum <= instants.filter((instant) => instant > now - 1000).length);
      }
    }),
  );
});
