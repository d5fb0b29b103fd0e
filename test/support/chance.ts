// Seeded chance for tests: one seed replays one run. A Weyl sequence through a mixing function: 32 good bits per draw are
// plenty for tests. Never for production, where ids must be unpredictable.
import type { Chance } from '../../src/ports/chance.ts';

export function seededChance(seed: number): Chance {
  let position = seed >>> 0;
  const draw = (): number => {
    position = (position + 0x9e3779b9) >>> 0;
    let mixed = position;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
  };
  return { draw, hex: (digits) => hexOf(draw, digits) };
}

/** Draws the same value for ever: the middle, the lowest, the highest case of a random decision. */
export function constantChance(value: number): Chance {
  const draw = (): number => value;
  return { draw, hex: (digits) => hexOf(draw, digits) };
}

function hexOf(draw: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(draw() * 16).toString(16)).join('');
}
