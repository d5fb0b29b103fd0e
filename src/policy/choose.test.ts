import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chance } from '../ports/chance.ts';
import { chooseTarget, type TargetCandidate } from './choose.ts';

/** Draws these in turn, again and again. */
function drawing(...values: number[]): Chance {
  let at = 0;
  return { draw: () => values[at++ % values.length] ?? 0, hex: () => '' };
}

const target = (id: string, firstTokenMs: number, cost: number | null = null): TargetCandidate => ({
  id,
  firstTokenMs,
  cost,
});

test('of two drawn the sooner one is taken, though a third may be sooner still', () => {
  const three = [target('slow', 900), target('middle', 500), target('fast', 100)];
  assert.equal(chooseTarget(three, null, drawing(0, 0))?.id, 'middle');
  assert.equal(chooseTarget(three, null, drawing(0, 0.9))?.id, 'fast');
});

test('the two are different ones, so the slowest of all is never taken', () => {
  const two = [target('slow', 900), target('fast', 100)];
  for (let draw = 0; draw < 1; draw += 0.1) {
    assert.equal(chooseTarget(two, null, drawing(draw, 1 - draw - 1e-9))?.id, 'fast');
  }
});

test('who has the beginning cached is kept up to a third above the best', () => {
  const two = [target('best', 100), target('sticky', 130)];
  assert.equal(chooseTarget(two, 'sticky', drawing(0, 0))?.id, 'sticky');
  assert.equal(chooseTarget([target('best', 100), target('sticky', 131)], 'sticky', drawing(0, 0))?.id, 'best');
});

test('a sticky target that is no candidate is not chosen', () => {
  assert.equal(chooseTarget([target('a', 100)], 'gone', drawing(0))?.id, 'a');
  assert.equal(chooseTarget([], 'gone', drawing(0)), null);
});

test('where two are as good as equal the cheaper is taken', () => {
  const near = (a: number | null, b: number | null): string | undefined =>
    chooseTarget([target('a', 105, a), target('b', 100, b)], null, drawing(0, 0))?.id;
  assert.deepEqual([near(1, 2), near(2, 1), near(1, 1), near(null, 1)], ['a', 'b', 'b', 'b']);
  assert.equal(chooseTarget([target('a', 200, 1), target('b', 100, 9)], null, drawing(0, 0))?.id, 'b');
});
