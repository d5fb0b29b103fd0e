import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerLengths } from './answer-length.ts';

test('what was never seen is guessed, and never above what the caller allows', () => {
  const lengths = new AnswerLengths();
  assert.ok(lengths.expected('m', 'k', null).mean > 0);
  assert.deepEqual(lengths.expected('m', 'k', 16), { mean: 16, q80: 16 });
  assert.equal(lengths.expected('m', 'k', 8_000).q80, 8_000);
});

test('mean and the length that four in five stay under are learned', () => {
  const lengths = new AnswerLengths();
  for (let tokens = 1; tokens <= 1_000; tokens++) lengths.learn('m', 'k', null, ((tokens * 7) % 100) + 1);
  const { mean, q80 } = lengths.expected('m', 'k', null);
  assert.ok(Math.abs(mean - 50.5) < 3, String(mean));
  assert.ok(q80 >= 80 && q80 <= 80 * 1.25, String(q80));
});

test('a key of which little is known is taken for any of its model', () => {
  const lengths = new AnswerLengths();
  for (let at = 0; at < 50; at++) lengths.learn('m', 'talker', null, 2_000);
  assert.ok(Math.abs(lengths.expected('m', 'new', null).mean - 2_000) < 1e-6);
  for (let at = 0; at < 50; at++) lengths.learn('m', 'new', null, 10);
  assert.ok(Math.abs(lengths.expected('m', 'new', null).mean - 10) < 1e-6);
  assert.equal(lengths.expected('other', 'new', null).mean, 400);
});

test('habits that change are forgotten, and very many answers overflow nothing', () => {
  const lengths = new AnswerLengths();
  for (let at = 0; at < 2_000; at++) lengths.learn('m', null, 4_096, 100);
  for (let at = 0; at < 4_000; at++) lengths.learn('m', null, 4_096, 1_000);
  assert.ok(lengths.expected('m', null, 4_096).mean > 990);
  for (let at = 0; at < 200_000; at++) lengths.learn('m', null, 4_096, 500);
  const { mean, q80 } = lengths.expected('m', null, 4_096);
  assert.ok(Math.abs(mean - 500) < 1e-3 && q80 >= 500 && q80 <= 625, `${mean} ${q80}`);
});
