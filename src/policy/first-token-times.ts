// First-token times: how long a target's first tokens took lately, by the size of the prompt, and what is late among them.
// The controller and the choice of a target work with estimates of the mean; "late" is about the tail, so it is counted.
// It must never call anything late before it has seen enough, nor grow with what it is told.
import { RecentNumbers } from './quantile.ts';

/** Prompt tokens below which a size begins; longer prompts differ too much among themselves to have a usual time. */
const SIZES = [512, 2_048, 8_192];
const SAMPLES_MAX = 100;
const SAMPLES_MIN = 20;
const LATE_SHARE = 0.95;

export class FirstTokenTimes {
  readonly #bySize: (RecentNumbers | null)[] = SIZES.map(() => null);

  /** What was given up unanswered counts too, with what it had taken by then. */
  add(promptTokens: number, tookMs: number): void {
    const size = sizeOf(promptTokens);
    if (size === -1) return;
    (this.#bySize[size] ??= new RecentNumbers(SAMPLES_MAX)).add(tookMs);
  }

  /** What all but one in twenty came within; null: not known for prompts of this size. */
  usualMsMost(promptTokens: number): number | null {
    const times = this.#bySize[sizeOf(promptTokens)] ?? null;
    return times === null || times.size < SAMPLES_MIN ? null : times.quantile(LATE_SHARE);
  }
}

const sizeOf = (promptTokens: number): number => SIZES.findIndex((bound) => promptTokens < bound);
