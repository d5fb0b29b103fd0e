// Inter-token time: how long an engine takes from one token to the next, over all streams it runs. Streams of one engine
// are decoded together, so this is a reading of how full its batch is. Events may carry several tokens at once: the gap is
// the time since the last event, per token. The mean decides, not the median: an engine that reads prompts in between has
// short steps and long ones, of which a median sees only the more frequent kind.
// It must never take a slow engine for a full one: what is slow is told by the engine's own best when that is slower than
// what was asked for; nor one stream's stall for the engine's pace.
import type { MonotonicMs } from '../kernel/brands.ts';
import { SlidingPeak } from './sliding-peak.ts';

/** Fewer are somebody's stutter, not the engine's pace. */
const TOKENS_MIN = 20;
const BEST_OVER_MS = 600_000;
/** An engine that never meets the objective is full when it runs so many times slower than at its best. */
const ALARM_OVER_BEST = 1.5;
/** A longer gap is a stall of its stream; it counts as this many objectives. */
const GAP_OBJECTIVES_MAX = 5;

export class InterTokenTimes {
  readonly #objectiveMs: number;
  /** Holds negated times, so that the peak is the best. */
  readonly #best = new SlidingPeak(BEST_OVER_MS);
  #elapsedMs = 0;
  #tokens = 0;

  constructor(objectiveMs: number) {
    this.#objectiveMs = objectiveMs;
  }

  add(elapsedMs: number, tokens: number): void {
    if (!(tokens > 0 && elapsedMs >= 0)) return;
    this.#elapsedMs += Math.min(elapsedMs, tokens * GAP_OBJECTIVES_MAX * this.#objectiveMs);
    this.#tokens += tokens;
  }

  /** Mean time per token since it was last judged; null while there are too few. */
  meanMs(): number | null {
    return this.#tokens < TOKENS_MIN ? null : this.#elapsedMs / this.#tokens;
  }

  /** Judges what came since it was asked last, and begins anew: a token counts once. Null while there are too few. */
  judge(now: MonotonicMs): 'slow' | 'well' | null {
    const meanMs = this.meanMs();
    if (meanMs === null) return null;
    this.forget();
    this.#best.note(-meanMs, now);
    const bestMs = -this.#best.peak(now);
    const objectiveMs = this.#objectiveMs;
    return meanMs > (bestMs > objectiveMs ? ALARM_OVER_BEST * bestMs : objectiveMs) ? 'slow' : 'well';
  }

  /** What came before a cut says nothing about what it did. */
  forget(): void {
    this.#elapsedMs = 0;
    this.#tokens = 0;
  }
}
