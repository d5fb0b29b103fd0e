import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededChance } from '../../../test/support/chance.ts';
import { Trial } from './trial.ts';

const terms = { errorMax: 0.01, verifyFirst: 300 };

function after(trial: Trial, comparisons: number, agreed = true): Trial {
  for (let made = 0; made < comparisons; made++) trial.onCompared(agreed);
  return trial;
}

test('it serves after three hundred comparisons without an error, and not one sooner', () => {
  const trial = after(new Trial(terms), 299);
  assert.equal(trial.state, 'shadow');
  assert.equal(trial.onCompared(true), true);
  assert.deepEqual([trial.state, trial.compared, trial.wrong], ['serving', 300, 0]);
  assert.ok(trial.errorBound <= 0.01);
});

test('one error among them makes it wait until the bound is low enough', () => {
  const trial = after(after(new Trial(terms), 1, false), 471);
  assert.equal(trial.state, 'shadow');
  assert.equal(after(trial, 2).state, 'serving');
});

test('an error that a sample shows takes it back to shadow, and comparisons without one bring it back', () => {
  const trial = after(new Trial(terms), 310);
  assert.equal(trial.onCompared(false), true);
  assert.equal(trial.state, 'shadow');
  assert.equal(after(trial, 170).state, 'serving');
});

test('errors above the maximum with confidence switch it off early, and nothing switches it on again', () => {
  const bad = after(after(new Trial(terms), 20), 10, false);
  assert.deepEqual([bad.state, bad.compared], ['off', 30]);
  assert.equal(after(bad, 10_000).state, 'off');
});

test('what is still not known to be good enough after four times as many is off', () => {
  const trial = new Trial(terms);
  // Nine in a thousand are wrong: within the maximum, but nobody can be sure of it.
  for (let made = 0; trial.state === 'shadow' && made < 2_000; made++) trial.onCompared(made % 110 !== 109);
  assert.deepEqual([trial.state, trial.compared], ['off', 1_200]);
});

test('what is wrong more often than allowed is seldom served, whatever the luck', () => {
  const chance = seededChance(11);
  let served = 0;
  for (let round = 0; round < 200; round++) {
    const trial = new Trial(terms);
    while (trial.state === 'shadow') trial.onCompared(chance.draw() > 0.02);
    if (trial.state === 'serving') served++;
  }
  assert.ok(served <= 10, `${served} of 200 with twice the error that is allowed`);
});

test('a trial that wants many comparisons comes to serve, and forgetting does not take it back', () => {
  for (const wanting of [
    { errorMax: 0.01, verifyFirst: 5_000 },
    { errorMax: 0.001, verifyFirst: 1_000 },
  ]) {
    const trial = after(new Trial(wanting), 5_000);
    assert.equal(trial.state, 'serving');
    for (let made = 0; made < 50_000; made++) assert.equal(trial.onCompared(true), false);
  }
});

test('what was long ago fades: a model that was good for ever is judged by how it is', () => {
  const trial = after(new Trial(terms), 100_000);
  let made = 0;
  while (trial.state === 'serving' && made < 1_000) {
    trial.onCompared(made % 10 !== 0);
    made++;
  }
  assert.ok(made < 500, `after ${made}`);
});
