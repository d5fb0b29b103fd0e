// Scenarios: what happens to far sides and load, as a table. A scenario is data and a few functions of time; `--load` sets its
// height, and a short run squeezes its times. Load 1 is 0.7 of what the far sides can do.
import { healthy, type BatchEngine, type Condition } from '../engine/batch-engine.ts';
import { bluntManners, type HiddenLimits, type LimitedApi, type Manners as ApiManners } from '../engine/limited-api.ts';
import { type Manners, politeManners, rudeManners } from './clients.ts';
import { type Mix, standardMix, type Wish, workOf } from './workload.ts';

export interface SideSpec {
  readonly name: string;
  readonly weight: number;
  readonly kind:
    | { readonly kind: 'engine' }
    | { readonly kind: 'api'; readonly limits: HiddenLimits; readonly manners: ApiManners };
}

/** Something done to a far side at an instant. */
export interface Blow {
  readonly atMs: number;
  readonly side: string;
  readonly condition?: Condition;
  /** What was under way there breaks off. */
  readonly crash?: true;
  readonly limits?: HiddenLimits;
}

export interface Plan {
  readonly seconds: number;
  /** What an answered wish is worth. */
  readonly worthOf: (wish: Pick<Wish, 'promptTokens' | 'outputTokens'>) => number;
  /** Work per second at load 1, over all far sides. */
  readonly workPerSecond: number;
  readonly mix: Mix;
  /** Same name, same mix: what ideals are remembered by. */
  readonly mixName: string;
  /** Multiples of load 1. */
  readonly load: (atMs: number) => number;
  readonly sides: readonly SideSpec[];
  readonly blows: readonly Blow[];
  readonly clients: Manners;
  /** Goodput and expectations are measured here. */
  readonly measuredMs: { readonly from: number; readonly to: number };
  /** Share of healthy speed in the measured time, for the ideal. */
  readonly idealSpeed: number;
  /** Engines' worth of work that the load's split over them lets the fleet do. */
  readonly idealEngines: number;
  /** The ideal is what this policy makes of the same seed; null: the best static limit. */
  readonly idealPolicy: string | null;
  /** The same without its abuser, to compare with; null where there is none. */
  readonly quiet: Plan | null;
  /** When load or far side is back to normal; null: it does not end. */
  readonly troubleEndsMs: number | null;
  /** A refusal at this instant is a false one. */
  readonly calm: (atMs: number) => boolean;
}

export interface Scenario {
  readonly what: string;
  readonly load: number;
  readonly plan: (load: number, scale: number) => Plan;
}

/** Best static limit of one engine with the standard mix, held-out mean of the study: what load is measured against. */
const ENGINE_WORK_PER_SECOND = 13_700;
export const BASE_UTILISATION = 0.7;
/** After trouble ends, refusals count as false once this has passed. */
const CALM_AFTER_MS = 10_000;

const engineSide = (name: string, weight: number): SideSpec => ({ name, weight, kind: { kind: 'engine' } });

function basePlan(seconds: number): Plan {
  return {
    seconds,
    worthOf: workOf,
    workPerSecond: ENGINE_WORK_PER_SECOND * BASE_UTILISATION,
    mix: standardMix,
    mixName: 'standard',
    load: () => 1,
    sides: [engineSide('engine', 1)],
    blows: [],
    clients: politeManners,
    measuredMs: { from: 0, to: seconds * 1000 },
    idealSpeed: 1,
    idealEngines: 1,
    idealPolicy: null,
    quiet: null,
    troubleEndsMs: null,
    calm: () => false,
  };
}

/** A time with its usual load, a time of trouble, and a time after it. */
function threeParts(beforeS: number, troubleS: number, afterS: number, scale: number): Plan & { during: During } {
  const [from, to] = [beforeS * scale * 1000, (beforeS + troubleS) * scale * 1000];
  const during: During = (atMs) => atMs >= from && atMs < to;
  return {
    ...basePlan((beforeS + troubleS + afterS) * scale),
    measuredMs: { from, to },
    troubleEndsMs: to,
    calm: (atMs) => atMs < from || atMs > to + CALM_AFTER_MS,
    during,
  };
}

type During = (atMs: number) => boolean;

/** In a run squeezed shorter than this, slow to get well could not be told from never. */
const AFTER_TROUBLE_S_MIN = 75;

