// Likeness: how alike a question must be to an answered one to have the same answer, learned for each answered question by
// itself (in the manner of vCache, Schroeder et al., arXiv 2502.03771). The chance that the answers agree rises with the
// likeness s as (1 − lapse) / (1 + exp(−slope · (s − threshold))); a lapse is the same question answered in other words. What
// lapse, slope and threshold may be is weighed on a grid: by what was seen of this question, and by what was seen of all the
// model's questions, so that one seen seldom has others to go by; of a question that was wrong once, nothing as alike as that
// is taken any more, whatever others say.
// It must never say yes where the chance of an error is above the maximum in more than a twentieth of what may be.
import { RecentMap } from '../../kernel/bounded.ts';

const LIKENESS_FLOOR = 0.5;
const BINS = 128;
const THRESHOLDS = 26;
const THRESHOLD_STEP = 0.025;
const SLOPES: readonly number[] = [8, 16, 32, 64, 128, 256];
/** Of the largest error that is allowed. */
const LAPSES: readonly number[] = [0, 0.3, 0.7, 2, 6];
const POINTS = THRESHOLDS * SLOPES.length * LAPSES.length;
/** What was seen of all counts band by band: most of what is compared are questions that are not alike. */
const BANDS = 8;
const BAND_BINS = BINS / BANDS;
/** Much less alike, anything may be: there some questions are the same and others are not, and no one curve fits it all. */
const BANDS_BELOW = 1;
const CONFIDENCE = 0.95;
const LAPSE_MAX = 0.9;
const CERTAINTY_MIN = 1e-9;
const GRIDS_MAX = 8;
/** One of its own that was wrong bars all that are no more alike, and a little more: others' luck must not outweigh it. */
const OWN_WRONG_BINS = 2;
/** Of one question; more would only confirm. */
const OWN_MAX = 64;
/** Of all, in a band; then what is older fades. */
const COMMON_MAX = 2_000;

/** Less alike than this nothing is looked at. */
export const likenessMin = LIKENESS_FLOOR;

/** What was seen of one question: likenesses, and whether the answers agreed. */
export type Sightings = readonly number[];

export const withSighting = (seen: Sightings, likeness: number, agreed: boolean): Sightings =>
  [...seen, binOf(likeness) * 2 + Number(agreed)].slice(-OWN_MAX);

const isAgreed = (sighting: number): boolean => (sighting & 1) === 1;

const binOf = (likeness: number): number =>
  Math.max(0, Math.min(BINS - 1, Math.floor(((likeness - LIKENESS_FLOOR) / (1 - LIKENESS_FLOOR)) * BINS)));

/** It was wrong for a question that was as alike, or hardly less. */
export function isBarred(likeness: number, seen: Sightings): boolean {
  const bin = binOf(likeness);
  return seen.some((sighting) => !isAgreed(sighting) && sighting >> 1 >= bin - OWN_WRONG_BINS);
}

export class Likeness {
  readonly #errorMax: number;
  readonly #grid: Grid;
  readonly #common = new Float64Array(BANDS * POINTS);
  readonly #cases = new Float64Array(BINS);
  readonly #wrong = new Float64Array(BINS);

  constructor(errorMax: number) {
    this.#errorMax = errorMax;
    this.#grid = gridOf(errorMax);
  }

