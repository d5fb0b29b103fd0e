// Tally: what became of the requests, counted by lane and by when they were to be sent, in memory that threads share. Each
// worker writes its own; whoever shows or reports adds them up, at any time, without asking anybody.
// A request is counted in exactly one ending, and always in the window of its intended send, so that a window's endings add up
// to what was offered in it.
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import { Histogram } from './histogram.ts';

/** How a request ended. `limited`: 429; `shed`: 503 or 529; `unsent`: the generator was at its own maximum. */
export const endings = ['answered', 'limited', 'shed', 'failed', 'left', 'unsent'] as const;
export type Ending = (typeof endings)[number];

/** What is counted of each lane. */
const counts = [
  'offered',
  ...endings,
  'inSlo',
  'admitted',
  'sends',
  'sends429',
  'sends503',
  'hedged',
  'upstreamSends',
  'tokens',
  'keepAlives',
] as const;
export type Count = (typeof counts)[number];

/**
 * What is measured of each lane, in milliseconds. `felt`: the first token, or the patience of whoever did not get a whole
 * answer. `gap`: between arrivals of text. `perToken`: mean of an answer after its first token. `refusal`: from a try until its no.
 */
const measures = ['firstToken', 'felt', 'gap', 'perToken', 'whole', 'refusal'] as const;
export type Measure = (typeof measures)[number];

const WINDOWS_MAX = 300;
export const windowCounts = ['offered', 'inSlo', ...endings] as const;
export type WindowCount = (typeof windowCounts)[number];

const LANE_CELLS = counts.length + measures.length * Histogram.size;
const WINDOW_CELLS = windowCounts.length;
const LANES_FROM = 0;
const WINDOWS_FROM = LANES_FROM + lanes.length * LANE_CELLS;
const LATENESS_FROM = WINDOWS_FROM + lanes.length * WINDOWS_MAX * WINDOW_CELLS;
const SLOWEST_FROM = LATENESS_FROM + Histogram.size;
/** Coarse first-token histograms by window: buckets a sixth apart from 1 ms to 17 minutes. */
const COARSE = 80;
const COARSE_PER_OCTAVE = 4;
const OWN_FROM = SLOWEST_FROM + WINDOWS_MAX * COARSE;
const own = ['busyShare', 'loopLagMs', 'open', 'openPeak', 'cpuMs'] as const;
type Own = (typeof own)[number];
const CELLS = OWN_FROM + own.length;

export class Tally {
  readonly memory: SharedArrayBuffer;
  readonly windowMs: number;
  readonly #cells: Float64Array;
  readonly #histograms: readonly (readonly Histogram[])[];
  /** How much later than intended requests were sent: the generator's own fault. */
  readonly lateness: Histogram;

  constructor(windowMs: number, memory: SharedArrayBuffer = new SharedArrayBuffer(CELLS * 8)) {
    this.memory = memory;
    this.windowMs = windowMs;
    this.#cells = new Float64Array(memory);
    this.#histograms = lanes.map((_, lane) =>
      measures.map((_measure, at) => {
        const from = LANES_FROM + lane * LANE_CELLS + counts.length + at * Histogram.size;
        return new Histogram(this.#cells.subarray(from, from + Histogram.size));
      }),
    );
    this.lateness = new Histogram(this.#cells.subarray(LATENESS_FROM, LATENESS_FROM + Histogram.size));
  }

  count(lane: Lane, what: Count, by = 1): void {
    this.#add(LANES_FROM + lanes.indexOf(lane) * LANE_CELLS + counts.indexOf(what), by);
  }

  counted(lane: Lane, what: Count): number {
    return this.#cells[LANES_FROM + lanes.indexOf(lane) * LANE_CELLS + counts.indexOf(what)] ?? 0;
  }

  measure(lane: Lane, what: Measure): Histogram {
    const histogram = this.#histograms[lanes.indexOf(lane)]?.[measures.indexOf(what)];
    if (histogram === undefined) throw new Error(`no measure ${what} of ${lane}`);
    return histogram;
  }

  /** `atMs`: the intended send. */
  countIn(atMs: number, lane: Lane, what: WindowCount): void {
    this.#add(windowCell(this.windowOf(atMs), lane, what), 1);
  }

  countedIn(window: number, lane: Lane, what: WindowCount): number {
    return this.#cells[windowCell(window, lane, what)] ?? 0;
  }

  firstTokenIn(atMs: number, ms: number): void {
    const bucket = Math.min(COARSE - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, ms)) * COARSE_PER_OCTAVE)));
    this.#add(SLOWEST_FROM + this.windowOf(atMs) * COARSE + bucket, 1);
  }

  /** First tokens of one window, to within a tenth; null when there were none. */
  firstTokenQuantileIn(window: number, share: number): number | null {
    const cells = this.#cells.subarray(SLOWEST_FROM + window * COARSE, SLOWEST_FROM + (window + 1) * COARSE);
    const total = cells.reduce((sum, cell) => sum + cell, 0);
    if (total === 0) return null;
    let left = Math.max(1, Math.ceil(share * total));
    const bucket = cells.findIndex((cell) => (left -= cell) <= 0);
    return 2 ** ((bucket + 0.5) / COARSE_PER_OCTAVE);
  }

  windowOf(atMs: number): number {
    return Math.min(WINDOWS_MAX - 1, Math.max(0, Math.floor(atMs / this.windowMs)));
  }

  own(what: Own): number {
    return this.#cells[OWN_FROM + own.indexOf(what)] ?? 0;
  }

  setOwn(what: Own, value: number): void {
    this.#cells[OWN_FROM + own.indexOf(what)] = value;
  }

  #add(cell: number, by: number): void {
    this.#cells[cell] = (this.#cells[cell] ?? 0) + by;
  }

  /** Adds what another counted; what a worker says of itself stays its own. */
  merge(other: Tally): void {
    for (const [lane, histograms] of this.#histograms.entries()) {
      for (const what of counts) {
        const name = lanes[lane] ?? 'standard';
        this.count(name, what, other.counted(name, what));
      }
      for (const [at, histogram] of histograms.entries()) {
        const from = other.#histograms[lane]?.[at];
        if (from !== undefined) histogram.merge(from);
      }
    }
    this.lateness.merge(other.lateness);
    for (let cell = WINDOWS_FROM; cell < LATENESS_FROM; cell++) this.#add(cell, other.#cells[cell] ?? 0);
    for (let cell = SLOWEST_FROM; cell < OWN_FROM; cell++) this.#add(cell, other.#cells[cell] ?? 0);
  }
}

function windowCell(window: number, lane: Lane, what: WindowCount): number {
  return WINDOWS_FROM + (window * lanes.length + lanes.indexOf(lane)) * WINDOW_CELLS + windowCounts.indexOf(what);
}

/** Windows of a whole second, or as many seconds as make a run fit. */
export const windowMsOf = (durationMs: number): number =>
  Math.max(1, Math.ceil(durationMs / WINDOWS_MAX / 1_000)) * 1_000;
