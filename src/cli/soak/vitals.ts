// Vitals: how a gateway's process fares over a long run, from its own page, and what that comes to. Pure: pages in,
// figures out.
import type { Samples } from '../samples.ts';
import { minima, type Point, slopePerHour } from './slope.ts';

export interface VitalsSample {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly fds: number;
  readonly timers: number;
  /** Of the time since the sample before. */
  readonly lagMsP99: number;
}

export interface SoakFigures {
  readonly samples: number;
  readonly warmUpMs: number;
  /** Of the least memory in every half minute after the warm-up. */
  readonly rssSlopeMbPerHour: number | null;
  readonly heapSlopeMbPerHour: number | null;
  readonly rssMbMin: number;
  readonly rssMbMax: number;
  /** Of the first and the last quarter after the warm-up: means. */
  readonly fds: Ends;
  readonly timers: Ends;
  readonly lagMsP99Median: number;
  readonly lagMsP99Max: number;
}

export interface Ends {
  readonly first: number;
  readonly last: number;
  readonly max: number;
}

const MB = 1_000_000;
const STRETCH_MS = 30_000;
const WARM_UP_SHARE = 0.25;
const WARM_UP_MS_MAX = 300_000;

export function vitalsSample(atMs: number, page: Samples): VitalsSample {
  return {
    atMs,
    rssBytes: page.sum('process_resident_memory_bytes'),
    heapBytes: page.sum('nodejs_heap_size_used_bytes'),
    fds: page.sum('process_open_fds'),
    timers: page.sum('spillway_timers_pending'),
    lagMsP99: page.sum('nodejs_eventloop_lag_p99_seconds') * 1_000,
  };
}

export function soakFigures(all: readonly VitalsSample[], wholeMs: number): SoakFigures | null {
  const warmUpMs = Math.min(WARM_UP_MS_MAX, wholeMs * WARM_UP_SHARE);
  const warm = all.filter(({ atMs }) => atMs >= warmUpMs);
  if (warm.length < 4) return null;
  const column = (of: (sample: VitalsSample) => number): Point[] =>
    warm.map((sample) => ({ atMs: sample.atMs, value: of(sample) / MB }));
  const slope = (of: (sample: VitalsSample) => number): number | null => {
    const found = slopePerHour(minima(column(of), STRETCH_MS));
    return found === null ? null : rounded(found);
  };
  const lags = warm.map(({ lagMsP99 }) => lagMsP99).toSorted((one, other) => one - other);
  const memory = warm.map(({ rssBytes }) => rssBytes / MB);
  return {
    samples: all.length,
    warmUpMs,
    rssSlopeMbPerHour: slope(({ rssBytes }) => rssBytes),
    heapSlopeMbPerHour: slope(({ heapBytes }) => heapBytes),
    rssMbMin: rounded(Math.min(...memory)),
    rssMbMax: rounded(Math.max(...memory)),
    fds: endsOf(warm.map(({ fds }) => fds)),
    timers: endsOf(warm.map(({ timers }) => timers)),
    lagMsP99Median: rounded(lags[Math.floor(lags.length / 2)] ?? 0),
    lagMsP99Max: rounded(lags.at(-1) ?? 0),
  };
}

function endsOf(values: readonly number[]): Ends {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  return {
    first: rounded(mean(values.slice(0, quarter))),
    last: rounded(mean(values.slice(-quarter))),
    max: Math.max(...values),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const rounded = (value: number): number => Math.round(value * 10) / 10;
