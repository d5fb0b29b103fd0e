// Routing: in which order a model's targets are asked. Tiers first, because they say whose capacity is cheapest; inside a tier
// variants, drawn anew per exchange when it is planned, so that 90 against 10 holds whatever the load; members of a variant are
// interchangeable, and which of them answers is decided only when one has room.
// It must never leave a target out: who may be asked at all is decided elsewhere.
import type { Tier } from '../kernel/lane.ts';
import { tiers } from '../kernel/lane.ts';
import type { Chance } from '../ports/chance.ts';

interface Drawn {
  readonly weight: number;
  readonly tier: Tier;
  readonly variant: string;
}

/**
 * Ranks, base before peak before standby. Inside a tier each place is drawn by weight from the variants left (a variant
 * weighs what its members do together), so that a weight of 90 against 10 comes first in 90 of 100. Weight 0 is a pure
 * fallback: after the weighted ones, as listed. Members of a rank stand in drawn order too: without anything known of
 * them, that spreads the load.
 */
export function drawRanks<T extends Drawn>(targets: readonly T[], chance: Chance): T[][] {
  if (targets.length <= 1) return targets.map((target) => [target]);
  const ranks: T[][] = [];
  for (const tier of tiers) {
    const members = targets.filter((target) => target.tier === tier);
    const weighted = members.filter((target) => target.weight > 0);
    const variants = Map.groupBy(weighted, ({ variant }) => variant);
    const drawn = drawByWeight([...variants.values()], (variant) => sumOf(variant), chance);
    for (const variant of drawn) ranks.push(drawByWeight(variant, ({ weight }) => weight, chance));
    for (const target of members) if (!(target.weight > 0)) ranks.push([target]);
  }
  return ranks;
}

/**
 * Which targets of one model are interchangeable: those that say the same variant; of the others all of a tier, as long as
 * their weights are equal. Unequal weights say that it matters who answers: then each is a variant of its own.
 */
export function variantNames(
  targets: readonly { readonly weight: number; readonly tier: Tier; readonly variant?: string | undefined }[],
): string[] {
  return targets.map(({ tier, variant }, index) => {
    if (variant !== undefined) return variant;
    const unnamed = targets.filter((other) => other.tier === tier && other.variant === undefined && other.weight > 0);
    const isEven = unnamed.every(({ weight }) => weight === unnamed[0]?.weight);
    return isEven ? '' : `#${index}`;
  });
}

const sumOf = (members: readonly Drawn[]): number => members.reduce((sum, { weight }) => sum + weight, 0);

function drawByWeight<T>(among: readonly T[], weightOf: (one: T) => number, chance: Chance): T[] {
  const left = [...among];
  const order: T[] = [];
  while (left.length > 1) {
    let point = chance.draw() * left.reduce((sum, one) => sum + weightOf(one), 0);
    // The last one takes what rounding leaves over.
    let at = 0;
    for (; at < left.length - 1; at++) {
      point -= weightOf(left[at] as T);
      if (point < 0) break;
    }
    order.push(...left.splice(at, 1));
  }
  return [...order, ...left];
}
