import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../kernel/brands.ts';
import { Baseline } from './baseline.ts';

const MONDAY_NINE = Date.UTC(2026, 10, 2, 9);
const hour = (count: number): ReturnType<typeof wallMs> => wallMs(MONDAY_NINE + count * 3_600_000);

test('each hour of the week is learned apart, the newest week weighing three tenths', () => {
  const baseline = new Baseline();
  baseline.add(1, hour(-1));
  assert.equal(baseline.add(60, hour(0)), false, 'the hour of the start is not learned');
  baseline.add(40, hour(0.9));
  assert.equal(baseline.add(7, hour(1)), true);
  assert.equal(baseline.usual(hour(168)), 100);
  baseline.add(200, hour(168));
  baseline.add(0, hour(169));
  assert.equal(baseline.usual(hour(336)), 130);
  assert.equal(baseline.state()[9], 130, 'Monday nine o’clock, UTC');
});

test('an hour that was not seen whole is not learned', () => {
  const baseline = new Baseline();
  baseline.add(1_000, hour(0.5));
  assert.equal(baseline.add(1, hour(1)), false);
  assert.equal(baseline.usual(hour(0)), null);
});

test('hours in which nothing was used are learned as that', () => {
  const baseline = new Baseline();
  baseline.add(5, hour(0));
  baseline.add(5, hour(3));
  assert.deepEqual(
    [0, 1, 2, 3].map((at) => baseline.usual(hour(at))),
    [null, 0, 0, null],
  );
});

test('a clock that is set back, or leaps by years, breaks nothing', () => {
  const baseline = new Baseline();
  baseline.add(5, hour(10));
  assert.equal(baseline.add(5, hour(0)), false);
  assert.equal(baseline.add(5, hour(1_000_000)), true);
  assert.ok(baseline.state().every((use) => use === 0));
});

test('it survives being stored, and what is no state is dropped', () => {
  const baseline = new Baseline();
  for (let at = 0; at < 5; at++) baseline.add(at * 10, hour(at));
  const stored = new Baseline(JSON.parse(JSON.stringify(baseline.state())));
  assert.deepEqual(stored.state(), baseline.state());
  assert.equal(stored.usual(hour(3)), 30);
  for (const bad of [
    [1, 2, 3],
    {},
    'x',
    Array.from({ length: 168 }, () => -1),
    Array.from({ length: 168 }, () => 'x'),
  ]) {
    assert.equal(new Baseline(bad).usual(hour(0)), null);
  }
});
