// `spillway sim`: the gateway under virtual time against modelled far sides, and the published limiters beside it. The same
// command at the same commit prints the same bytes: nothing here looks at a clock.
import { policies } from '../sim/policies.ts';
import { headLine, legend, seedLine, summaryLines, Tally } from '../sim/report.ts';
import type { RunResult } from '../sim/run.ts';
import { scenarios } from '../sim/scenarios.ts';
import { sweepScenarios } from '../sim/sweep.ts';
import { exitCodes } from './exit-codes.ts';
import type { Output } from './output.ts';
import { runAll } from './sim-crew.ts';
import { type Job, jobOf, orderOf, type PlainOrder, type SimOptions, type TraceSource } from './sim-job.ts';
import { sweep } from './sim-sweep.ts';
import { hasFailed, tellTrouble } from './sim-trouble.ts';

export async function sim(options: SimOptions, output: Output): Promise<number> {
  if (options.list === true) {
    for (const [name, { what }] of Object.entries(scenarios)) output.out(`${name.padEnd(16)}${what}`);
    for (const [name, { what }] of Object.entries(policies)) output.out(`--policy ${name.padEnd(16)}${what}`);
    for (const [name, { what }] of Object.entries(sweepScenarios)) output.out(`${name.padEnd(24)}${what}`);
    return exitCodes.done;
  }
  const job = jobOf(options);
  if (!job.ok) {
    output.err(`spillway: ${job.error}`);
    return exitCodes.usage;
  }
  const failed =
    options.sweep === true ? await sweep(job.value, options, output) : await simulate(job.value, options, output);
  return failed === 0 ? exitCodes.done : exitCodes.failed;
}

/** Answers how many runs failed. */
async function simulate(job: Job, options: SimOptions, output: Output): Promise<number> {
  const orders = job.scenarios.flatMap((scenario) =>
    job.policies.flatMap((policy) => job.seeds.map((seed) => orderOf(job, scenario, policy, seed))),
  );
  const talks = options.json !== true;
  const tallies = new Map(job.policies.map((policy) => [policy, new Tally()]));
  let failed = 0;
  let results: RunResult[] = [];
  let scenario: string | null = null;
  await runAll(orders, job.jobs, job.trace, (result, order) => {
    if (order.scenario !== scenario && talks) for (const line of titleLines(order, job.trace)) output.out(line);
    scenario = order.scenario;
    results.push(result);
    tallies.get(order.policy)?.add(result);
    if (talks && options.quiet !== true) output.out(seedLine(result));
    if (!talks) output.out(JSON.stringify(result));
    if (hasFailed(result)) failed++;
    tellTrouble(result, order, job.trace, output);
    if (results.length < job.seeds.length) return;
    if (talks) for (const line of summaryLines(order.policy, results)) output.out(line);
    results = [];
  });
  if (talks) for (const line of legend) output.out(`  ${line}`);
  if (talks && job.scenarios.length > 1) for (const [policy, tally] of tallies) output.out(tally.line(policy));
  return failed;
}

function titleLines({ scenario }: PlainOrder, trace: TraceSource | null): string[] {
  const what = (scenarios[scenario] ?? sweepScenarios[scenario])?.what;
  return [trace === null ? `${scenario}: ${what}` : `trace ${trace.file}, ${trace.speedup} times as fast`, headLine()];
}
