// Sampler: times a short piece of work many thousand times in this process, and says of each slow time whose it was: of the
// garbage collector, of another process that the kernel gave the core to meanwhile, or of the work. Garbage is made by the
// work, so collecting it is the work's; only time that another process had is left out, and counted.
import { PerformanceObserver } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { quantileOf } from './statistics.ts';

export interface Sampled {
  /** Of one piece of work, collections included, other processes' turns not. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** The longest without a collection in it. */
  readonly ownMaxUs: number;
  readonly collectionMaxUs: number;
  /** All collections, spread over all pieces. */
  readonly collectionUs: number;
  /** Left out: another process had the core meanwhile. */
  readonly interrupted: number;
}

/** Above this the kernel is asked whether the core was ours all the time: asking costs a microsecond or two. */
const SUSPECT_US = 15;
const US_PER_MS = 1_000;

/** `work` is one piece; it should take the same each time. */
export async function sample(pieces: number, work: () => void): Promise<Sampled> {
  const starts = new Float64Array(pieces);
  const micros = new Float64Array(pieces);
  const interrupted = new Uint8Array(pieces);
  const collections: { from: number; to: number }[] = [];
  const observer = new PerformanceObserver((list) => collections.push(...list.getEntries().map(intervalOf)));
  observer.observe({ entryTypes: ['gc'] });
  let switches = switchesSoFar();
  for (let piece = 0; piece < pieces; piece += 1) {
    const startedAt = performance.now();
    work();
    const us = (performance.now() - startedAt) * US_PER_MS;
    starts[piece] = startedAt;
    micros[piece] = us;
    if (us < SUSPECT_US) continue;
    const now = switchesSoFar();
    if (now > switches) interrupted[piece] = 1;
    switches = now;
  }
  // Collections are told of by and by.
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  return summary(starts, micros, interrupted, collections);
}

function summary(
  starts: Float64Array,
  micros: Float64Array,
  interrupted: Uint8Array,
  collections: readonly { from: number; to: number }[],
): Sampled {
  const collecting = piecesIn(collections, starts, micros);
  const isOurs = (_: number, piece: number): boolean => interrupted[piece] === 0 || collecting.has(piece);
  const ours = micros.filter(isOurs).toSorted();
  const own = micros.filter((us, piece) => isOurs(us, piece) && !collecting.has(piece)).toSorted();
  const durations = collections.map(({ from, to }) => (to - from) * US_PER_MS);
  return {
    p50Us: quantileOf(ours, 0.5),
    p99Us: quantileOf(ours, 0.99),
    p999Us: quantileOf(ours, 0.999),
    ownMaxUs: own.at(-1) ?? Number.NaN,
    collectionMaxUs: Math.max(0, ...durations),
    collectionUs: durations.reduce((sum, us) => sum + us, 0) / micros.length,
    interrupted: micros.length - ours.length,
  };
}

/** The pieces in which something was collected. */
function piecesIn(
  collections: readonly { from: number; to: number }[],
  starts: Float64Array,
  micros: Float64Array,
): Set<number> {
  const found = new Set<number>();
  let piece = 0;
  for (const { from, to } of collections.toSorted((a, b) => a.from - b.from)) {
    while (piece < starts.length && (starts[piece] ?? 0) + (micros[piece] ?? 0) / US_PER_MS < from) piece += 1;
    for (let at = piece; at < starts.length && (starts[at] ?? 0) <= to; at += 1) found.add(at);
  }
  return found;
}

function intervalOf({ startTime, duration }: PerformanceEntry): { from: number; to: number } {
  return { from: startTime, to: startTime + duration };
}

/** How often the kernel took the core away from this process. */
function switchesSoFar(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}
