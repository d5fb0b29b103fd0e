// Outliers: which targets of a set are left out because they do worse than their siblings. A breaker looks at one target and
// opens when it is broken; an outlier may still answer two times in three, and is left out because others do better.
// It must never leave out more than half of a set, nor its last, and never judge by what was sent before it came back.
import type { MonotonicMs } from '../kernel/brands.ts';
import { SlidingCounts } from './sliding-counts.ts';

const WINDOW_MS = 30_000;
const IN_A_ROW_MAX = 5;
/** A share says something from so many outcomes on, of the target and of its siblings together. */
const OUTCOMES_MIN = 20;
const FAILURE_SHARE_MAX = 0.3;
/** When all fail alike none is an outlier: it must do so much worse than the others. */
const WORSE_FACTOR = 2;
const EJECTION_MS = 30_000;
const EJECTIONS_COUNTED_MAX = 10;
/** Good conduct for so long after its return forgets the earlier times. */
const FORGET_MS = 300_000;
const EJECTED_SHARE_MAX = 0.5;

interface Standing {
  readonly counts: SlidingCounts<'good' | 'bad'>;
  badInARow: number;
  ejections: number;
  /** In the past when it is not out. */
  outUntil: number;
  /** Sends made before say nothing. */
  epoch: number;
}

/** One set: the targets that may stand in for each other. */
export class Outliers {
  #standings: ReadonlyMap<string, Standing> = new Map();

  constructor(targets: Iterable<string>) {
    this.adopt(targets);
  }

  /** The set after a reload: who stays keeps its standing. */
  adopt(targets: Iterable<string>): void {
    this.#standings = new Map([...targets].map((target) => [target, this.#standings.get(target) ?? newStanding()]));
  }

  isOut(target: string, now: MonotonicMs): boolean {
    return this.outUntil(target, now) !== null;
  }

  /** Null: it is not out. */
  outUntil(target: string, now: MonotonicMs): MonotonicMs | null {
    const until = this.#standings.get(target)?.outUntil ?? -Infinity;
    return now < until ? (until as MonotonicMs) : null;
  }

  /** How long the target is left out from now; 0: it stays. `good`: neither fault nor cut; 429s are neither, tell nothing. */
  onOutcome(target: string, good: boolean, sentAt: MonotonicMs, now: MonotonicMs): number {
    const standing = this.#standings.get(target);
    if (standing === undefined || this.isOut(target, now) || sentAt < standing.epoch) return 0;
    standing.counts.add(good ? 'good' : 'bad', now);
    standing.badInARow = good ? 0 : standing.badInARow + 1;
    if (good || !this.#isOutlier(standing, now) || !this.#mayLeave(now)) return 0;
    if (now - standing.outUntil > FORGET_MS) standing.ejections = 0;
    standing.ejections = Math.min(EJECTIONS_COUNTED_MAX, standing.ejections + 1);
    const outMs = EJECTION_MS * standing.ejections;
    standing.outUntil = now + outMs;
    standing.epoch = standing.outUntil;
    standing.badInARow = 0;
    standing.counts.clear();
    return outMs;
  }

  #isOutlier(standing: Standing, now: MonotonicMs): boolean {
    let [good, bad] = [0, 0];
    for (const other of this.#standings.values()) {
      if (other === standing) continue;
      good += other.counts.sum('good', now);
      bad += other.counts.sum('bad', now);
    }
    const othersShare = good + bad >= OUTCOMES_MIN ? bad / (good + bad) : 0;
    if (standing.badInARow >= IN_A_ROW_MAX) return othersShare * WORSE_FACTOR <= 1;
    const ownBad = standing.counts.sum('bad', now);
    const own = standing.counts.sum('good', now) + ownBad;
    if (own < OUTCOMES_MIN) return false;
    return ownBad / own >= Math.max(FAILURE_SHARE_MAX, othersShare * WORSE_FACTOR);
  }

  #mayLeave(now: MonotonicMs): boolean {
    let outAfter = 1;
    for (const { outUntil } of this.#standings.values()) if (now < outUntil) outAfter++;
    const size = this.#standings.size;
    return outAfter < size && outAfter <= size * EJECTED_SHARE_MAX;
  }
}

function newStanding(): Standing {
  return {
    counts: new SlidingCounts(WINDOW_MS, ['good', 'bad']),
    badInARow: 0,
    ejections: 0,
    outUntil: -Infinity,
    epoch: -Infinity,
  };
}
