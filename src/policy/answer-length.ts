// Answer lengths: how long answers come out, learned per model, allowed length and key: `max_tokens` says what may come, this
// what does come. The mean tells what an answer holds, the q80 what to set aside for it. A distribution, not one figure:
// counts per length class that fade with use, so that a new habit is learned within some hundred answers.
// It must never promise more than was allowed, nor grow with the number of keys; where one key's answers are too few, it
// borrows from coarser ones: all keys, then all allowed lengths, then a guess.
import { JoinedNames, RecentMap } from '../kernel/bounded.ts';

const DISTRIBUTIONS_MAX = 10_000;
/** Fewer answers are no distribution. */
const WEIGHT_MIN = 8;
/** What an answer still counts after this many others: half. */
const HALF_LIFE_ANSWERS = 200;
const FADE = 0.5 ** (1 / HALF_LIFE_ANSWERS);
/** Length classes, four to each doubling: a class is 19 % wide, finer than any use made of it. */
const CLASSES = 72;
const CLASSES_PER_DOUBLING = 4;
/** Before the first answer: what chats come to, most often. */
const GUESS = { meanTokens: 300, q80Tokens: 500 } as const;

export interface AnswerLength {
  readonly meanTokens: number;
  readonly q80Tokens: number;
}

export class AnswerLengths {
  readonly #distributions = new RecentMap<string, Distribution>(DISTRIBUTIONS_MAX);
  readonly #joined = new JoinedNames(2 * DISTRIBUTIONS_MAX);

  learn(model: string, maxTokens: number | null, key: string | null, tokens: number): void {
    if (!(tokens >= 0)) return;
    for (const name of this.#namesOf(model, maxTokens, key)) {
      let known = this.#distributions.get(name);
      if (known === undefined) {
        known = new Distribution();
        this.#distributions.set(name, known);
      }
      known.add(tokens);
    }
  }

  estimate(model: string, maxTokens: number | null, key: string | null): AnswerLength {
    const most = maxTokens ?? Infinity;
    for (const name of this.#namesOf(model, maxTokens, key)) {
      const known = this.#distributions.get(name);
      if (known !== undefined && known.weight >= WEIGHT_MIN) return bounded(known.read(), most);
    }
    // Of whom nothing is known, all that it asks for is believed.
    return bounded({ ...GUESS, q80Tokens: maxTokens ?? GUESS.q80Tokens }, most);
  }

  /** Finest first. */
  #namesOf(model: string, maxTokens: number | null, key: string | null): string[] {
    const bucket = maxTokens === null ? 'any' : String(Math.ceil(Math.log2(Math.max(1, maxTokens))));
    const ofBucket = this.#joined.of(model, bucket);
    return key === null ? [ofBucket, model] : [this.#joined.of(ofBucket, key), ofBucket, model];
  }
}

function bounded({ meanTokens, q80Tokens }: AnswerLength, most: number): AnswerLength {
  return { meanTokens: Math.min(meanTokens, most), q80Tokens: Math.min(q80Tokens, most) };
}

class Distribution {
  readonly #weights = new Float64Array(CLASSES);
  /** The newest answer weighs this much, and the next a little more: the same as fading all others, for one addition. */
  #newest = 1;
  #total = 0;
  #sum = 0;

  /** In answers of today's weight. */
  get weight(): number {
    return this.#total / this.#newest;
  }

  add(tokens: number): void {
    this.#newest /= FADE;
    const at = classOf(tokens);
    this.#weights[at] = (this.#weights[at] ?? 0) + this.#newest;
    this.#total += this.#newest;
    this.#sum += this.#newest * tokens;
    if (this.#newest > 1e9) this.#rescale();
  }

  read(): AnswerLength {
    let below = 0;
    let at = 0;
    for (; at < CLASSES - 1; at++) {
      below += this.#weights[at] ?? 0;
      if (below >= 0.8 * this.#total) break;
    }
    return { meanTokens: this.#sum / this.#total, q80Tokens: highestOf(at) };
  }

  /** Weights rise for ever; numbers do not. */
  #rescale(): void {
    for (let at = 0; at < CLASSES; at++) this.#weights[at] = (this.#weights[at] ?? 0) / this.#newest;
    this.#total /= this.#newest;
    this.#sum /= this.#newest;
    this.#newest = 1;
  }
}

const classOf = (tokens: number): number =>
  Math.min(CLASSES - 1, Math.ceil(CLASSES_PER_DOUBLING * Math.log2(Math.max(1, tokens))));

const highestOf = (at: number): number => Math.floor(2 ** (at / CLASSES_PER_DOUBLING));
