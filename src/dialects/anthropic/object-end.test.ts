import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ObjectEnd } from './object-end.ts';

const reached = (...pieces: readonly string[]): boolean => {
  const end = new ObjectEnd();
  for (const piece of pieces) end.read(piece);
  return end.reached;
};

test('an object is whole at its last brace, and not when anything follows', () => {
  assert.deepEqual(
    [reached('{'), reached('{}'), reached('{"a":{}'), reached('{"a":{}} \n')],
    [false, true, false, true],
  );
  assert.deepEqual(
    [reached(''), reached('{} x'), reached('{"a":"}'), reached('{"a":"\\"}')],
    [false, false, false, false],
  );
});

test('any object is whole when all of it was read, wherever it is cut, and never before', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (value, at) => {
      const text = JSON.stringify(value);
      const cut = at % text.length;
      assert.equal(reached(text.slice(0, cut), text.slice(cut)), true);
      assert.equal(reached(text.slice(0, cut)), false);
    }),
  );
});
