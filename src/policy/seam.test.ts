import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Seam } from './seam.ts';

const joined = (shown: string, pieces: readonly string[], echoes = false): string => {
  const seam = new Seam(shown, echoes);
  return pieces.map((piece) => seam.pass(piece)).join('') + seam.end();
};

test('a continuation that goes right on passes whole', () => {
  assert.equal(joined('The quick brown fox', [' jumps', ' over the dog.']), ' jumps over the dog.');
});

test('a target that repeats the whole prefix has it dropped', () => {
  assert.equal(joined('The quick brown fox', ['The quick', ' brown fox jumps', ' on'], true), ' jumps on');
});

test('last words that are repeated are dropped', () => {
  assert.equal(
    joined('It was a dark and stormy night', ['dark and stormy', ' night; the rain fell'], true),
    '; the rain fell',
  );
});

test('a short coincidence is speech, not repetition', () => {
  assert.equal(joined('ha ha ha', [' ha ha']), ' ha ha');
  assert.equal(joined('1 2 3', [' 4 5']), ' 4 5');
});

test('a short beginning is dropped only of targets that are known to repeat the prefix', () => {
  assert.equal(joined('Yes', ['Yes, of course']), 'Yes, of course');
  assert.equal(joined('Yes', ['Yes, of course'], true), ', of course');
});

test('of a target that is not known to repeat, a refrain or a row of a table is the answer’s own', () => {
  assert.equal(joined('Table:\n| 0 | 0 | 0 |\n', ['| 0 | 0 | 0 |\n', 'end']), '| 0 | 0 | 0 |\nend');
  assert.equal(joined('1', ['10 apples']), '10 apples');
});

test('of any target a long repetition of all that was shown is dropped', () => {
  const shown = 'A long text that nobody would say a second time, word for word, by chance.';
  assert.equal(joined(shown, [shown.slice(0, 20), `${shown.slice(20)} And on.`]), ' And on.');
});

test('a code point that was cut in two is put together again', () => {
  const half = '😀'.slice(0, 1);
  for (const echoes of [false, true])
    assert.equal(`Hi ${half}${joined(`Hi ${half}`, ['😀 there'], echoes)}`, 'Hi 😀 there');
});

test('a target that only repeats a part of the prefix adds nothing', () => {
  assert.equal(joined('Once upon a time there was ', ['Once upon a time there was'], true), '');
});

test('a text that repeats itself may go on repeating itself', () => {
  assert.equal(joined('la la la la la la la la la', [' la la la la la', ' la']), ' la la la la la la');
  assert.equal(joined('0, 0, 0, 0, 0, 0, 0, ', ['0, 0, 0, 0, 0, 0, ', '1']), '0, 0, 0, 0, 0, 0, 1');
});

test('however a leg is cut into pieces, the same text comes out', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 60 }),
      fc.string({ maxLength: 80 }),
      fc.array(fc.nat(80)),
      (shown, leg, cuts) => {
        const at = [...new Set([0, ...cuts.map((cut) => Math.min(cut, leg.length)), leg.length])].toSorted(
          (a, b) => a - b,
        );
        const pieces = at.slice(1).map((end, index) => leg.slice(at[index], end));
        const whole = joined(shown, [leg]);
        assert.equal(joined(shown, pieces), whole);
        assert.ok(leg.endsWith(whole), 'only ever something dropped from the beginning');
      },
    ),
  );
});

test('a whole prefix echoed in any pieces leaves exactly the continuation', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 60 }),
      fc.string({ maxLength: 60 }),
      fc.nat(120),
      (shown, more, cut) => {
        const leg = shown + more;
        assert.equal(joined(shown, [leg.slice(0, cut), leg.slice(cut)], true), more);
      },
    ),
  );
});
