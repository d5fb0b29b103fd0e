// Setting: what a storm is played with: how large the far sides are, what they charge, who asks how much and when. Pure, as
// plain data, so that table, report and test speak of the same storm. It must never be tuned to flatter: the load is a
// multiple of what the base can do, and what the other tiers can do is told beside the figures.
import type { Tier } from '../../kernel/lane.ts';
import type { Result } from '../../kernel/result.ts';
import { type Plan, planOf } from '../../load/plan.ts';
import { type Mix, standardMix, type Wish, Workload } from '../../sim/workload.ts';
import type { MannerName } from '../../wall/engine/manner.ts';

export type ByTier<Value> = Readonly<Record<Tier, Value>>;

/** Dollars for a million tokens. */
export interface TierPrice {
  readonly inputUsd: number;
  readonly outputUsd: number;
}

interface FarSide {
  /** 1 is the engine as it is modelled. */
  readonly capacity: number;
  readonly manner: MannerName;
  readonly price: TierPrice;
}

/**
 * A small engine of one's own; two hosted services, each large enough to carry the whole storm but for what the base does, so that
 * losing one of them loses nobody. A hosted token costs twice one's own, in reserve four times.
 */
export const farSides: ByTier<FarSide> = {
  base: { capacity: 0.2, manner: 'vllm', price: { inputUsd: 0.25, outputUsd: 1 } },
  peak: { capacity: 1.8, manner: 'deepseek', price: { inputUsd: 0.5, outputUsd: 2 } },
  standby: { capacity: 2, manner: 'deepseek', price: { inputUsd: 1, outputUsd: 4 } },
};

/** Short questions and answers: many requests for few tokens, so that shares are those of many. */
export const stormMix: Mix = {
  ...standardMix,
  tenants: 12,
  laneShares: { vip: 0.05, standard: 0.7, batch: 0.25 },
  promptMedian: 200,
  promptMax: 4_000,
  outputMean: 100,
  outputMax: 400,
};

/** Requests of this mix that an engine of capacity 1 answers in a second with all its slots taken, found in virtual time. */
const REQUESTS_PER_CAPACITY = 35;
const CALM_LOAD = 0.5;
/** The models' public name, also on the walls. */
export const MODEL = 'chat';

/** When is what, in milliseconds since a run began. */
export interface Timeline {
  readonly stormFromMs: number;
  readonly stormToMs: number;
  readonly endMs: number;
}

export interface Setting {
  readonly load: number;
  readonly chaos: boolean;
  readonly seed: number;
  readonly timeline: Timeline;
}

const MS_PER_S = 1_000;
const CALM_BEFORE_MS_MAX = 4_000;
const CALM_AFTER_MS_MAX = 20_000;

/** The storm, with a calm before it and one after it in which recovery shows. */
export function timelineOf(stormSeconds: number): Timeline {
  const stormMs = stormSeconds * MS_PER_S;
  const stormFromMs = Math.round(Math.min(CALM_BEFORE_MS_MAX, stormMs / 4));
  const stormToMs = stormFromMs + stormMs;
  return { stormFromMs, stormToMs, endMs: stormToMs + Math.round(Math.min(CALM_AFTER_MS_MAX, stormMs / 2)) };
}

export const baseRequestsPerSecond = farSides.base.capacity * REQUESTS_PER_CAPACITY;

/** What all three can do, in multiples of what the base can. */
export const capacityTimes =
  (farSides.base.capacity + farSides.peak.capacity + farSides.standby.capacity) / farSides.base.capacity;

/** The same requests at the same instants for both runs. */
export function stormPlan({ load, seed, timeline }: Setting): Result<Plan, string> {
  const { stormFromMs, stormToMs, endMs } = timeline;
  const rate = (atMs: number): number =>
    baseRequestsPerSecond * (atMs >= stormFromMs && atMs < stormToMs ? load : CALM_LOAD);
  const workload = new Workload(stormMix, seed, rate);
  const wishes: Wish[] = [];
  for (let wish = workload.next(); wish.atMs < endMs; wish = workload.next()) wishes.push(wish);
  return planOf(wishes, endMs);
}
