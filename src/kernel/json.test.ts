import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonValue } from './json.ts';
import { endOfString, excessOf } from './json.ts';

const depthOf = (value: JsonValue | undefined): number => {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
};

test('a text is too deep exactly when what it holds is, whatever brackets stand in its strings', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('[[[[[[', '{"', '\\', '\\"[{', ']]}'));
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      text,
      fc.integer(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 6 }), (held, depthMax) => {
      assert.equal(excessOf(JSON.stringify(held), depthMax, Infinity), depthOf(held) > depthMax ? 'deep' : null);
    }),
    { numRuns: 500 },
  );
});

test('values are counted only beyond what a text of its length can hold', () => {
  assert.equal(excessOf('[1,2,3]', 9, 4), null);
  assert.equal(excessOf('[1,2,3,4,5,6]', 9, 4), 'many');
  assert.equal(excessOf('{},{},{},{}', 9, 4), 'many');
  assert.equal(excessOf('["a,b,c,d,e,f,g"]', 9, 4), null);
});

test('a string ends at the first quote that is not escaped, however many backslashes stand before it', () => {
  assert.equal(endOfString('"ab" "', 0), 4);
  assert.equal(endOfString('"a\\"b"', 0), 6);
  assert.equal(endOfString('"a\\\\"b"', 0), 5);
  assert.equal(endOfString('"a\\\\\\"b"', 0), 8);
  assert.equal(endOfString('x""', 1), 3);
  assert.equal(endOfString('"never', 0), 6);
});
