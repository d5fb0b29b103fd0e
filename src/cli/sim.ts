// `spillway sim`: the gateway under virtual time against modelled far sides, and the published limiters beside it. The same
// command at the same commit prints the same bytes: nothing here looks at a clock.
import { readFileSync } from 'node:fs';
import { fail, ok, type Result } from '../kernel/result.ts';
import { policies } from '../sim/policies.ts';
import { headLine, legend, seedLine, summaryLines } from '../sim/report.ts';
import { type Order, run, type RunResult } from '../sim/run.ts';
import { scenarios } from '../sim/scenarios.ts';
import { shrink } from '../sim/shrink.ts';
import { readTrace, replay } from '../sim/traces.ts';
import { exitCodes } from './exit-codes.ts';
import type { Output } from './output.ts';

export interface SimOptions {
  readonly scenario: string;
  readonly policy: string;
  readonly seeds: string;
  readonly load?: string;
  readonly scale: string;
  readonly trace?: string;
  readonly speedup: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly list?: boolean;
}

/** What was asked for, checked. */
interface Job {
  readonly scenarios: readonly string[];
  readonly policies: readonly string[];
  readonly seeds: readonly number[];
  readonly load: number | null;
  readonly scale: number;
  readonly trace: Order['trace'];
}

const SEEDS_MAX = 100_000;

export function sim(options: SimOptions, output: Output): number {
  if (options.list === true) {
    for (const [name, { what }] of Object.entries(scenarios)) output.out(`${name.padEnd(16)}${what}`);
    for (const [name, { what }] of Object.entries(policies)) output.out(`--policy ${name.padEnd(16)}${what}`);
    return exitCodes.done;
  }
  const job = jobOf(options);
  if (!job.ok) {
    output.err(`spillway: ${job.error}`);
    return exitCodes.usage;
  }
  let failed = 0;
  for (const scenario of job.value.scenarios) failed += simulate(scenario, job.value, options, output);
  return failed === 0 ? exitCodes.done : exitCodes.failed;
}

/** Answers how many runs had findings. */
function simulate(scenario: string, job: Job, options: SimOptions, output: Output): number {
  const { seeds, load, scale, trace } = job;
  const talks = options.json !== true;
  if (talks)
    output.out(options.trace === undefined ? `${scenario}: ${scenarios[scenario]?.what}` : `trace ${options.trace}`);
  if (talks) output.out(headLine());
  let failed = 0;
  for (const policy of job.policies) {
    const results: RunResult[] = [];
    for (const seed of seeds) {
      const order: Order = { scenario, policy, seed, load, scale, tenants: null, trace };
      const result = run(order);
      results.push(result);
      if (talks && options.quiet !== true) output.out(seedLine(result));
      if (!talks) output.out(JSON.stringify(result));
      if (result.findings.length === 0) continue;
      failed++;
      tellFailure(order, result, output);
    }
    if (talks) for (const line of summaryLines(policy, results)) output.out(line);
  }
  if (talks) for (const line of legend) output.out(`  ${line}`);
  return failed;
}

function tellFailure(order: Order, result: RunResult, output: Output): void {
  const [small, shrunk] = shrink(order, result);
  const { scenario, policy, seed, load, scale, tenants } = small;
  const words = [
    `--scenario ${scenario} --policy ${policy} --seeds ${seed}`,
    load === null ? '' : ` --load ${load}`,
    scale === 1 ? '' : ` --scale ${scale}`,
    tenants === null ? '' : ` (with ${tenants} tenants)`,
  ];
  output.err(`spillway: seed ${seed} failed; smallest: spillway sim ${words.join('')}`);
  for (const finding of shrunk.findings) output.err(`  ${finding}`);
}

function jobOf(options: SimOptions): Result<Job, string> {
  const chosen = namesIn('--scenario', options.scenario, Object.keys(scenarios));
  if (!chosen.ok) return chosen;
  const against = namesIn('--policy', options.policy, Object.keys(policies));
  if (!against.ok) return against;
  const seeds = seedsIn(options.seeds);
  if (seeds === null)
    return fail(`--seeds takes \`7\`, \`1..20\` or \`1,5,9\`, at most ${SEEDS_MAX}, not ${options.seeds}`);
  const load = options.load === undefined ? null : positive(options.load);
  if (options.load !== undefined && load === null) return fail(`--load must be a number above 0, not ${options.load}`);
  const scale = positive(options.scale);
  if (scale === null) return fail(`--scale must be a number above 0, not ${options.scale}`);
  const trace = traceOf(options);
  if (!trace.ok) return trace;
  return ok({ scenarios: chosen.value, policies: against.value, seeds, load, scale, trace: trace.value });
}

function namesIn(option: string, text: string, known: readonly string[]): Result<readonly string[], string> {
  if (text === 'all') return ok(known);
  const names = text.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return ok(names);
  return fail(`${option} ${unknown} is not known; there are ${known.join(', ')}, and all`);
}

function seedsIn(text: string): readonly number[] | null {
  const range = /^(\d+)\.\.(\d+)$/.exec(text);
  if (range !== null) {
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (to < from || to - from >= SEEDS_MAX) return null;
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  }
  return /^\d+(,\d+)*$/.test(text) ? text.split(',').map(Number) : null;
}

function positive(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : null;
}

function traceOf({ trace, speedup }: SimOptions): Result<Order['trace'], string> {
  if (trace === undefined) return ok(null);
  const factor = positive(speedup);
  if (factor === null) return fail(`--speedup must be a number above 0, not ${speedup}`);
  let text: string;
  try {
    text = readFileSync(trace, 'utf8');
  } catch (error) {
    return fail(`cannot read ${trace}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const rows = readTrace(text);
  if (!rows.ok) return fail(`${trace}: ${rows.error}`);
  return ok((mix, seed) => replay(rows.value, mix, seed, factor));
}
