import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersAgree, isComparable } from './answers-agree.ts';

const cases: readonly (readonly [boolean, string, string])[] = [
  [true, 'The capital of France is Paris.', 'the capital of France is **Paris**'],
  [true, 'The capital of France is Paris.', 'Paris is the capital of France.'],
  [true, 'Hold the button for 10 seconds, then let it go.', 'Hold the button for 10 seconds and then let it go.'],
  [true, '1,000 euros', '1000 euros'],
  [false, 'The capital of France is Paris.', 'The capital of Germany is Berlin.'],
  [false, 'Hold the button for 10 seconds, then let it go.', 'Hold the button for 12 seconds, then let it go.'],
  [
    false,
    'Yes, you can return the opened box to any of our shops.',
    'No, you cannot return the opened box to any of our shops.',
  ],
  [false, 'Use the `--all` flag of the command for that.', 'Use the `--any` flag of the command for that.'],
  [false, 'Red beats blue.', 'Blue beats red.'],
  [false, 'Turn it on.', 'Turn it off.'],
  [false, 'Paris.', 'The capital is Paris, a city on the Seine with two million people.'],
  [true, 'Use **one** of _these_:\n- a spoon\n- a fork', 'Use one of these:\n* a spoon\n* a fork'],
  [true, 'It takes **5** minutes.', 'It takes 5 minutes.'],
  [false, 'The result is -5.', 'The result is 5.'],
  [false, 'The well-known result is -5.', 'The well-known result is 5.'],
  [false, 'Write it in C#.', 'Write it in C.'],
  [false, '5 > 3', '5 < 3'],
  [false, '2 + 2', '2 - 2'],
  [false, 'x**2', 'x*2'],
  [false, '10²', '102'],
  [false, 'It costs $5.', 'It costs €5.'],
  [false, 'The tax is 5%.', 'The tax is 5.'],
  [false, '👍', '👎'],
  [
    false,
    'It is allowed to send opened boxes with cables, manuals, batteries, invoices and chargers to shops.',
    'It is forbidden to send opened boxes with cables, manuals, batteries, invoices and chargers to shops.',
  ],
  [true, '', ' '],
  [false, 'Yes.', ''],
];

test('answers agree when they say the same in nearly the same words; a number, a name, a not of one alone is a no', () => {
  for (const [expected, first, second] of cases) {
    assert.equal(answersAgree(first, second), expected, `${first.slice(0, 80)} / ${second}`);
    assert.equal(answersAgree(second, first), expected, `${second} / ${first.slice(0, 80)}`);
  }
});

test('what is long is not compared while requests wait', () => {
  assert.equal(isComparable('a'.repeat(8_192)), true);
  assert.equal(isComparable('a'.repeat(8_193)), false);
});
