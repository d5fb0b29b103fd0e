// Occupancy: who holds how much of a target, by lane and by tenant. In a full window everybody waits for somebody's answer to
// end, however light his own demand; so who took clearly more than his share of late leaves room for what the others may want.
// It must never keep a tenant who took nothing for long, nor limit one who is alone.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';
import { SlidingPeak } from './sliding-peak.ts';

/** Clearly more than its share took who took so many equal shares, and at least this part of all. */
const CLEARLY = 3;
const GREEDY_SHARE_MIN = 0.1;
/** What was taken counts for so long: one burst does not make anybody greedy, nor one large request. */
const RECENT_MS = 30_000;
const PEAK_OVER_MS = 60_000;
/** The highest of the last minute is not the highest there will be. */
const PEAK_MARGIN = 1.2;
/** Counters grow with time instead of all others shrinking; beyond this (a minute) they are all scaled down. */
const WEIGHT_MAX = Math.exp(2);
/** Who took less than this part of all is as good as gone. */
const TRACE_SHARE = 0.001;

export class Occupancy {
  readonly lanes: Record<Lane, number> = { vip: 0, standard: 0, batch: 0 };
  /** Tokens held now. */
  readonly #held = new Map<string, number>();
  /** Tokens taken of late, in units that grow with time. */
  readonly #taken = new Map<string, number>();
  #takenByAll = 0;
  #unitFrom = 0;
  /** Were greedy when they last took something; by their least share they are few. */
  readonly #greedy = new Set<string>();
  readonly #peakOfOthers = new SlidingPeak(PEAK_OVER_MS);

  take(lane: Lane, tenant: string, tokens: number, now: MonotonicMs): void {
    const weighted = tokens * this.#weight(now);
    this.#taken.set(tenant, (this.#taken.get(tenant) ?? 0) + weighted);
    this.#takenByAll += weighted;
    if (this.isGreedy(tenant)) this.#greedy.add(tenant);
    this.lanes[lane] += tokens;
    this.#held.set(tenant, (this.#held.get(tenant) ?? 0) + tokens);
    this.#peakOfOthers.note(this.#heldByOthers(), now);
  }

  giveBack(lane: Lane, tenant: string, tokens: number): void {
    this.lanes[lane] -= tokens;
    const left = (this.#held.get(tenant) ?? 0) - tokens;
    // Sums of fractions leave crumbs.
    if (left > 1e-6) this.#held.set(tenant, left);
    else this.#held.delete(tenant);
  }

  /** It took, of late, clearly more than an equal share of what all took. */
  isGreedy(tenant: string): boolean {
    if (this.#taken.size < 2) return false;
    const share = Math.max(CLEARLY / this.#taken.size, GREEDY_SHARE_MIN);
    return (this.#taken.get(tenant) ?? 0) > share * this.#takenByAll;
  }

  /** Somebody who is not greedy held something in the last minute: there is somebody to leave room for. */
  hasOthers(now: MonotonicMs): boolean {
    return this.#peakOfOthers.peak(now) > 0;
  }

  /** What those who are not greedy may want at any moment: somewhat more than their peak, beyond what they hold now. */
  reserve(now: MonotonicMs): number {
    return Math.max(0, PEAK_MARGIN * this.#peakOfOthers.peak(now) - this.#heldByOthers());
  }

  #heldByOthers(): number {
    let held = this.lanes.vip + this.lanes.standard + this.lanes.batch;
    for (const tenant of this.#greedy) {
      if (this.isGreedy(tenant)) held -= this.#held.get(tenant) ?? 0;
      else this.#greedy.delete(tenant);
    }
    return held;
  }

  #weight(now: MonotonicMs): number {
    const weight = Math.exp((now - this.#unitFrom) / RECENT_MS);
    if (weight <= WEIGHT_MAX) return weight;
    const trace = (TRACE_SHARE * this.#takenByAll) / weight;
    this.#takenByAll = 0;
    for (const [tenant, taken] of this.#taken) {
      const left = taken / weight;
      if (left < trace) this.#taken.delete(tenant);
      else {
        this.#taken.set(tenant, left);
        this.#takenByAll += left;
      }
    }
    this.#unitFrom = now;
    return 1;
  }
}
