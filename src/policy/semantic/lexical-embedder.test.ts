import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEXICAL_DIMENSIONS, lexicalVector, normalized } from './lexical-embedder.ts';

function likeness(first: string, second: string): number {
  const [one, other] = [lexicalVector(first), lexicalVector(second)];
  assert.ok(one !== null && other !== null);
  return one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
}

test('a vector has unit length and is the same each time; a text without words has none', () => {
  const vector = lexicalVector('How do I reset my password?');
  assert.ok(vector !== null && vector.length === LEXICAL_DIMENSIONS);
  assert.ok(Math.abs(vector.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-5);
  assert.deepEqual(vector, lexicalVector('How do I reset my password?'));
  assert.equal(lexicalVector('?! …'), null);
});

test('the same words are nearest, nearly the same are near, others are far', () => {
  const question = 'How do I reset my password?';
  assert.ok(likeness(question, 'HOW DO I RESET MY PASSWORD') > 0.999);
  assert.ok(likeness(question, 'how can I reset the password, please?') > 0.95);
  assert.ok(likeness(question, 'resetting passwords') > 0.2);
  assert.ok(likeness(question, 'How do I cancel my subscription?') < 0.3);
  assert.ok(likeness(question, 'How do I reset my router?') < 0.7);
  assert.ok(likeness('東京の天気はどうですか', '東京の天気は') > 0.3);
});

test('what has no length, or is not made of numbers, is no vector', () => {
  for (const numbers of [
    [0, 0],
    [Number.NaN, 1],
    [Infinity, 1],
  ])
    assert.equal(normalized(Float32Array.from(numbers)), null);
  assert.deepEqual(
    [...(normalized(Float32Array.from([3, 4])) ?? [])].map((value) => value.toFixed(2)),
    ['0.60', '0.80'],
  );
});