/** The same, where the trouble ends and what comes of it is measured. */
export function troubled(
  beforeS: number,
  troubleS: number,
  afterS: number,
  scale: number,
): ReturnType<typeof threeParts> {
  return threeParts(beforeS, troubleS, Math.max(afterS, AFTER_TROUBLE_S_MIN / scale), scale);
}

/** The load stays: answers to the last wishes measured have time to come under it. */
const step: Scenario['plan'] = (load, scale) => {
  const parts = threeParts(60, 120, 30, scale);
  const { from } = parts.measuredMs;
  return { ...parts, load: (atMs) => (atMs < from ? 1 : load), troubleEndsMs: null, calm: (atMs) => atMs < from };
};

const spike: Scenario['plan'] = (load, scale) => {
  const parts = troubled(60, 120, 120, scale);
  return { ...parts, load: (atMs) => (parts.during(atMs) ? load : 1) };
};

/** The engine's condition while the trouble lasts. */
export function ailing(plan: Plan, load: number, condition: Condition): Plan {
  const { from, to } = plan.measuredMs;
  return {
    ...plan,
    load: () => load,
    idealSpeed: condition.speed,
    blows: [
      { atMs: from, side: 'engine', condition },
      { atMs: to, side: 'engine', condition: healthy },
    ],
  };
}

const flapping: Scenario['plan'] = (load, scale) => {
  const parts = troubled(60, 120, 60, scale);
  const { from, to } = parts.measuredMs;
  const blows: Blow[] = [];
  const halfMs = 10_000 * scale;
  for (let at = from; at + halfMs <= to; at += 2 * halfMs) {
    blows.push({ atMs: at, side: 'engine', condition: { ...healthy, refusesWith: 503 } });
    blows.push({ atMs: at + halfMs, side: 'engine', condition: healthy });
  }
  return { ...parts, load: () => load, blows, idealEngines: 0.5 };
};

const crashes: Scenario['plan'] = (load, scale) => {
  const parts = troubled(60, 120, 60, scale);
  const { from, to } = parts.measuredMs;
  const blows: Blow[] = [];
  const [everyMs, downMs] = [40_000 * scale, 5_000 * scale];
  for (let at = from; at + everyMs <= to; at += everyMs) {
    blows.push({ atMs: at, side: 'engine', condition: { ...healthy, refusesWith: 503 }, crash: true });
    blows.push({ atMs: at + downMs, side: 'engine', condition: healthy });
  }
  return { ...parts, load: () => load, blows, idealEngines: 1 - downMs / everyMs };
};

const HIDDEN_TOKENS_PER_SECOND = 10_000;

const wall429: Scenario['plan'] = (load, scale) => {
  const parts = troubled(20, 160, 60, scale);
  const limits = (concurrent: number): HiddenLimits => ({
    concurrent,
    tokensPerSecond: HIDDEN_TOKENS_PER_SECOND,
    requestsPerSecond: null,
  });
  const { from, to } = parts.measuredMs;
  const side: SideSpec = { name: 'api', weight: 1, kind: { kind: 'api', limits: limits(90), manners: bluntManners } };
  return {
    ...parts,
    workPerSecond: HIDDEN_TOKENS_PER_SECOND * BASE_UTILISATION,
    load: (atMs) => (parts.during(atMs) ? load : 1),
    sides: [side],
    // What the API's limit counts: by any other measure whoever lets small requests in only would beat the limit.
    worthOf: ({ promptTokens, outputTokens }) => promptTokens + outputTokens,
    // Limits nobody knows: clients that ask again and again find out best, whatever it costs the API.
    idealPolicy: 'pass-through',
    blows: [
      { atMs: from + (to - from) / 3, side: 'api', limits: limits(30) },
      { atMs: from + (2 * (to - from)) / 3, side: 'api', limits: limits(90) },
    ],
  };
};

const ABUSER_FACTOR = 50;

const noisyTenant: Scenario['plan'] = (load, scale) => {
  const parts = threeParts(30, 120, 30, scale);
  const mix: Mix = {
    ...standardMix,
    zipf: 0,
    laneShares: { vip: 0, standard: 1, batch: 0 },
    abuser: { tenant: 0, factor: ABUSER_FACTOR },
  };
  const plan: Plan = { ...parts, mix, mixName: 'noisy', troubleEndsMs: null, calm: () => false };
  // The others alone make the usual load; the abuser comes on top, or asks no more than they do.
  const times = (factor: number): number => (mix.tenants - 1 + factor) / (mix.tenants - 1);
  const quiet: Plan = { ...plan, mix: { ...mix, abuser: { tenant: 0, factor: 1 } }, load: () => load * times(1) };
  return { ...plan, load: () => load * times(ABUSER_FACTOR), quiet };
};

