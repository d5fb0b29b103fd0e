// Baseline: what a key usually uses at each hour of the week, learned hour by hour and kept over restarts.
// It must never learn from an hour it did not see whole: the first after a start is left out.
import type { WallMs } from '../kernel/brands.ts';
import type { JsonValue } from '../kernel/json.ts';

const HOURS_PER_WEEK = 168;
const HOUR_MS = 3_600_000;
/** 1970-01-01 was a Thursday; weeks are counted from Monday 00:00 UTC. */
const MONDAY_OFFSET_HOURS = 3 * 24;
/** Weight of the newest week. */
const NEWEST_SHARE = 0.3;

/** Usual use per hour of the week, Monday 00:00 UTC first; null: that hour was never seen. */
export type BaselineState = readonly (number | null)[];

export class Baseline {
  readonly #hours: (number | null)[];
  /** Hours since 1970; null: none was begun. */
  #hour: number | null = null;
  #isWhole = false;
  #total = 0;

  /** Anything but a state as this version saves it is dropped. */
  constructor(state: JsonValue = null) {
    this.#hours = isState(state) ? [...state] : Array.from({ length: HOURS_PER_WEEK }, () => null);
  }

  /** True when an hour was learned by it. A correction may be negative. */
  add(amount: number, at: WallMs): boolean {
    const hour = Math.floor(at / HOUR_MS);
    const learned = this.#roll(hour);
    this.#total += amount;
    return learned;
  }

  /** In the whole of an hour; null: not known. */
  usual(at: WallMs): number | null {
    return this.#hours[hourOfWeek(Math.floor(at / HOUR_MS))] ?? null;
  }

  /** To be stored as it is. */
  state(): (number | null)[] {
    return [...this.#hours];
  }

  #roll(hour: number): boolean {
    const begun = this.#hour;
    // A clock that was set back begins the hour anew.
    if (begun !== null && hour === begun) return false;
    this.#hour = hour;
    const wasWhole = this.#isWhole;
    this.#isWhole = begun !== null && hour > begun;
    const total = Math.max(0, this.#total);
    this.#total = 0;
    if (begun === null || hour < begun) return false;
    if (wasWhole) this.#learn(begun, total);
    // Whole hours in which it used nothing; a week of them says it all.
    const idleFrom = Math.max(begun + 1, hour - HOURS_PER_WEEK);
    for (let idle = idleFrom; idle < hour; idle++) this.#learn(idle, 0);
    return wasWhole || idleFrom < hour;
  }

  #learn(hour: number, total: number): void {
    const at = hourOfWeek(hour);
    const known = this.#hours[at] ?? null;
    // Whole figures: the state is written as text, and a fraction of a token says nothing.
    this.#hours[at] = Math.round(known === null ? total : known + NEWEST_SHARE * (total - known));
  }
}

const hourOfWeek = (hour: number): number => (hour + MONDAY_OFFSET_HOURS) % HOURS_PER_WEEK;

const isUse = (use: JsonValue): boolean => use === null || (typeof use === 'number' && use >= 0);

function isState(state: JsonValue): state is (number | null)[] {
  return Array.isArray(state) && state.length === HOURS_PER_WEEK && state.every(isUse);
}
