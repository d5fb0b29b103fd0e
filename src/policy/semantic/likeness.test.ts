import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededChance } from '../../../test/support/chance.ts';
import { Likeness, type Sightings, withSighting } from './likeness.ts';

function learned(seed: number, count: number, isRight: (likeness: number, draw: number) => boolean): Likeness {
  const chance = seededChance(seed);
  const likeness = new Likeness(0.01);
  for (let seen = 0; seen < count; seen++) {
    const at = 0.5 + chance.draw() / 2;
    likeness.learn(at, isRight(at, chance.draw()));
  }
  return likeness;
}

const own = (...seen: readonly (readonly [number, boolean])[]): Sightings => {
  let sightings: Sightings = [];
  for (const [at, agreed] of seen) sightings = withSighting(sightings, at, agreed);
  return sightings;
};

test('of nothing seen nothing follows, however alike', () => {
  assert.equal(new Likeness(0.01).isEnough(1, []), false);
});

test('where answers agree above a likeness and differ below, it is found, on its safe side', () => {
  for (const seed of [1, 2, 3]) {
    const likeness = learned(seed, 500, (at) => at > 0.8);
    for (const at of [0.97, 1]) assert.equal(likeness.isEnough(at, []), true, `seed ${seed}: ${at}`);
    for (const at of [0.55, 0.7, 0.79]) assert.equal(likeness.isEnough(at, []), false, `seed ${seed}: ${at}`);
  }
});

test('where they differ now and then however alike, it is hardly ever enough', () => {
  let taken = 0;
  for (let seed = 10; seed < 60; seed++) {
    const likeness = learned(seed, 1_000, (_at, draw) => draw > 0.05);
    if (likeness.isEnough(0.9, []) || likeness.isEnough(0.97, [])) taken++;
  }
  assert.ok(taken <= 5, `${taken} of 50, by luck: what the trial is for`);
});

test('a question of which one was wrong goes by itself: its neighbours must be more alike than that', () => {
  const likeness = learned(7, 500, (at) => at > 0.8);
  assert.equal(likeness.isEnough(0.95, own([0.96, true], [0.97, true])), true);
  assert.equal(likeness.isEnough(0.95, own([0.96, false])), false);
  assert.equal(likeness.isEnough(0.96, own([0.96, false], [0.96, true], [0.97, true])), false);
});

test('what was seen of a question is among what was seen of all, and counts once', () => {
  const likeness = new Likeness(0.01);
  let seen: Sightings = [];
  for (let at = 0; at < 100; at++) {
    likeness.learn(1, true);
    seen = withSighting(seen, 1, true);
  }
  assert.equal(likeness.isEnough(1, seen), likeness.isEnough(1, []));
});

test('it learns anew when the world changes', () => {
  const likeness = learned(8, 2_000, (at) => at > 0.8);
  assert.equal(likeness.isEnough(0.97, []), true);
  for (let seen = 0; seen < 40; seen++) likeness.learn(0.97, false);
  assert.equal(likeness.isEnough(0.97, []), false);
});

test('of one question the last sightings count, and no more are held', () => {
  let seen: Sightings = [];
  for (let at = 0; at < 1_000; at++) seen = withSighting(seen, 0.9, true);
  assert.equal(seen.length, 64);
});
