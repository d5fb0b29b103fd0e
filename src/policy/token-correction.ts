// Token correction: the estimator counts characters, tokenizers do not. How far it is off depends on the model's tokenizer
// and on what a key sends (code, Chinese, JSON), and hardly changes; so the ratio of what the provider counted to what we
// guessed is learned per model and key, and a key not seen yet borrows the model's.
// It must never let one odd answer throw the estimate out of bounds, nor grow with the number of keys.
import { JoinedNames, RecentMap } from '../kernel/bounded.ts';

const RATIOS_MAX = 10_000;
const RATIO_MIN = 0.25;
const RATIO_MAX = 4;
/** Weight of the newest ratio: a new habit is learned within a dozen exchanges, one outlier moves little. */
const NEWEST = 0.2;

export class TokenCorrection {
  readonly #ratios = new RecentMap<string, number>(RATIOS_MAX);
  readonly #pairs = new JoinedNames(RATIOS_MAX);

  /** Whole tokens. `raw`: the linear estimate. */
  estimate(model: string, key: string | null, raw: number): number {
    return Math.round(raw * this.#ratio(model, key));
  }

  /** `raw` is the linear estimate as it was before correction; `actual` what the provider counted. */
  learn(model: string, key: string | null, raw: number, actual: number): void {
    if (!(raw > 0 && actual > 0)) return;
    const newest = clamp(actual / raw);
    if (key !== null) this.#blend(this.#pairs.of(model, key), this.#ratio(model, key), newest);
    this.#blend(model, this.#ratio(model, null), newest);
  }

  #ratio(model: string, key: string | null): number {
    const own = key === null ? undefined : this.#ratios.get(this.#pairs.of(model, key));
    return own ?? this.#ratios.get(model) ?? 1;
  }

  #blend(pair: string, before: number, newest: number): void {
    this.#ratios.set(pair, before + NEWEST * (newest - before));
  }
}

function clamp(ratio: number): number {
  return Math.min(RATIO_MAX, Math.max(RATIO_MIN, ratio));
}
