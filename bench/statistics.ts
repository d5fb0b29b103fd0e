// Statistics over slices: medians, because one slice may share its core with somebody else's work.

export interface Spread {
  readonly median: number;
  readonly p25: number;
  readonly p75: number;
  readonly min: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: at(sorted, 0.5), p25: at(sorted, 0.25), p75: at(sorted, 0.75), min: at(sorted, 0) };
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** Between two neighbours, in proportion. */
function at(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** To so many significant digits: what noise leaves of a figure. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
