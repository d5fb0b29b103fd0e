import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { Outliers } from './outliers.ts';

/** Reports outcomes, sent and ended at `now`: `+` good, `-` bad. Answers how long the last one left the target out. */
function report(set: Outliers, target: string, outcomes: string, now: number, sentAt = now): number {
  let outMs = 0;
  for (const one of outcomes) outMs = set.onOutcome(target, one === '+', monotonicMs(sentAt), monotonicMs(now));
  return outMs;
}

test('five failures in a row leave a target out for half a minute', () => {
  const set = new Outliers(['a', 'b']);
  assert.equal(report(set, 'a', '----+----', 0), 0);
  assert.equal(report(set, 'a', '-', 0), 30_000);
  assert.equal(set.isOut('a', monotonicMs(29_999)), true);
  assert.equal(set.isOut('a', monotonicMs(30_000)), false);
  assert.equal(set.isOut('b', monotonicMs(0)), false);
});

test('who fails much more often than its siblings is left out, though it answers mostly', () => {
  const set = new Outliers(['a', 'b', 'c']);
  report(set, 'b', '+'.repeat(30), 0);
  assert.equal(report(set, 'a', '++-'.repeat(6), 0), 0);
  assert.equal(report(set, 'a', '++-', 0), 30_000);
});

test('where all fail alike nobody is an outlier', () => {
  const set = new Outliers(['a', 'b', 'c']);
  report(set, 'b', '++-'.repeat(10), 0);
  assert.equal(report(set, 'a', '+-'.repeat(15), 0), 0);
  const down = new Outliers(['a', 'b', 'c', 'd']);
  report(down, 'b', '---+'.repeat(8), 0);
  assert.equal(report(down, 'a', '-'.repeat(40), 0), 0);
});

function out(names: string[]): string[] {
  const set = new Outliers(names);
  for (const name of names) report(set, name, '-----', 0);
  return names.filter((name) => set.isOut(name, monotonicMs(1)));
}

test('never more than half of a set are out, and never its last', () => {
  assert.deepEqual(out(['a']), []);
  assert.deepEqual(out(['a', 'b']), ['a']);
  assert.deepEqual(out(['a', 'b', 'c']), ['a']);
  assert.deepEqual(out(['a', 'b', 'c', 'd', 'e']), ['a', 'b']);
});

test('each time it is left out longer, until it has done well for long', () => {
  const set = new Outliers(['a', 'b']);
  assert.equal(report(set, 'a', '-----', 0), 30_000);
  assert.equal(report(set, 'a', '-----', 30_000), 60_000);
  assert.equal(report(set, 'a', '-----', 90_000), 90_000);
  assert.equal(report(set, 'a', '-----', 180_000 + 300_001), 30_000);
});

test('what was sent before it came back does not count', () => {
  const set = new Outliers(['a', 'b']);
  report(set, 'a', '-----', 0);
  assert.equal(report(set, 'a', '----------', 31_000, 10_000), 0);
  assert.equal(set.isOut('a', monotonicMs(31_000)), false);
});

test('a reload keeps the standing of who stays and forgets who left', () => {
  const set = new Outliers(['a', 'b']);
  report(set, 'a', '-----', 0);
  set.adopt(['a', 'c']);
  assert.equal(set.isOut('a', monotonicMs(1)), true);
  set.adopt(['c']);
  assert.equal(set.isOut('a', monotonicMs(1)), false);
  assert.equal(report(set, 'a', '-----', 2), 0);
});
