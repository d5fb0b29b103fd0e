// Plan: every request of a run, drawn before the first is sent: when, by whom, how long. It lies in memory that workers share,
// so that a million requests cost no messages. Because it is fixed beforehand nothing that the far side does can move a send:
// the load is open, and a latency counts from the instant that stands here.
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import { readTrace, replay } from '../sim/traces.ts';
import { type Mix, type Wish, Workload } from '../sim/workload.ts';
import { loadLimits } from './order.ts';

export interface Plan {
  readonly count: number;
  /** Since the run began; ascending. */
  readonly atMs: Float64Array;
  readonly promptTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
  readonly tenant: Uint32Array;
  /** Index into the lanes. */
  readonly lane: Uint8Array;
  readonly durationMs: number;
}

export interface Drawing {
  readonly mix: Mix;
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  readonly seed: number;
}

export function drawPlan({ mix, requestsPerSecond, durationMs, seed }: Drawing): Result<Plan, string> {
  if ((requestsPerSecond * durationMs) / 1_000 > loadLimits.requestsMax) return tooMany;
  const workload = new Workload(mix, seed, () => requestsPerSecond);
  const wishes: Wish[] = [];
  for (let wish = workload.next(); wish.atMs < durationMs; wish = workload.next()) {
    if (wishes.length === loadLimits.requestsMax) return tooMany;
    wishes.push(wish);
  }
  return planOf(wishes, durationMs);
}

/** At most `durationMs` of it, counted after the speedup; null: the whole trace. */
export function tracePlan(
  text: string,
  { mix, seed, speedup, durationMs }: Omit<Drawing, 'requestsPerSecond' | 'durationMs'> & TraceSpan,
): Result<Plan, string> {
  const rows = readTrace(text);
  if (!rows.ok) return rows;
  const end = Math.min(durationMs ?? Number.POSITIVE_INFINITY, loadLimits.durationMsMax);
  const wanted = rows.value.filter(({ atMs }) => atMs / speedup < end);
  if (wanted.length > loadLimits.requestsMax) return tooMany;
  const wishes = replay(wanted, mix, seed, speedup);
  return planOf(wishes, durationMs ?? (wishes.at(-1)?.atMs ?? 0) + 1);
}

interface TraceSpan {
  readonly speedup: number;
  readonly durationMs: number | null;
}

const tooMany = fail(`a run has ${loadLimits.requestsMax} requests at most: shorten it, or lower its rate`);

export function planOf(wishes: readonly Wish[], durationMs: number): Result<Plan, string> {
  if (wishes.length === 0) return fail('no request falls into the run: lengthen it, or raise its rate');
  const { length } = wishes;
  const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes * length);
  const plan: Plan = {
    count: length,
    atMs: new Float64Array(shared(8)),
    promptTokens: new Uint32Array(shared(4)),
    outputTokens: new Uint32Array(shared(4)),
    tenant: new Uint32Array(shared(4)),
    lane: new Uint8Array(shared(1)),
    durationMs,
  };
  for (const [at, wish] of wishes.entries()) {
    plan.atMs[at] = wish.atMs;
    plan.promptTokens[at] = wish.promptTokens;
    plan.outputTokens[at] = wish.outputTokens;
    plan.tenant[at] = wish.tenant;
    plan.lane[at] = lanes.indexOf(wish.lane);
  }
  return ok(plan);
}

/** Request `at` of the plan. */
export function wishAt(plan: Plan, at: number): Wish {
  return {
    number: at,
    atMs: plan.atMs[at] ?? 0,
    promptTokens: plan.promptTokens[at] ?? 1,
    outputTokens: plan.outputTokens[at] ?? 1,
    tenant: plan.tenant[at] ?? 0,
    lane: laneAt(plan.lane[at] ?? 0),
  };
}

const laneAt = (at: number): Lane => lanes[at] ?? 'standard';
