// Degradation: a ladder per lane, from a somewhat lesser answer to none. It is climbed while the predicted wait stays too
// long for the lane's objective, and left slowly, so that callers do not see answers change from one second to the next.
// It must never take a rung that the model did not opt into, nor cap the answers of any lane but batch.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Rung } from '../kernel/rung.ts';

/** Each level begins above this share of the objective; the last offers the default answer, or where there is none, sheds. */
const levels: readonly { readonly above: number; readonly rungs: readonly Rung[] }[] = [
  { above: 0.5, rungs: ['capTokens'] },
  { above: 0.7, rungs: ['stale'] },
  { above: 0.9, rungs: ['cheaper'] },
  { above: 1, rungs: ['default', 'shed'] },
];
const ENTER_MS = 5_000;
const LEAVE_SHARE = 0.5;
const LEAVE_MS = 30_000;

export class Degradation {
  readonly #lane: Lane;
  #level = 0;
  /** Since when the wait is above each level's threshold; null: it is not. */
  readonly #aboveSince: (number | null)[] = levels.map(() => null);
  #easySince: number | null = null;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** 0: normal. */
  get level(): number {
    return this.#level;
  }

  /** Call at least every second, with 0 when nobody waits. True when the level has changed. */
  onPredictedWait(waitMs: number, objectiveMs: number, now: MonotonicMs): boolean {
    const share = waitMs / objectiveMs;
    const before = this.#level;
    for (const [at, { above }] of levels.entries()) {
      const since = share > above ? (this.#aboveSince[at] ?? now) : null;
      this.#aboveSince[at] = since;
      if (since !== null && now - since >= ENTER_MS) this.#level = Math.max(this.#level, at + 1);
    }
    if (this.#level > before) this.#easySince = null;
    else this.#ease(share, now);
    return this.#level !== before;
  }

  /** What to do to an exchange whose model opted into these rungs, mildest first; of the last level one alone. */
  active(optedInto: ReadonlySet<Rung>): Rung[] {
    return levels.slice(0, this.#level).flatMap((level) => {
      const rung = level.rungs.find((one) => optedInto.has(one) && (one !== 'capTokens' || this.#lane === 'batch'));
      return rung === undefined ? [] : [rung];
    });
  }

  #ease(share: number, now: MonotonicMs): void {
    const present = levels[this.#level - 1];
    if (present === undefined || share >= present.above * LEAVE_SHARE) this.#easySince = null;
    else this.#easySince ??= now;
    if (this.#easySince === null || now - this.#easySince < LEAVE_MS) return;
    this.#level--;
    this.#easySince = null;
  }
}
