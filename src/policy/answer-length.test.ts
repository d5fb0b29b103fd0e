import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { seededChance } from '../../test/support/chance.ts';
import { AnswerLengths } from './answer-length.ts';

function learned(times: number, tokens: (turn: number) => number, key: string | null = 'a'): AnswerLengths {
  const lengths = new AnswerLengths();
  for (let turn = 0; turn < times; turn++) lengths.learn('m', 1000, key, tokens(turn));
  return lengths;
}

test('before the first answers a guess stands in, never above what is allowed', () => {
  assert.deepEqual(new AnswerLengths().estimate('m', null, 'a'), { meanTokens: 300, q80Tokens: 500 });
  assert.deepEqual(new AnswerLengths().estimate('m', 20, 'a'), { meanTokens: 20, q80Tokens: 20 });
});

test('mean and q80 of exponential lengths are found within a tenth', () => {
  const chance = seededChance(7);
  const lengths = learned(3000, () => -200 * Math.log(1 - chance.draw()));
  const { meanTokens, q80Tokens } = lengths.estimate('m', 1000, 'a');
  assert.ok(Math.abs(meanTokens - 200) < 30, String(meanTokens));
  assert.ok(Math.abs(q80Tokens - 200 * Math.log(5)) < 60, String(q80Tokens));
});

test('a new habit is learned within some hundred answers', () => {
  const lengths = learned(2000, () => 100);
  for (let turn = 0; turn < 600; turn++) lengths.learn('m', 1000, 'a', 800);
  const { meanTokens, q80Tokens } = lengths.estimate('m', 1000, 'a');
  assert.ok(meanTokens > 650 && q80Tokens > 650, `${meanTokens} ${q80Tokens}`);
});

test('a key of few answers borrows from all keys, an allowed length of few from all lengths', () => {
  const lengths = learned(50, () => 64);
  lengths.learn('m', 1000, 'b', 900);
  assert.ok(lengths.estimate('m', 1000, 'b').meanTokens < 100);
  assert.ok(lengths.estimate('m', 1000, null).meanTokens < 100);
  assert.ok(lengths.estimate('m', 100_000, 'c').meanTokens < 100);
  assert.equal(lengths.estimate('other', 1000, 'a').meanTokens, 300);
});

test('keys, models and allowed lengths are kept apart', () => {
  const lengths = learned(50, () => 64);
  for (let turn = 0; turn < 50; turn++) {
    lengths.learn('m', 1000, 'b', 900);
    lengths.learn('m', 100, 'a', 10);
  }
  assert.equal(lengths.estimate('m', 1000, 'a').meanTokens, 64);
  assert.ok(Math.abs(lengths.estimate('m', 1000, 'b').meanTokens - 900) < 1e-6);
  assert.ok(Math.abs(lengths.estimate('m', 100, 'a').meanTokens - 10) < 1e-6);
});

test('it stays exact over a hundred thousand answers', () => {
  const { meanTokens, q80Tokens } = learned(100_000, () => 128).estimate('m', 1000, 'a');
  assert.ok(Math.abs(meanTokens - 128) < 1e-6);
  assert.equal(q80Tokens, 128);
});

test('the q80 lies within a class of an answer that was seen', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 10, maxLength: 100 }), (seen) => {
      const lengths = learned(seen.length, (turn) => seen[turn] ?? 0);
      const { q80Tokens, meanTokens } = lengths.estimate('m', null, null);
      const [least, most] = [Math.min(...seen), Math.max(...seen)];
      assert.ok(q80Tokens >= Math.floor(least) && q80Tokens <= most * 1.19 + 1);
      assert.ok(meanTokens >= least - 1e-6 && meanTokens <= most + 1e-6);
    }),
  );
});
