// Run: one seed of one scenario under one policy, from the first wish to the last. Everything that differs between two runs is
// in the order; the same order gives the same result, to the last digit.
import { BatchEngine } from '../engine/batch-engine.ts';
import type { FarSide } from '../engine/far-side.ts';
import { LimitedApi } from '../engine/limited-api.ts';
import { assert } from '../kernel/result.ts';
import { Checkers } from './checkers.ts';
import { Clients } from './clients.ts';
import { EventTime } from './event-time.ts';
import type { Witness } from './front.ts';
import { type Backlog, drawnBacklog, idealOf } from './ideal.ts';
import { Measure, type Measures } from './measure.ts';
import { policies } from './policies.ts';
import { type Plan, scenarios, strike } from './scenarios.ts';
import { SeededChance } from './seeded-chance.ts';
import { sweepScenarios } from './sweep.ts';
import { Upstreams } from './upstreams.ts';
import { meanWork, type Wish, Workload } from './workload.ts';

export interface Order {
  readonly scenario: string;
  readonly policy: string;
  readonly seed: number;
  /** Null: the scenario's own. */
  readonly load: number | null;
  /** Of the scenario's times; 1 is as written. */
  readonly scale: number;
  /** Fewer tenants than the mix has; null: all. */
  readonly tenants: number | null;
  /** Replayed instead of the workload that the scenario would draw. */
  readonly trace: ((mix: Plan['mix'], seed: number) => readonly Wish[]) | null;
}

export interface RunResult extends Measures {
  readonly order: Pick<Order, 'scenario' | 'policy' | 'seed' | 'load' | 'scale'>;
  readonly goodputPctOfIdeal: number;
  /** Work per second: the best that could have been made of any load. */
  readonly ideal: number;
  /** First token of the others, 99th percentile, with the abuser against without; null where there is none. */
  readonly othersP99Ratio: number | null;
  readonly findings: readonly string[];
}

function planOf({ scenario, load, scale, tenants }: Omit<Order, 'trace'>): Plan {
  const found = scenarios[scenario] ?? sweepScenarios[scenario];
  assert(found !== undefined, `there is a scenario ${scenario}`);
  const plan = found.plan(load ?? found.load, scale);
  return tenants === null ? plan : { ...plan, mix: { ...plan.mix, tenants }, mixName: `${plan.mixName} ${tenants}` };
}

/** `witnesses`: more who look on, for tests. */
export function run(order: Order, witnesses: readonly Witness[] = []): RunResult {
  const plan = tracedPlan(order);
  const { measures, findings } = runPlan(order, plan, witnesses);
  const ideal = idealWork(order, plan);
  const quiet = plan.quiet === null ? null : runPlan(order, plan.quiet, []).measures.othersP99Ms;
  const { scenario, policy, seed, load, scale } = order;
  return {
    order: { scenario, policy, seed, load, scale },
    ...measures,
    goodputPctOfIdeal: pctOfIdeal(measures, ideal),
    ideal,
    othersP99Ratio: quiet === null || measures.othersP99Ms === null ? null : measures.othersP99Ms / quiet,
    findings,
  };
}

/** Where less was asked for than could be done, the share of that: there is nothing better than to serve all. */
function pctOfIdeal({ offered, servedOfOffered, goodput }: Measures, ideal: number): number {
  const [done, possible] = offered < ideal ? [servedOfOffered, offered] : [goodput, ideal];
  return possible === 0 ? 0 : (100 * done) / possible;
}

function runPlan(
  order: Order,
  plan: Plan,
  more: readonly Witness[],
): { measures: Measures; findings: readonly string[] } {
  const world = buildWorld(order, plan, more);
  world.time.runTo(plan.seconds * 1000);
  return { measures: world.measure.measures(), findings: world.checkers.findings };
}

interface World {
  readonly time: EventTime;
  readonly measure: Measure;
  readonly checkers: Checkers;
}

