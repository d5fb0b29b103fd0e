// Sliding peak: the largest value of the last while, in memory that never grows: time is cut into slices, each remembers
// its own peak, and the oldest slice is forgotten whole. Exact to one slice.
// It must never be asked about the past: instants only rise.
import type { MonotonicMs } from '../kernel/brands.ts';

const SLICES = 6;

export class SlidingPeak {
  readonly #sliceMs: number;
  readonly #turns = new Float64Array(SLICES).fill(-Infinity);
  readonly #peaks = new Float64Array(SLICES);

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  note(value: number, now: MonotonicMs): void {
    const turn = Math.floor(now / this.#sliceMs);
    const at = turn % SLICES;
    const known = this.#turns[at] === turn ? (this.#peaks[at] ?? 0) : -Infinity;
    this.#turns[at] = turn;
    this.#peaks[at] = Math.max(known, value);
  }

  /** -Infinity when nothing was noted. */
  peak(now: MonotonicMs): number {
    const oldest = Math.floor(now / this.#sliceMs) - SLICES + 1;
    let highest = -Infinity;
    for (let at = 0; at < SLICES; at++) {
      if ((this.#turns[at] ?? -Infinity) >= oldest) highest = Math.max(highest, this.#peaks[at] ?? -Infinity);
    }
    return highest;
  }

  clear(): void {
    this.#turns.fill(-Infinity);
  }
}
