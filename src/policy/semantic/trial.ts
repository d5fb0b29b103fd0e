// Trial: whether a model's similar questions may be given each other's answers. At first nobody is given any: each that would
// be is asked anew all the same, and the two answers are compared. Only while the error so measured is, with 95 % confidence,
// no more than what the operator allows, are they given, and a sample of them still compared.
//
//   shadow ──enough compared, bound of the error within──▶ serving ──a sample shows that it may be above──▶ shadow
//     └──above with confidence, or still not known to be within after many──▶ off (until the configuration is loaded again)
import { lowerBound, upperBound } from './binomial.ts';

export type TrialState = 'shadow' | 'serving' | 'off';

export interface TrialTerms {
  /** Largest share of wrong answers, 0 to 1. */
  readonly errorMax: number;
  /** Comparisons before anything is given. */
  readonly verifyFirst: number;
}

/** A share above it with confidence is seen early: an embedder that matches everything with everything. */
const CLEARLY_AFTER = 30;
/** So many times `verifyFirst` in shadow, and still not known to be good enough: it will not become so. */
const PATIENCE = 4;
/** What is older says little of today. But half of what is remembered must still be enough to serve by. */
const REMEMBERED_MAX = 4_000;

export class Trial {
  readonly #terms: TrialTerms;
  #state: TrialState = 'shadow';
  #compared = 0;
  #wrong = 0;
  /** Comparisons since it began, or since it served last. */
  #waited = 0;

  constructor(terms: TrialTerms) {
    this.#terms = terms;
  }

  get state(): TrialState {
    return this.#state;
  }
  get compared(): number {
    return Math.round(this.#compared);
  }
  get wrong(): number {
    return Math.round(this.#wrong);
  }
  /** Upper bound of the share of wrong answers, with 95 % confidence. */
  get errorBound(): number {
    return upperBound(this.wrong, this.compared);
  }

  /** An answer that would have been given was compared. True: the state has changed. */
  onCompared(agreed: boolean): boolean {
    if (this.#state === 'off') return false;
    if (this.#compared >= Math.max(REMEMBERED_MAX, 2 * PATIENCE * this.#terms.verifyFirst)) {
      this.#compared /= 2;
      this.#wrong /= 2;
    }
    this.#compared++;
    if (!agreed) this.#wrong++;
    const before = this.#state;
    this.#waited = before === 'serving' ? 0 : this.#waited + 1;
    this.#state = this.#judge();
    return this.#state !== before;
  }

  #judge(): TrialState {
    const { errorMax, verifyFirst } = this.#terms;
    const { compared, wrong } = this;
    if (compared >= Math.min(CLEARLY_AFTER, verifyFirst) && lowerBound(wrong, compared) > errorMax) return 'off';
    if (compared < verifyFirst) return 'shadow';
    if (this.errorBound <= errorMax) return 'serving';
    return this.#waited >= PATIENCE * verifyFirst ? 'off' : 'shadow';
  }
}
