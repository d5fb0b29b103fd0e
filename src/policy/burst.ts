// Burst: how far a key may exceed its limit per minute while the fleet has room: by a fifth, if it was modest over the last
// hour. It is a loan: the bucket goes into debt by so much, and what flows in repays the debt before anything else.
// It must never let batch burst in overload, nor lend anew before the last loan is repaid.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';

const BURST_SHARE = 0.2;
/** Mean use over the hour, as a share of the limit, below which a key is modest. */
const MODEST_SHARE = 0.8;
/** The same for a key that is no busier than it usually is at this hour of the week: what is usual is no surge. */
const USUAL_MODEST_SHARE = 0.95;
/** So much above its usual use an hour is still usual. */
const USUAL_SLACK = 1.1;
const MINUTE_MS = 60_000;
const MINUTES = 60;

export interface BurstCircumstances {
  readonly lane: Lane;
  /** Nobody waits for the targets, and their windows are clearly not full. */
  readonly fleetHasRoom: boolean;
  readonly overloaded: boolean;
}

/** One limit of one key, in its units. */
export class Burst {
  /** Used in each of the last minutes, by minute modulo their number. */
  readonly #used = new Float64Array(MINUTES);
  #minute = -1;
  /** A loan may grow in the minute it is taken in, and no longer. */
  #loanMinute = -1;

  /** A correction of what was used before may be negative. */
  onUsed(amount: number, now: MonotonicMs): void {
    this.#roll(now);
    const at = this.#minute % MINUTES;
    this.#used[at] = (this.#used[at] ?? 0) + amount;
  }

  /**
   * How far beyond its full bucket it may be charged now. `owed`: how far it is beyond already. `usualPerMinute`: what it
   * uses at this hour of other weeks; null: not known.
   */
  extra(
    limit: { readonly perMinute: number; readonly owed: number; readonly usualPerMinute: number | null },
    { lane, fleetHasRoom, overloaded }: BurstCircumstances,
    now: MonotonicMs,
  ): number {
    this.#roll(now);
    if (limit.owed <= 0) this.#loanMinute = this.#minute;
    const repays = this.#loanMinute !== this.#minute;
    if (repays || !fleetHasRoom || (lane === 'batch' && overloaded)) return 0;
    const mean = this.#used.reduce((sum, used) => sum + used, 0) / MINUTES;
    const isUsual = limit.usualPerMinute !== null && mean <= USUAL_SLACK * limit.usualPerMinute;
    const modest = (isUsual ? USUAL_MODEST_SHARE : MODEST_SHARE) * limit.perMinute;
    return mean < modest ? BURST_SHARE * limit.perMinute : 0;
  }

  #roll(now: MonotonicMs): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute <= this.#minute) return;
    const passed = Math.min(MINUTES, minute - Math.max(this.#minute, minute - MINUTES));
    for (let back = 0; back < passed; back++) this.#used[(minute - back) % MINUTES] = 0;
    this.#minute = minute;
  }
}
