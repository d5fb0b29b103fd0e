// Policies: what `--policy` may name: the gateway, and the published limiters with their stock parameters.
import type { Chance } from '../ports/chance.ts';
import type { EventTime } from './event-time.ts';
import type { Front, Witness } from './front.ts';
import { GatewayFront } from './gateway-front.ts';
import { LimiterFront } from './limiter-front.ts';
import { AimdLimiter, EnvoyLimiter, Gradient2Limiter, type Limiter, passThrough, staticLimit } from './limiters.ts';
import type { Plan } from './scenarios.ts';
import { weighted, type SeededChance } from './seeded-chance.ts';
import type { Upstreams } from './upstreams.ts';

export interface Surroundings {
  readonly time: EventTime;
  readonly chance: SeededChance;
  readonly upstreams: Upstreams;
  readonly plan: Plan;
  readonly witnesses: readonly Witness[];
}

export interface Policy {
  readonly what: string;
  readonly front: (around: Surroundings) => Front;
  /** What the checkers hold it to besides what holds for all. */
  readonly promises: {
    /** Nothing is sent once its lane's first-token expectation has passed. */
    readonly deadlines: boolean;
    /** Resends to one upstream stay within this share of its sends. */
    readonly resendPercent: number | null;
    /** Tenants of a lane who wait for the same far side are served alike. */
    readonly fairShares: boolean;
    /** No lane that is asked for gets nothing. */
    readonly lanes: boolean;
  };
}

/** The best static limit of the study's first seed. */
const STATIC_LIMIT = 120;
const nothing = { deadlines: false, resendPercent: null, fairShares: false, lanes: false };

export const policies: Readonly<Record<string, Policy>> = {
  spillway: {
    what: 'the gateway itself',
    front: gateway,
    promises: { deadlines: true, resendPercent: 10, fairShares: true, lanes: true },
  },
  'pass-through': { what: 'no limit at all', front: limited(passThrough), promises: nothing },
  static: {
    what: `${STATIC_LIMIT} in flight, 1,000 wait first come, first served`,
    front: limited(() => staticLimit(STATIC_LIMIT)),
    promises: nothing,
  },
  aimd: { what: 'Netflix AIMD on timeouts', front: limited(() => new AimdLimiter()), promises: nothing },
  gradient2: { what: 'Netflix Gradient2', front: limited(() => new Gradient2Limiter()), promises: nothing },
  envoy: {
    what: 'Envoy adaptive concurrency',
    front: limited((chance) => new EnvoyLimiter(chance)),
    promises: nothing,
  },
};

function gateway({ time, chance, upstreams, plan, witnesses }: Surroundings): Front {
  return new GatewayFront({
    time,
    chance,
    upstreams,
    specs: plan.sides.map(({ name, weight, kind }) => ({
      name,
      weight,
      provider: kind.kind === 'engine' ? ('vllm' as const) : ('openai' as const),
    })),
    tenants: plan.mix.tenants,
    outputMax: plan.mix.outputMax,
    witnesses,
  });
}

function limited(make: (chance: Chance) => Limiter): Policy['front'] {
  return ({ time, chance, upstreams, plan }) => {
    const weights = plan.sides.map(({ weight }) => weight);
    const pick = (): string => plan.sides[weighted(weights, chance)]?.name ?? '';
    return new LimiterFront(make(chance), upstreams, pick, () => time.now());
  };
}
