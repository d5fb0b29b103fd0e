// Workload: who asks what, and when. One request is one wish of one tenant; how often its client asks for it is the client's
// affair (client.ts). Everything is drawn from a seed before anything is decided, so that every policy meets the same wishes.
import type { Lane } from '../kernel/lane.ts';
import { exponential, gamma, normal, SeededChance, weighted } from './seeded-chance.ts';

export interface Wish {
  /** Counts from 0 in order of arrival. */
  readonly number: number;
  readonly atMs: number;
  readonly tenant: number;
  readonly lane: Lane;
  readonly promptTokens: number;
  readonly outputTokens: number;
}

/** What a lane's clients expect. */
export interface Expectations {
  readonly firstTokenMs: number;
  /** Mean time per token after the first. */
  readonly perTokenMs: number;
}

export const expectations: Readonly<Record<Lane, Expectations>> = {
  vip: { firstTokenMs: 1_500, perTokenMs: 100 },
  standard: { firstTokenMs: 4_000, perTokenMs: 100 },
  batch: { firstTokenMs: 10_000, perTokenMs: 100 },
};

/** Work of one answered request: a token made costs about twice a token read. */
export const workOf = (wish: Pick<Wish, 'promptTokens' | 'outputTokens'>): number =>
  wish.promptTokens + 2 * wish.outputTokens;

export interface Mix {
  readonly tenants: number;
  /** Tenant n asks in proportion to 1 / (n+1)^zipf. */
  readonly zipf: number;
  readonly laneShares: Readonly<Record<Lane, number>>;
  /** Gamma arrivals; 1 makes them Poisson. */
  readonly arrivalCv: number;
  readonly promptMedian: number;
  /** Of the logarithm. */
  readonly promptSigma: number;
  readonly promptMax: number;
  readonly outputMean: number;
  readonly outputMax: number;
  /** Share of requests with a prompt of 6,000 to 12,000 tokens, at an instant. */
  readonly heavyShare: (atMs: number) => number;
  /** A tenant that asks so many times as much as the busiest other; null: there is none. */
  readonly abuser: { readonly tenant: number; readonly factor: number } | null;
}

/** The study's mix (overload study §1.3). */
export const standardMix: Mix = {
  tenants: 40,
  zipf: 1,
  laneShares: { vip: 0.05, standard: 0.3, batch: 0.65 },
  arrivalCv: 1.41,
  promptMedian: 490,
  promptSigma: 1,
  promptMax: 30_000,
  outputMean: 280,
  outputMax: 2_000,
  heavyShare: () => 0,
  abuser: null,
};

const HEAVY_TOKENS_MIN = 6_000;
const HEAVY_TOKENS_MAX = 12_000;
/** Shorter prompts than this hold no question. */
const PROMPT_TOKENS_MIN = 8;

/** Draws wishes one after the other. `requestsPerSecond` may change with time; it holds for the gap that begins then. */
export class Workload {
  readonly #mix: Mix;
  readonly #rate: (atMs: number) => number;
  readonly #arrivals: SeededChance;
  readonly #contents: SeededChance;
  readonly #tenantWeights: readonly number[];
  #atMs = 0;
  #number = 0;

  constructor(mix: Mix, seed: number, requestsPerSecond: (atMs: number) => number) {
    this.#mix = mix;
    this.#rate = requestsPerSecond;
    const chance = new SeededChance(seed);
    this.#arrivals = chance.fork(1);
    this.#contents = chance.fork(2);
    this.#tenantWeights = Array.from({ length: mix.tenants }, (_, tenant) => tenantWeight(mix, tenant));
  }

  next(): Wish {
    this.#atMs += this.#gapMs();
    return this.draw(this.#atMs);
  }

  /** A wish at a given instant, whatever the rate: an endless backlog is made of those. */
  draw(atMs: number): Wish {
    const { laneShares } = this.#mix;
    const chance = this.#contents;
    const lane = weighted([laneShares.vip, laneShares.standard, laneShares.batch], chance);
    return {
      number: this.#number++,
      atMs,
      tenant: weighted(this.#tenantWeights, chance),
      lane: (['vip', 'standard', 'batch'] as const)[lane] ?? 'batch',
      promptTokens: this.#promptTokens(atMs),
      outputTokens: Math.min(this.#mix.outputMax, Math.max(1, Math.round(this.#mix.outputMean * exponential(chance)))),
    };
  }

  /** A gap of unit size is worked off at the rate of each moment, so that a step in the load acts at once. */
  #gapMs(): number {
    const { arrivalCv } = this.#mix;
    let left = arrivalCv === 1 ? exponential(this.#arrivals) : gamma(1 / arrivalCv ** 2, this.#arrivals);
    let at = this.#atMs;
    for (;;) {
      const perMs = this.#rate(at) / 1000;
      const spent = Math.min(left, perMs * STEP_MS);
      if (spent === left && perMs > 0) return at + left / perMs - this.#atMs;
      left -= spent;
      at += STEP_MS;
      if (at - this.#atMs > SILENCE_MS_MAX) return at - this.#atMs;
    }
  }

  #promptTokens(atMs: number): number {
    const chance = this.#contents;
    if (chance.draw() < this.#mix.heavyShare(atMs)) {
      return Math.round(HEAVY_TOKENS_MIN + (HEAVY_TOKENS_MAX - HEAVY_TOKENS_MIN) * chance.draw());
    }
    const tokens = this.#mix.promptMedian * Math.exp(this.#mix.promptSigma * normal(chance));
    return Math.min(this.#mix.promptMax, Math.max(PROMPT_TOKENS_MIN, Math.round(tokens)));
  }
}

const STEP_MS = 100;
/** Nobody waits longer for the next arrival: a rate of zero must not hang the draw. */
const SILENCE_MS_MAX = 3_600_000;

function tenantWeight(mix: Mix, tenant: number): number {
  if (mix.abuser?.tenant === tenant) return mix.abuser.factor;
  return 1 / (tenant + 1) ** mix.zipf;
}

/** Mean work of a wish without heavy prompts; what a rate is measured in. */
export function meanWork(mix: Mix): number {
  const prompt = mix.promptMedian * Math.exp(mix.promptSigma ** 2 / 2);
  const output = mix.outputMean * (1 - Math.exp(-mix.outputMax / mix.outputMean));
  return prompt + 2 * output;
}