  learn(likeness: number, agreed: boolean): void {
    const bin = binOf(likeness);
    const band = Math.floor(bin / BAND_BINS);
    if (this.#casesOf(band) >= COMMON_MAX) this.#fade(band);
    add(this.#common.subarray(band * POINTS, (band + 1) * POINTS), this.#grid, bin, agreed);
    this.#cases[bin] = (this.#cases[bin] ?? 0) + 1;
    if (!agreed) this.#wrong[bin] = (this.#wrong[bin] ?? 0) + 1;
  }

  /** True: an error is as unlikely as it must be. */
  isEnough(likeness: number, seen: Sightings): boolean {
    const bin = binOf(likeness);
    if (this.#wrongShareFrom(bin) > this.#errorMax) return false;
    if (isBarred(likeness, seen)) return false;
    const weights = new Float64Array(POINTS);
    const lowest = Math.max(0, Math.floor(bin / BAND_BINS) - BANDS_BELOW);
    for (let band = lowest; band < BANDS; band++) {
      if (this.#casesOf(band) === 0) continue;
      const from = band * POINTS;
      for (let point = 0; point < POINTS; point++) {
        weights[point] = (weights[point] ?? 0) + (this.#common[from + point] ?? 0);
      }
    }
    for (const sighting of seen) {
      // What was right is among what was seen of all: it must not count twice. What was wrong may.
      const isCounted = isAgreed(sighting) && (sighting >> 1) / BAND_BINS >= lowest;
      if (!isCounted) add(weights, this.#grid, sighting >> 1, isAgreed(sighting));
    }
    return massWithin(weights, this.#grid, bin, this.#errorMax) >= CONFIDENCE;
  }

  /** Of all that was seen, and was as alike or more: a curve drawn through the rest could promise better than was ever seen. */
  #wrongShareFrom(bin: number): number {
    let [cases, wrong] = [0, 0];
    for (let at = bin; at < BINS; at++) {
      cases += this.#cases[at] ?? 0;
      wrong += this.#wrong[at] ?? 0;
    }
    return cases === 0 ? 0 : wrong / cases;
  }

  #casesOf(band: number): number {
    let cases = 0;
    for (let at = band * BAND_BINS; at < (band + 1) * BAND_BINS; at++) cases += this.#cases[at] ?? 0;
    return cases;
  }

  #fade(band: number): void {
    halve(this.#common.subarray(band * POINTS, (band + 1) * POINTS));
    for (const counts of [this.#cases, this.#wrong]) halve(counts.subarray(band * BAND_BINS, (band + 1) * BAND_BINS));
  }
}

function halve(values: Float64Array): void {
  for (let at = 0; at < values.length; at++) values[at] = (values[at] ?? 0) / 2;
}

function add(weights: Float64Array, { agree, differ }: Grid, bin: number, agreed: boolean): void {
  const table = agreed ? agree : differ;
  const from = bin * POINTS;
  for (let point = 0; point < POINTS; point++) {
    weights[point] = (weights[point] ?? 0) + (table[from + point] ?? 0);
  }
}

/** How much of what may be has so small an error at this likeness. */
function massWithin(logWeights: Float64Array, { differ }: Grid, bin: number, errorMax: number): number {
  let most = -Infinity;
  for (const weight of logWeights) most = Math.max(most, weight);
  const logMax = Math.log(errorMax);
  let all = 0;
  let within = 0;
  for (let point = 0; point < POINTS; point++) {
    const weight = Math.exp((logWeights[point] ?? 0) - most);
    all += weight;
    if ((differ[bin * POINTS + point] ?? 0) <= logMax) within += weight;
  }
  return within / all;
}

/** For each bin (at its lower end: less is promised than is true) and point: log P(agree), log P(differ). */
interface Grid {
  readonly agree: Float32Array;
  readonly differ: Float32Array;
}

/** Models with the same terms share one: it takes 0.8 MB. */
const grids = new RecentMap<number, Grid>(GRIDS_MAX);

function gridOf(errorMax: number): Grid {
  const known = grids.get(errorMax);
  if (known !== undefined) return known;
  const grid: Grid = { agree: new Float32Array(BINS * POINTS), differ: new Float32Array(BINS * POINTS) };
  for (let bin = 0; bin < BINS; bin++) {
    const likeness = LIKENESS_FLOOR + (bin * (1 - LIKENESS_FLOOR)) / BINS;
    for (let point = 0; point < POINTS; point++) {
      const logAgree = logChance(point, likeness, errorMax);
      grid.agree[bin * POINTS + point] = logAgree;
      grid.differ[bin * POINTS + point] = Math.log(-Math.expm1(logAgree));
    }
  }
  grids.set(errorMax, grid);
  return grid;
}

/** Below 0, always: nothing is certain. */
function logChance(point: number, likeness: number, errorMax: number): number {
  const threshold = LIKENESS_FLOOR + (point % THRESHOLDS) * THRESHOLD_STEP;
  const rest = Math.floor(point / THRESHOLDS);
  const slope = SLOPES[rest % SLOPES.length] ?? 1;
  const lapse = Math.min(LAPSE_MAX, errorMax * (LAPSES[Math.floor(rest / SLOPES.length)] ?? 0));
  const steepness = slope * (likeness - threshold);
  const logRise = steepness < -30 ? steepness : -Math.log1p(Math.exp(-steepness));
  return Math.min(-CERTAINTY_MIN, logRise + Math.log1p(-lapse));
}
