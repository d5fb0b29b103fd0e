// Answer length: how long answers are likely to be, learned from those that were: by key and model and by what the caller
// allowed, with fewer words where little is known. A distribution, not a guess: windows need its mean, reservations what four
// in five stay under.
// It must never answer more than the caller allows, nor keep a name longer than it is used.
import { RecentMap } from '../kernel/bounded.ts';

const STATES_MAX = 4_000;
/** Bounds of the histogram's buckets grow by a quarter: a quantile is off by no more than that. */
const GROWTH = 1.25;
const BUCKETS = 60;
/** The weight of what was seen halves after so many answers. */
const HALF_LIFE = 400;
const KEPT = 0.5 ** (1 / HALF_LIFE);
/** Fewer answers say less than the coarser class. */
const ENOUGH = 20;
const UNKNOWN = { mean: 400, q80: 1_000 };

export interface ExpectedLength {
  readonly mean: number;
  readonly q80: number;
}

export class AnswerLengths {
  readonly #lengths = new RecentMap<string, Histogram>(STATES_MAX);

  /** `max`: tokens that the caller allows; null when it did not say. */
  expected(model: string, key: string | null, max: number | null): ExpectedLength {
    const known = classesOf(model, key, max)
      .map((name) => this.#lengths.get(name))
      .find((histogram) => histogram !== undefined && histogram.count >= ENOUGH);
    const mean = known?.mean ?? UNKNOWN.mean;
    // Of whom nothing is known, all that it asks for is believed.
    const q80 = known?.quantile(0.8) ?? max ?? UNKNOWN.q80;
    return max === null ? { mean, q80 } : { mean: Math.min(mean, max), q80: Math.min(q80, max) };
  }

  learn(model: string, key: string | null, max: number | null, tokens: number): void {
    for (const name of classesOf(model, key, max)) {
      let histogram = this.#lengths.get(name);
      if (histogram === undefined) this.#lengths.set(name, (histogram = new Histogram()));
      histogram.add(tokens);
    }
  }
}

/** Finest first. Limits are told apart by their power of four: a limit of 100 says something, 4,000 and 5,000 do not differ. */
function classesOf(model: string, key: string | null, max: number | null): readonly string[] {
  const bound = max === null ? '-' : String(Math.ceil(Math.log(Math.max(1, max)) / Math.log(4)));
  return [`${model} ${bound} ${key ?? ''}`, `${model} ${bound}`, model];
}

class Histogram {
  readonly #weights = new Float64Array(BUCKETS);
  /** Weight of one answer now; grows instead of all the others shrinking. */
  #unit = 1;
  #total = 0;
  #sum = 0;
  count = 0;

  get mean(): number {
    return this.#total === 0 ? 0 : this.#sum / this.#total;
  }

  add(tokens: number): void {
    if (this.#unit > 1e100) this.#scale();
    this.count++;
    const at = Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(Math.max(1, tokens)) / Math.log(GROWTH))));
    this.#weights[at] = (this.#weights[at] ?? 0) + this.#unit;
    this.#total += this.#unit;
    this.#sum += this.#unit * tokens;
    this.#unit /= KEPT;
  }

  quantile(share: number): number {
    let left = share * this.#total;
    for (let at = 0; at < BUCKETS; at++) {
      left -= this.#weights[at] ?? 0;
      if (left <= 0) return GROWTH ** at;
    }
    return GROWTH ** BUCKETS;
  }

  #scale(): void {
    for (let at = 0; at < BUCKETS; at++) this.#weights[at] = (this.#weights[at] ?? 0) / this.#unit;
    this.#total /= this.#unit;
    this.#sum /= this.#unit;
    this.#unit = 1;
  }
}
