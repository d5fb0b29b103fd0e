// Siblings: targets that stand in for each other (same model, tier and variant), compared with each other. One that does worse
// than the rest is left out for a while, although its own breaker has no reason to open.
import { RecentMap } from '../kernel/bounded.ts';
import type { MonotonicMs } from '../kernel/brands.ts';
import { Outliers } from '../policy/outliers.ts';
import type { PlannedTarget } from './exchange.ts';
import type { Target } from './snapshot.ts';

const SETS_MAX = 1_000;

interface SiblingSet {
  readonly members: readonly Target[];
  readonly outliers: Outliers;
}

export class Siblings {
  readonly #sets = new RecentMap<string, SiblingSet>(SETS_MAX);

  /** Null: it is not left out. */
  outUntil(planned: PlannedTarget, now: MonotonicMs): MonotonicMs | null {
    return this.#setOf(planned)?.outliers.outUntil(planned.target.id, now) ?? null;
  }

  /** `good`: neither fault nor cut. What says nothing about the target (429, the client left) is not told. */
  onOutcome(planned: PlannedTarget, good: boolean, sentAt: MonotonicMs, now: MonotonicMs): void {
    this.#setOf(planned)?.outliers.onOutcome(planned.target.id, good, sentAt, now);
  }

  /** Null: it has none. */
  #setOf({ model, target }: PlannedTarget): SiblingSet | null {
    if (model.targets.length < 2) return null;
    const name = `${model.name} ${target.tier} ${target.variant}`;
    const known = this.#sets.get(name);
    if (known !== undefined && known.members.includes(target)) return known;
    const members = model.targets.filter(({ tier, variant }) => tier === target.tier && variant === target.variant);
    if (members.length < 2) return null;
    // After a reload targets are new objects with the same names: who stays keeps its standing.
    const outliers = known?.outliers ?? new Outliers([]);
    outliers.adopt(members.map(({ id }) => id));
    const set = { members, outliers };
    this.#sets.set(name, set);
    return set;
  }
}
