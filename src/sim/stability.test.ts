// The matrix says where it ends well: the worst seed counts, and a load is stable only when all below it are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunResult } from './run.ts';
import { type CellOutcome, matrixLines, metastable, outcomeOf, type Seconds, stableUpTo } from './stability.ts';
import { type Cell, cells } from './sweep.ts';

const cell: Cell = { trigger: 'burst', utilisation: 0.5, clients: 'endless' };

const ran = (seed: number, recoverySeconds: Seconds, settledSeconds: Seconds = 0): RunResult =>
  ({ order: { seed }, recoverySeconds, settledSeconds }) as RunResult;

test('of several seeds the worst counts, and never is worse than any number', () => {
  const { recoverySeconds, worstSeed, settledSeconds } = outcomeOf(cell, [ran(1, 2, 9), ran(2, 40), ran(3, 5)]);
  assert.deepEqual([recoverySeconds, worstSeed, settledSeconds], [40, 2, 9]);
  const stuck = outcomeOf(cell, [ran(1, 2), ran(2, 'never', 'never'), ran(3, 90)]);
  assert.deepEqual([stuck.recoverySeconds, stuck.worstSeed, stuck.settledSeconds], ['never', 2, 'never']);
  assert.deepEqual(metastable([stuck]), [stuck]);
});

/** All cells recover in a second but those whose name is given. */
const outcomes = (...stuck: readonly string[]): CellOutcome[] =>
  cells.map((each) => {
    const name = `${each.trigger}/${each.utilisation}/${each.clients}`;
    return outcomeOf(each, [ran(1, stuck.includes(name) ? 'never' : 1)]);
  });

test('stable is the highest load below which nothing is stuck', () => {
  const all = outcomes('burst/0.85/endless', 'third/0.5/endless');
  assert.equal(stableUpTo(all, 'burst', 'endless'), 0.7);
  assert.equal(stableUpTo(all, 'third', 'endless'), null, 'that it recovers above does not count');
  assert.equal(stableUpTo(all, 'burst', 'no-retry'), 0.95);
});

test('the matrix has a line per trigger and kind of client', () => {
  const lines = matrixLines(outcomes('burst/0.85/endless'));
  assert.equal(lines.length, 1 + 4 * (1 + 3));
  const endless = lines.find((line) => line.startsWith('  endless')) ?? '';
  assert.deepEqual(endless.trim().split(/ {2,}/), ['endless', '1 s', '1 s', 'never', '1 s', '0.7']);
});
