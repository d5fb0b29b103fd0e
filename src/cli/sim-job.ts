// Sim job: what the options of `spillway sim` ask for, checked. What is not known is refused with what is.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fail, ok, type Result } from '../kernel/result.ts';
import { policies } from '../sim/policies.ts';
import type { Order } from '../sim/run.ts';
import { scenarios } from '../sim/scenarios.ts';
import { cellName, cells, sweepScenarios } from '../sim/sweep.ts';
import { readTrace, replay } from '../sim/traces.ts';

export interface SimOptions {
  readonly scenario?: string;
  readonly sweep?: boolean;
  readonly policy: string;
  readonly seeds: string;
  readonly load?: string;
  readonly scale: string;
  readonly tenants?: string;
  readonly trace?: string;
  readonly speedup: string;
  readonly jobs?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly list?: boolean;
}

/** A trace file as an order names it: what is in it is read where it is replayed. */
export interface TraceSource {
  readonly file: string;
  readonly speedup: number;
}

export interface Job {
  readonly scenarios: readonly string[];
  readonly policies: readonly string[];
  readonly seeds: readonly number[];
  readonly load: number | null;
  readonly scale: number;
  readonly tenants: number | null;
  readonly trace: TraceSource | null;
  /** Threads. */
  readonly jobs: number;
}

/** An order as it goes to another thread. */
export type PlainOrder = Omit<Order, 'trace'>;

const DEFAULT_SCENARIO = 'spike';
const SEEDS_MAX = 100_000;
const RUNS_MAX = 200_000;
const TENANTS_MAX = 10_000;
const JOBS_MAX = 64;

export function jobOf(options: SimOptions): Result<Job, string> {
  const chosen = scenariosIn(options);
  if (!chosen.ok) return chosen;
  const against = namesIn('--policy', options.policy, Object.keys(policies));
  if (!against.ok) return against;
  const seeds = seedsIn(options.seeds);
  if (seeds === null)
    return fail(`--seeds takes \`7\`, \`1..20\` or \`1,5,9\`, at most ${SEEDS_MAX}, not ${options.seeds}`);
  const numbers = numbersIn(options);
  if (!numbers.ok) return numbers;
  const trace = traceOf(options);
  if (!trace.ok) return trace;
  const runs = chosen.value.length * against.value.length * seeds.length;
  if (runs > RUNS_MAX) return fail(`that is ${runs} runs; ${RUNS_MAX} at most`);
  return ok({ scenarios: chosen.value, policies: against.value, seeds, ...numbers.value, trace: trace.value });
}

export function orderOf(job: Job, scenario: string, policy: string, seed: number): PlainOrder {
  const { load, scale, tenants } = job;
  return { scenario, policy, seed, load, scale, tenants };
}

/** Reads and checks a trace; the order's part that replays it. Throws no error: it says what is wrong. */
export function traceReplay({ file, speedup }: TraceSource): Result<NonNullable<Order['trace']>, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return fail(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const rows = readTrace(text);
  if (!rows.ok) return fail(`${file}: ${rows.error}`);
  return ok((mix, seed) => replay(rows.value, mix, seed, speedup));
}

function scenariosIn({ scenario, sweep, load, trace }: SimOptions): Result<readonly string[], string> {
  if (sweep === true) {
    const other = Object.entries({ scenario, load, trace }).find(([, value]) => value !== undefined);
    return other === undefined ? ok(cells.map(cellName)) : fail(`--sweep says itself what --${other[0]} would say`);
  }
  if (trace !== undefined && scenario?.includes(',') === true) return fail('--trace takes one --scenario');
  const known = Object.keys(scenarios);
  return namesIn('--scenario', scenario ?? DEFAULT_SCENARIO, known, Object.keys(sweepScenarios));
}

/** `unlisted`: known too, but neither part of `all` nor named when refused but for one. */
function namesIn(
  option: string,
  text: string,
  known: readonly string[],
  unlisted: readonly string[] = [],
): Result<readonly string[], string> {
  if (text === 'all') return ok(known);
  const names = [...new Set(text.split(','))];
  const unknown = names.find((name) => !known.includes(name) && !unlisted.includes(name));
  if (unknown === undefined) return ok(names);
  const more = unlisted[0] === undefined ? '' : `, cells of --sweep like ${unlisted[0]}`;
  return fail(`${option} ${unknown} is not known; there are ${known.join(', ')}${more}, and all`);
}

function seedsIn(text: string): readonly number[] | null {
  const range = /^(\d+)\.\.(\d+)$/.exec(text);
  if (range !== null) {
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (to < from || to - from >= SEEDS_MAX) return null;
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  }
  return /^\d+(,\d+)*$/.test(text) ? [...new Set(text.split(',').map(Number))] : null;
}

type Numbers = Pick<Job, 'load' | 'scale' | 'tenants' | 'jobs'>;

function numbersIn(options: SimOptions): Result<Numbers, string> {
  const load = options.load === undefined ? null : positive(options.load);
  if (options.load !== undefined && load === null) return fail(`--load must be a number above 0, not ${options.load}`);
  const scale = positive(options.scale);
  if (scale === null) return fail(`--scale must be a number above 0, not ${options.scale}`);
  const tenants = options.tenants === undefined ? null : whole(options.tenants, TENANTS_MAX);
  if (options.tenants !== undefined && tenants === null)
    return fail(`--tenants must be a whole number from 1 to ${TENANTS_MAX}, not ${options.tenants}`);
  const jobs = options.jobs === undefined ? Math.min(JOBS_MAX, availableParallelism()) : whole(options.jobs, JOBS_MAX);
  if (jobs === null) return fail(`--jobs must be a whole number from 1 to ${JOBS_MAX}, not ${options.jobs}`);
  return ok({ load, scale, tenants, jobs });
}

function positive(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : null;
}

function whole(text: string, max: number): number | null {
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= max ? value : null;
}

function traceOf({ trace, speedup }: SimOptions): Result<TraceSource | null, string> {
  if (trace === undefined) return ok(null);
  const factor = positive(speedup);
  if (factor === null) return fail(`--speedup must be a number above 0, not ${speedup}`);
  const source = { file: trace, speedup: factor };
  const read = traceReplay(source);
  return read.ok ? ok(source) : read;
}
