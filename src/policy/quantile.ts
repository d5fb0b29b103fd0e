// Quantile: the value below which a given share of a sample lies. One definition (nearest rank) for all who ask, so that
// two decisions about the same sample cannot differ.
// It must never be given an unsorted list, and never change it.

/** `share` from 0 to 1; NaN for an empty list. */
export function quantileOf(ascending: ArrayLike<number>, share: number): number {
  const rank = Math.ceil(share * ascending.length) - 1;
  return ascending[Math.min(ascending.length - 1, Math.max(0, rank))] ?? Number.NaN;
}

const byValue = (left: number, right: number): number => left - right;

export function sorted(values: Iterable<number>): number[] {
  return [...values].toSorted(byValue);
}

/** The last `capacity` numbers, in no useful order: a sample that forgets by number, not by time. */
export class RecentNumbers {
  readonly #ring: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    this.#ring = new Float64Array(capacity);
  }

  get size(): number {
    return Math.min(this.#count, this.#ring.length);
  }

  add(value: number): void {
    this.#ring[this.#count++ % this.#ring.length] = value;
  }

  /** NaN when empty. */
  quantile(share: number): number {
    return quantileOf(this.#ring.subarray(0, this.size).toSorted(), share);
  }

  clear(): void {
    this.#count = 0;
  }
}