function buildWorld(order: Order, plan: Plan, more: readonly Witness[]): World {
  const time = new EventTime();
  const policy = policies[order.policy];
  assert(policy !== undefined, `there is a policy ${order.policy}`);
  const measure = new Measure(plan);
  // Who waits for another far side is another's queue: what tenants get is compared where there is one.
  const fairShares = policy.promises.fairShares && plan.sides.length === 1;
  const kinds = new Map(plan.sides.map(({ name, kind }) => [name, kind.kind]));
  const checkers = new Checkers({ ...policy.promises, fairShares }, kinds, () => time.now());
  const witnesses: readonly Witness[] = [measure, checkers, ...more];
  const chance = new SeededChance(order.seed);
  const upstreams = new Upstreams(buildSides(plan, time), witnesses, time);
  const front = policy.front({ time, chance: chance.fork(3), upstreams, plan, witnesses });
  checkers.watch(front);
  const clients = new Clients(time, chance.fork(4), front, plan.clients, witnesses);
  startWishes(wishesOf(order, plan), time, (wish) => clients.wish(wish));
  everySecond(time, () => {
    for (const witness of witnesses) witness.onSecond?.(time.now());
  });
  return { time, measure, checkers };
}

function buildSides(plan: Plan, time: EventTime): ReadonlyMap<string, FarSide> {
  const sides = new Map<string, FarSide>();
  for (const { name, kind } of plan.sides) {
    const engine = kind.kind === 'engine' ? new BatchEngine(time) : null;
    const api = kind.kind === 'api' ? new LimitedApi(time, kind.limits, kind.manners) : null;
    const side = engine ?? api;
    if (side !== null) sides.set(name, side);
    for (const blow of plan.blows) if (blow.side === name) time.after(blow.atMs, () => strike(blow, engine, api));
  }
  return sides;
}

/** One wish ahead of time: a workload has no end. */
function startWishes(next: () => Wish | null, time: EventTime, onWish: (wish: Wish) => void): void {
  const schedule = (): void => {
    const wish = next();
    if (wish === null) return;
    time.after(wish.atMs - time.now(), () => {
      onWish(wish);
      schedule();
    });
  };
  schedule();
}

function wishesOf(order: Order, plan: Plan): () => Wish | null {
  if (order.trace !== null) {
    const wishes = order.trace(plan.mix, order.seed);
    let at = 0;
    return () => wishes[at++] ?? null;
  }
  const perLoad = plan.workPerSecond / meanWork(plan.mix);
  const workload = new Workload(plan.mix, order.seed, (atMs) => perLoad * plan.load(atMs));
  return () => workload.next();
}

/** After the last wish of a trace its answers still have time to come. */
const TRACE_AFTER_S = 60;

function tracedPlan(order: Order): Plan {
  const plan = planOf(order);
  if (order.trace === null) return plan;
  const lastMs = order.trace(plan.mix, order.seed).at(-1)?.atMs ?? 0;
  return {
    ...plan,
    seconds: lastMs / 1000 + TRACE_AFTER_S,
    measuredMs: { from: 0, to: lastMs },
    blows: [],
    troubleEndsMs: null,
    calm: () => false,
    idealSpeed: 1,
    idealPolicy: null,
    quiet: null,
  };
}

function idealWork(order: Order, plan: Plan): number {
  if (plan.idealPolicy !== null) return runPlan({ ...order, policy: plan.idealPolicy }, plan, []).measures.goodput;
  const { trace, seed } = order;
  const backlog = trace === null ? drawnBacklog(plan.mix, seed) : over(trace(plan.mix, seed));
  const name = trace === null ? plan.mixName : `trace of ${plan.seconds} s`;
  return idealOf(name, seed, plan.idealSpeed, backlog).workPerSecond * plan.idealEngines;
}

/** The trace's wishes again and again. */
const over =
  (wishes: readonly Wish[]): Backlog =>
  () => {
    let at = 0;
    return () => {
      const wish = wishes[at++ % wishes.length];
      assert(wish !== undefined, 'a trace has wishes');
      return wish;
    };
  };

function everySecond(time: EventTime, work: () => void): void {
  const tick = (): void => {
    work();
    time.after(1_000, tick);
  };
  time.after(1_000, tick);
}
