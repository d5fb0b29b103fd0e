import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { seededChance } from '../../test/support/chance.ts';
import type { Tier } from '../kernel/lane.ts';
import { tiers } from '../kernel/lane.ts';
import { drawRanks, variantNames } from './routing.ts';
import type { Chance } from '../ports/chance.ts';

interface Target {
  readonly name: string;
  readonly weight: number;
  readonly tier: Tier;
  readonly variant: string;
}
/** A variant of its own, unless it says otherwise. */
const target = (name: string, weight: number, tier: Tier = 'base', variant = name): Target => ({
  name,
  weight,
  tier,
  variant,
});
const drawOrder = <T extends Target>(targets: readonly T[], chance: Chance): T[] => drawRanks(targets, chance).flat();

function firsts(targets: readonly Target[], draws: number, seed: number): Map<string, number> {
  const chance = seededChance(seed);
  const counts = new Map<string, number>();
  for (let draw = 0; draw < draws; draw++) {
    const name = drawOrder(targets, chance)[0]?.name ?? '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test('base comes before peak before standby, whatever the weights', () => {
  const targets = [target('reserve', 1000, 'standby'), target('burst', 100, 'peak'), target('own', 1)];
  for (let seed = 0; seed < 100; seed++) {
    assert.deepEqual(
      drawOrder(targets, seededChance(seed)).map(({ name }) => name),
      ['own', 'burst', 'reserve'],
    );
  }
});

test('weight 0 comes after the weighted ones of its tier, in listed order', () => {
  const targets = [target('z', 0), target('a', 0), target('w', 1), target('v', 1), target('p', 5, 'peak')];
  for (let seed = 0; seed < 100; seed++) {
    const names = drawOrder(targets, seededChance(seed)).map(({ name }) => name);
    assert.deepEqual(names.slice(2), ['z', 'a', 'p']);
    assert.deepEqual(names.slice(0, 2).toSorted(), ['v', 'w']);
  }
});

test('a canary of 10 against 90 is drawn first in one of ten', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    // 20,000 draws: a standard deviation is 42, five of them are 212.
    const canary = firsts([target('stable', 90), target('canary', 10)], 20_000, seed).get('canary') ?? 0;
    assert.ok(Math.abs(canary - 2000) < 212, `seed ${seed}: ${canary}`);
  }
});

test('the first place is drawn by weight among many, and the second from those left', () => {
  const targets = [target('a', 5), target('b', 3), target('c', 2)];
  const chance = seededChance(7);
  const seconds = { b: 0, c: 0 };
  for (let draw = 0; draw < 20_000; draw++) {
    const [first, second] = drawOrder(targets, chance).map(({ name }) => name);
    if (first === 'a' && second === 'b') seconds.b++;
    if (first === 'a' && second === 'c') seconds.c++;
  }
  // Half start with a; of those b follows in three of five.
  assert.ok(Math.abs(seconds.b - 6000) < 350 && Math.abs(seconds.c - 4000) < 350, JSON.stringify(seconds));
});

test('without a target there is no order, and one target needs no draw', () => {
  const chance = { draw: () => assert.fail(), hex: () => '' };
  assert.deepEqual(drawOrder([], chance), []);
  const one = target('only', 0);
  assert.deepEqual(drawOrder([one], chance), [one]);
});

test('every order holds every target once, tiers in order, and changes no argument', () => {
  const anyTarget = fc.record({
    name: fc.string(),
    weight: fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e9, noNaN: true })),
    tier: fc.constantFrom(...tiers),
    variant: fc.constantFrom('', 'stable', 'canary'),
  });
  fc.assert(
    fc.property(fc.array(anyTarget, { maxLength: 30 }), fc.integer(), (targets, seed) => {
      const before = [...targets];
      const order = drawOrder(targets, seededChance(seed));
      assert.deepEqual(targets, before);
      assert.equal(new Set(order).size, targets.length);
      assert.equal(order.length, targets.length);
      const ranks = order.map(({ tier, weight }) => tiers.indexOf(tier) * 2 + (weight > 0 ? 0 : 1));
      assert.deepEqual(
        ranks,
        ranks.toSorted((a, b) => a - b),
      );
    }),
  );
});

test('members of a variant share a rank, and weigh together against others', () => {
  const targets = [
    target('a', 1, 'base', 'stable'),
    target('b', 1, 'base', 'stable'),
    target('c', 1, 'base', 'canary'),
  ];
  const chance = seededChance(3);
  let stableFirst = 0;
  for (let draw = 0; draw < 3_000; draw++) {
    const ranks = drawRanks(targets, chance).map((rank) =>
      rank
        .map(({ name }) => name)
        .toSorted()
        .join(''),
    );
    assert.deepEqual(ranks.toSorted(), ['ab', 'c']);
    if (ranks[0] === 'ab') stableFirst++;
  }
  // 2,000 expected; a standard deviation is 26.
  assert.ok(Math.abs(stableFirst - 2_000) < 130, String(stableFirst));
});

const plain = (weight: number, tier: Tier = 'base', variant?: string) => ({ weight, tier, variant });

test('targets of one tier are interchangeable while their weights are equal, each for itself else, and as named always', () => {
  assert.deepEqual(variantNames([plain(1), plain(1), plain(5, 'peak')]), ['', '', '']);
  assert.deepEqual(variantNames([plain(90), plain(10)]), ['#0', '#1']);
  assert.deepEqual(variantNames([plain(90, 'base', 'old'), plain(10), plain(10)]), ['old', '', '']);
});
