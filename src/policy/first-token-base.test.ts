import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededChance } from '../../test/support/chance.ts';
import { monotonicMs as at } from '../kernel/brands.ts';
import { FirstTokenBase } from './first-token-base.ts';

/** 100 ms and 0.05 ms a token; `lateMs` is added to answer `turn`. */
function learned(
  times: number,
  lateMs: (turn: number) => number,
  fromMs = 0,
  base = new FirstTokenBase(),
): FirstTokenBase {
  const chance = seededChance(3);
  for (let turn = 0; turn < times; turn++) {
    const tokens = Math.round(100 + 5000 * chance.draw());
    base.add(tokens, 100 + 0.05 * tokens + lateMs(turn), at(fromMs + turn * 100));
  }
  return base;
}

function near(actual: number | null, expected: number, share: number): void {
  assert.ok(actual !== null && Math.abs(actual - expected) <= share * expected, `${actual} is not near ${expected}`);
}

test('there is no base before a few answers', () => {
  assert.equal(learned(7, () => 0).baseMs(100, at(1_000)), null);
  assert.equal(learned(7, () => 0).msPerPromptToken(at(1_000)), null);
  assert.notEqual(learned(8, () => 0).baseMs(100, at(1_000)), null);
});

test('the line is found', () => {
  const base = learned(200, () => 0);
  near(base.baseMs(0, at(21_000)), 100, 0.02);
  near(base.baseMs(4_000, at(21_000)), 300, 0.02);
  near(base.msPerPromptToken(at(21_000)), 0.05, 0.02);
});

test('a third of answers that waited seconds moves it little', () => {
  const base = learned(300, (turn) => (turn % 3 === 0 ? 3_000 : 0));
  near(base.baseMs(2_000, at(31_000)), 200, 0.15);
});

test('a busy minute does not push a quiet one out', () => {
  const base = learned(60, () => 0);
  const chance = seededChance(5);
  for (let turn = 0; turn < 5_000; turn++) base.add(1_000 + 3_000 * chance.draw(), 5_000, at(60_000 + turn * 10));
  const baseMs = base.baseMs(1_000, at(120_000)) ?? Infinity;
  assert.ok(baseMs < 1_000, String(baseMs));
});

test('after ten minutes what was is forgotten, but not before something new is known', () => {
  const base = learned(200, () => 0);
  near(base.baseMs(0, at(21_000)), 100, 0.02);
  near(base.baseMs(0, at(1_500_000)), 100, 0.02);
  learned(200, () => 400, 1_600_000, base);
  near(base.baseMs(0, at(1_700_000)), 500, 0.02);
});

test('longer prompts are never taken to be faster', () => {
  const base = new FirstTokenBase();
  for (let turn = 0; turn < 50; turn++) base.add(turn * 100, 2_000 - turn * 20, at(turn));
  assert.equal(base.msPerPromptToken(at(100)), 0);
});

test('prompts of one length give a base without a slope', () => {
  const base = new FirstTokenBase();
  for (let turn = 0; turn < 50; turn++) base.add(500, 100 + turn, at(turn));
  assert.equal(base.msPerPromptToken(at(100)), 0);
  near(base.baseMs(500, at(100)), 105, 0.1);
});

test('what is cleared is unknown', () => {
  const base = learned(200, () => 0);
  base.clear();
  assert.equal(base.baseMs(0, at(21_000)), null);
});
