// Seeded chance and the distributions workloads are drawn from. One seed replays one run; streams for different purposes are
// forked, so that a policy that draws once more does not change who arrives when.
// Never for production, where ids must be unpredictable.
import type { Chance } from '../ports/chance.ts';

const TWO_TO_32 = 0x1_0000_0000;
const HEX_DIGITS_PER_DRAW = 8;

export class SeededChance implements Chance {
  #position: number;

  constructor(seed: number) {
    this.#position = mix(seed >>> 0);
  }

  /** A stream of its own for one purpose. */
  fork(purpose: number): SeededChance {
    return new SeededChance(mix(this.#position ^ Math.imul(purpose + 1, 0x9e3779b9)));
  }

  draw(): number {
    return this.#next() / TWO_TO_32;
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.#next().toString(16).padStart(HEX_DIGITS_PER_DRAW, '0');
    return text.slice(0, digits);
  }

  /** A Weyl sequence through a mixing function: 32 good bits per draw. */
  #next(): number {
    this.#position = (this.#position + 0x9e3779b9) >>> 0;
    return mix(this.#position);
  }
}

function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** With mean 1. */
export function exponential(chance: Chance): number {
  return -Math.log(1 - chance.draw());
}

export function normal(chance: Chance): number {
  const radius = Math.sqrt(-2 * Math.log(1 - chance.draw()));
  return radius * Math.cos(2 * Math.PI * chance.draw());
}

/** With mean 1; for shapes below 1 too (Marsaglia and Tsang 2000, with the boost for small shapes). */
export function gamma(shape: number, chance: Chance): number {
  if (shape < 1) return (gamma(shape + 1, chance) * (shape + 1) * (1 - chance.draw()) ** (1 / shape)) / shape;
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal(chance);
    const v = (1 + x / (3 * Math.sqrt(d))) ** 3;
    if (v > 0 && Math.log(1 - chance.draw()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (d * v) / shape;
  }
}

/** The index drawn in proportion to `weights`. */
export function weighted(weights: readonly number[], chance: Chance): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = chance.draw() * total;
  for (const [at, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return at;
  }
  return weights.length - 1;
}
