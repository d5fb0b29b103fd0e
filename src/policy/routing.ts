// Routing: in which order a model's targets are asked. Tiers first, because they say whose capacity is cheapest; weights
// inside a tier, drawn anew per exchange, because a fixed order would send a failed target's whole load to one neighbour.
// It must never leave a target out: who may be asked at all is decided elsewhere.
import type { Tier } from '../kernel/lane.ts';
import { tiers } from '../kernel/lane.ts';
import type { Chance } from '../ports/chance.ts';

interface Drawn {
  readonly weight: number;
  readonly tier: Tier;
}

/**
 * All targets, base before peak before standby. Inside a tier each place is drawn by weight from those left, so that a
 * weight of 90 against 10 comes first in 90 of 100. Weight 0 is a pure fallback: after the weighted ones, as listed.
 */
export function drawOrder<T extends Drawn>(targets: readonly T[], chance: Chance): T[] {
  if (targets.length <= 1) return [...targets];
  const order: T[] = [];
  for (const tier of tiers) {
    const members = targets.filter((target) => target.tier === tier);
    drawByWeight(
      members.filter((target) => target.weight > 0),
      chance,
      order,
    );
    order.push(...members.filter((target) => !(target.weight > 0)));
  }
  return order;
}

/** Moves all of `left` to `order`. */
function drawByWeight<T extends Drawn>(left: T[], chance: Chance, order: T[]): void {
  while (left.length > 1) {
    let point = chance.draw() * left.reduce((sum, target) => sum + target.weight, 0);
    // The last one takes what rounding leaves over.
    let at = 0;
    for (; at < left.length - 1; at++) {
      point -= left[at]?.weight ?? 0;
      if (point < 0) break;
    }
    order.push(...left.splice(at, 1));
  }
  order.push(...left);
}