const HEAVY_EVERY_MS = 30_000;

const heavyPrompts: Scenario['plan'] = (load, scale) => {
  const parts = troubled(60, 120, 60, scale);
  const heavyShare = (atMs: number): number => (Math.floor(atMs / (HEAVY_EVERY_MS * scale)) % 2 === 0 ? 0.1 : 0.5);
  return {
    ...parts,
    mix: { ...standardMix, heavyShare },
    mixName: `heavy ${scale}`,
    load: (atMs) => (parts.during(atMs) ? load : 1) * HEAVY_RATE,
  };
};
/** Heavy prompts are so much more work than usual ones that fewer requests make the same load. */
const HEAVY_RATE = 0.3;

const canary: Scenario['plan'] = (load, scale) => {
  const parts = troubled(60, 120, 60, scale);
  return {
    ...parts,
    // The canary takes a tenth: the fleet is worth little more than the engine that takes nine.
    workPerSecond: (ENGINE_WORK_PER_SECOND * BASE_UTILISATION) / 0.9,
    load: (atMs) => (parts.during(atMs) ? load : 1),
    sides: [engineSide('stable', 90), engineSide('canary', 10)],
    idealEngines: 1 / 0.9,
  };
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  steady: {
    what: 'the usual load, nothing happens',
    load: 1,
    plan: (load, scale) => {
      const parts = threeParts(30, 120, 30, scale);
      return { ...parts, load: () => load, troubleEndsMs: null, calm: () => load * BASE_UTILISATION <= 0.85 };
    },
  },
  step2: { what: 'twice the load, and it stays', load: 2, plan: step },
  step5: { what: 'five times the load, and it stays', load: 5, plan: step },
  spike: { what: 'ten times the load for 120 s', load: 10, plan: spike },
  step20: { what: 'twenty times the load, and it stays', load: 20, plan: step },
  step50: { what: 'fifty times the load, and it stays', load: 50, plan: step },
  'capacity-third': {
    what: 'at 0.85 of what it can do, the engine is a third as fast for 20 s',
    load: 0.85 / BASE_UTILISATION,
    plan: (load, scale) => ailing(troubled(60, 20, 100, scale), load, { ...healthy, speed: 1 / 3 }),
  },
  'brown-out': {
    what: 'the engine is a fifth as fast for 60 s',
    load: 1,
    plan: (load, scale) => ailing(troubled(60, 60, 120, scale), load, { ...healthy, speed: 0.2 }),
  },
  'wall-429': {
    what: 'a hosted API with limits nobody told, one of which shrinks to a third',
    load: 10,
    plan: wall429,
  },
  flapping: { what: 'the engine answers 503 for 10 s of every 20', load: 1, plan: flapping },
  crashes: { what: 'every 40 s the engine breaks off all it is at, and answers 503 for 5 s', load: 1, plan: crashes },
  'noisy-tenant': { what: 'one of forty equal tenants asks fifty times as much', load: 1, plan: noisyTenant },
  'heavy-prompts': {
    what: 'every 30 s the share of prompts of 6-12k tokens moves between 10 and 50 %',
    load: 10,
    plan: heavyPrompts,
  },
  'retry-storm': {
    what: 'ten times the load for 30 s from clients that retry fast and heed nothing',
    load: 10,
    plan: (load, scale) => {
      const parts = troubled(60, 30, 150, scale);
      return { ...parts, load: (atMs) => (parts.during(atMs) ? load : 1), clients: rudeManners };
    },
  },
  canary: { what: 'two versions at 90 and 10 %, five times the load', load: 5, plan: canary },
};

/** Does a blow to the far side it is for. */
export function strike(blow: Blow, engine: BatchEngine | null, api: LimitedApi | null): void {
  if (engine !== null && blow.condition !== undefined) engine.condition = blow.condition;
  if (engine !== null && blow.crash === true) engine.crash();
  if (api !== null && blow.limits !== undefined) api.limits = blow.limits;
}
