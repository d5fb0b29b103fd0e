import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WindowSummary } from '../../load/summary.ts';
import { recoveryMs } from './recovery.ts';

/** A second for each character: `.` all in SLO, `x` none, ` ` nobody asked. */
function seconds(line: string): WindowSummary[] {
  return line.split('').map((character, at) => ({
    fromMs: at * 1_000,
    offered: character === ' ' ? 0 : 10,
    inSlo: character === '.' ? 10 : 0,
    answered: 0,
    limited: 0,
    shed: 0,
    failed: 0,
    left: 0,
    unsent: 0,
    firstTokenP50Ms: null,
    firstTokenP99Ms: null,
  }));
}
const after = (line: string, fromMs = 2_000, untilMs = 10_000): number | null =>
  recoveryMs(seconds(line), 1_000, { fromMs, untilMs });

test('recovery is the end of the last bad second', () => {
  assert.equal(after('xxx.x.....'), 3_000);
  assert.equal(after('xx........'), 0);
  assert.equal(after('xxxx      '), 2_000, 'seconds in which nobody asked are not bad');
  assert.equal(after('xxxxx.....', 2_500), 2_500, 'the second that the instant lies in is left out');
});

test('what did not recover within what was watched has not recovered', () => {
  assert.equal(after('xx.......x'), null);
  assert.equal(after('xxxx......', 2_000, 4_000), null);
  assert.equal(after('..........', 10_000, 10_500), null);
});
