// Sliding counts: how often something happened in the last while, in memory that never grows. The window is a ring of
// slices; a slice is emptied when its place is used again, so nothing needs a timer. Sums are exact to one slice.
// It must never be asked about the past: instants only rise.
import type { MonotonicMs } from '../kernel/brands.ts';

const SLICES = 10;

export class SlidingCounts<Column extends string> {
  readonly windowMs: number;
  readonly #slices: readonly Slice<Column>[];

  constructor(windowMs: number, columns: readonly Column[]) {
    this.windowMs = windowMs;
    this.#slices = Array.from({ length: SLICES }, () => ({ turn: -Infinity, counts: zeros(columns) }));
  }

  add(column: Column, now: MonotonicMs, amount = 1): void {
    const turn = this.#turn(now);
    const slice = this.#slices[turn % SLICES];
    if (slice === undefined) return;
    if (slice.turn !== turn) empty(slice, turn);
    slice.counts[column] += amount;
  }

  sum(column: Column, now: MonotonicMs): number {
    const oldest = this.#turn(now) - SLICES + 1;
    let total = 0;
    for (const slice of this.#slices) total += slice.turn >= oldest ? slice.counts[column] : 0;
    return total;
  }

  clear(): void {
    for (const slice of this.#slices) slice.turn = -Infinity;
  }

  #turn(now: MonotonicMs): number {
    return Math.max(0, Math.floor((now * SLICES) / this.windowMs));
  }
}

interface Slice<Column extends string> {
  /** How many slices of time had passed when it was begun; -Infinity: holds nothing. */
  turn: number;
  readonly counts: Record<Column, number>;
}

function zeros<Column extends string>(columns: readonly Column[]): Record<Column, number> {
  return Object.fromEntries(columns.map((column) => [column, 0])) as Record<Column, number>;
}

function empty<Column extends string>(slice: Slice<Column>, turn: number): void {
  slice.turn = turn;
  for (const column of Object.keys(slice.counts) as Column[]) slice.counts[column] = 0;
}
