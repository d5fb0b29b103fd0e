// Histogram: many durations in little room, with quantiles to within one percent, the way HdrHistogram does it: exact below
// 64 µs, then 64 buckets for every doubling up to 71 minutes. It lies in memory that threads share: one thread writes, others
// may read at any time and see counts that are a moment old, never wrong by more.
// It must never grow: adding takes the same time and room for the first value and the millionth.

const SUB_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BITS;
const OCTAVES = 32 - SUB_BITS;
const BUCKETS = SUB_BUCKETS * (OCTAVES + 1);
const MICROSECONDS_MAX = 2 ** 32 - 1;
const US_PER_MS = 1_000;

const COUNT = 0;
const SUM = 1;
const SQUARES = 2;
const MAX = 3;
const BUCKETS_FROM = 4;

export class Histogram {
  /** Numbers that one histogram takes. */
  static readonly size = BUCKETS_FROM + BUCKETS;
  readonly #cells: Float64Array;

  constructor(cells: Float64Array = new Float64Array(Histogram.size)) {
    this.#cells = cells;
  }

  get count(): number {
    return this.#cells[COUNT] ?? 0;
  }

  get maxMs(): number {
    return this.#cells[MAX] ?? 0;
  }

  /** Null of nothing. */
  get meanMs(): number | null {
    return this.count === 0 ? null : (this.#cells[SUM] ?? 0) / this.count;
  }

  /** Standard deviation, exact; null of nothing. */
  get sdMs(): number | null {
    const mean = this.meanMs;
    if (mean === null) return null;
    return Math.sqrt(Math.max(0, (this.#cells[SQUARES] ?? 0) / this.count - mean * mean));
  }

  add(ms: number): void {
    const cells = this.#cells;
    const bucket = BUCKETS_FROM + bucketOf(ms);
    cells[bucket] = (cells[bucket] ?? 0) + 1;
    cells[COUNT] = (cells[COUNT] ?? 0) + 1;
    cells[SUM] = (cells[SUM] ?? 0) + ms;
    cells[SQUARES] = (cells[SQUARES] ?? 0) + ms * ms;
    if (ms > (cells[MAX] ?? 0)) cells[MAX] = ms;
  }

  merge(other: Histogram): void {
    const from = other.#cells;
    const to = this.#cells;
    const max = Math.max(this.maxMs, other.maxMs);
    for (let at = 0; at < Histogram.size; at++) to[at] = (to[at] ?? 0) + (from[at] ?? 0);
    to[MAX] = max;
  }

  /** By nearest rank; `share` from 0 to 1. Null of nothing. */
  quantileMs(share: number): number | null {
    let total = 0;
    // Counted here, not taken from the head: a writer may be between the two.
    for (let bucket = 0; bucket < BUCKETS; bucket++) total += this.#cells[BUCKETS_FROM + bucket] ?? 0;
    if (total === 0) return null;
    let left = Math.max(1, Math.ceil(share * total));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#cells[BUCKETS_FROM + bucket] ?? 0;
      if (left <= 0) return Math.min(middleOf(bucket), this.maxMs);
    }
    return this.maxMs;
  }
}

function bucketOf(ms: number): number {
  const us = Math.min(MICROSECONDS_MAX, Math.max(0, Math.round(ms * US_PER_MS)));
  if (us < SUB_BUCKETS) return us;
  const octave = 31 - Math.clz32(us) - SUB_BITS;
  return SUB_BUCKETS * octave + Math.floor(us / 2 ** octave);
}

/** In milliseconds. */
function middleOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket / US_PER_MS;
  const octave = Math.floor(bucket / SUB_BUCKETS) - 1;
  const from = (bucket - SUB_BUCKETS * octave) * 2 ** octave;
  return (from + (2 ** octave - 1) / 2) / US_PER_MS;
}
