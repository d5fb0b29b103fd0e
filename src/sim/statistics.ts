// Statistics: small sums over many numbers.

/** The value below which a share of the values lie; null of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}

export const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

export const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : sum(values) / values.length;

/** Jain's index: 1 when all have the same, 1/n when one has everything; null of nobody. */
export function jain(values: readonly number[]): number | null {
  const squares = sum(values.map((value) => value * value));
  return squares === 0 ? null : sum(values) ** 2 / (values.length * squares);
}

/**
 * What each gets of `total` when nobody gets more than asked and what is left over is shared equally (max-min). Answers the
 * level: who asked for more than that is backlogged.
 */
export function fairLevel(demands: readonly number[], total: number): number {
  let left = total;
  let rest = demands.length;
  for (const demand of demands.toSorted((a, b) => a - b)) {
    if (demand * rest > left) return left / rest;
    left -= demand;
    rest--;
  }
  return Number.POSITIVE_INFINITY;
}
