// Burst: how far a key may exceed its limit per minute while the fleet has room: a fifth, if it was modest over the last
// hour, and what it takes beyond the limit comes off the next minute. Beside it the baseline: what a key usually takes at
// this hour of the week, kept over restarts.
// It must never let batch burst in overload, and never lend to a minute that still repays.
import type { MonotonicMs, WallMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';

const BURST_SHARE = 0.2;
const MODEST_SHARE = 0.8;
const MINUTE_MS = 60_000;
const MINUTES = 60;

export interface BurstCircumstances {
  readonly lane: Lane;
  /** The fleet's tokens in flight are clearly below its windows. */
  readonly fleetHasRoom: boolean;
  readonly overloaded: boolean;
}

/** One limit of one key, in its units per minute. */
export class Burst {
  readonly #perMinute: number;
  /** Used in each of the last minutes, by minute modulo their number. */
  readonly #used = new Float64Array(MINUTES);
  #minute = -1;
  #debt = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  onUsed(amount: number, now: MonotonicMs): void {
    this.#roll(now);
    this.#used[this.#minute % MINUTES] = this.usedNow + amount;
  }

  /** What may be used in the present minute, that which was used already included. */
  limit({ lane, fleetHasRoom, overloaded }: BurstCircumstances, now: MonotonicMs): number {
    this.#roll(now);
    if (this.#debt > 0) return Math.max(0, this.#perMinute - this.#debt);
    const modest = this.#meanOfHour() < MODEST_SHARE * this.#perMinute;
    const mayBurst = fleetHasRoom && modest && !(lane === 'batch' && overloaded);
    return this.#perMinute * (mayBurst ? 1 + BURST_SHARE : 1);
  }

  /** Used in the minute of the last call. */
  get usedNow(): number {
    return this.#used[this.#minute % MINUTES] ?? 0;
  }

  #meanOfHour(): number {
    return this.#used.reduce((sum, used) => sum + used, 0) / MINUTES;
  }

  #roll(now: MonotonicMs): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute <= this.#minute) return;
    // A debt is of one minute: what the paying minute itself took beyond its lowered limit is owed on.
    const allowed = Math.max(0, this.#perMinute - this.#debt);
    const owed = this.#minute < 0 ? 0 : Math.max(0, this.usedNow - allowed);
    this.#debt = minute === this.#minute + 1 ? Math.min(owed, BURST_SHARE * this.#perMinute) : 0;
    const passed = Math.min(MINUTES, minute - Math.max(this.#minute, minute - MINUTES));
    for (let back = 0; back < passed; back++) this.#used[(minute - back) % MINUTES] = 0;
    this.#minute = minute;
  }
}

const HOURS_PER_WEEK = 168;
const HOUR_MS = 3_600_000;
/** 1970-01-01 was a Thursday; weeks are counted from Monday 00:00 UTC. */
const MONDAY_OFFSET_HOURS = 3 * 24;
/** Weight of the newest week. */
const NEWEST_SHARE = 0.3;

/** Usual use per hour of the week; null: that hour was never seen. Plain data, to be stored as it is. */
export type BaselineState = readonly (number | null)[];

export class Baseline {
  readonly #hours: (number | null)[];

  /** A state of the wrong length, as an older version may have left, is dropped. */
  constructor(state: BaselineState = []) {
    this.#hours = state.length === HOURS_PER_WEEK ? [...state] : Array.from({ length: HOURS_PER_WEEK }, () => null);
  }

  /** The total of the hour that `at` lies in, once it is over. */
  onHour(total: number, at: WallMs): void {
    const hour = hourOfWeek(at);
    const known = this.#hours[hour] ?? null;
    this.#hours[hour] = known === null ? total : known + NEWEST_SHARE * (total - known);
  }

  usual(at: WallMs): number | null {
    return this.#hours[hourOfWeek(at)] ?? null;
  }

  state(): BaselineState {
    return [...this.#hours];
  }
}

function hourOfWeek(at: WallMs): number {
  return (Math.floor(at / HOUR_MS) + MONDAY_OFFSET_HOURS) % HOURS_PER_WEEK;
}
