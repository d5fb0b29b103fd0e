// Slope: whether something grows, read from samples that jump about. Memory of a process goes up and down with its garbage
// collection, so the least of each stretch counts, and the median of all slopes between two of them: a few odd ones move it
// little. Pure.

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

const MS_PER_HOUR = 3_600_000;

/** The least of every stretch of so long. */
export function minima(points: readonly Point[], stretchMs: number): Point[] {
  const least = new Map<number, Point>();
  for (const point of points) {
    const stretch = Math.floor(point.atMs / stretchMs);
    const known = least.get(stretch);
    if (known === undefined || point.value < known.value) least.set(stretch, point);
  }
  return [...least.values()];
}

/** Theil and Sen's; null of fewer than three points. */
export function slopePerHour(points: readonly Point[]): number | null {
  if (points.length < 3) return null;
  const slopes: number[] = [];
  for (const [at, one] of points.entries()) {
    for (const other of points.slice(at + 1)) {
      if (other.atMs !== one.atMs) slopes.push((other.value - one.value) / (other.atMs - one.atMs));
    }
  }
  const sorted = slopes.toSorted((one, other) => one - other);
  return (sorted[Math.floor(sorted.length / 2)] ?? 0) * MS_PER_HOUR;
}
