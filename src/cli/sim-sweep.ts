// `spillway sim --sweep`: every trigger at every load with every kind of client, and where it ends well. A cell that does not
// is metastable; each is named with the command that replays its worst seed.
import { policies } from '../sim/policies.ts';
import { replayCommand } from '../sim/report.ts';
import type { RunResult } from '../sim/run.ts';
import { type CellOutcome, matrixLines, metastable, outcomeOf, stableUpTo } from '../sim/stability.ts';
import { cellName, cells, clientKinds, triggers } from '../sim/sweep.ts';
import type { Output } from './output.ts';
import { runAll } from './sim-crew.ts';
import { type Job, orderOf, type SimOptions } from './sim-job.ts';
import { hasFailed, tellTrouble } from './sim-trouble.ts';

/** Answers how many runs failed. */
export async function sweep(job: Job, options: SimOptions, output: Output): Promise<number> {
  let failed = 0;
  for (const policy of job.policies) {
    const outcomes: CellOutcome[] = [];
    let results: RunResult[] = [];
    const orders = cells.flatMap((cell) => job.seeds.map((seed) => orderOf(job, cellName(cell), policy, seed)));
    await runAll(orders, job.jobs, null, (result, order) => {
      results.push(result);
      if (hasFailed(result)) failed++;
      // That a cell does not recover is told once, below.
      if (result.findings.length > 0) tellTrouble(result, order, null, output);
      const cell = cells[outcomes.length];
      if (results.length < job.seeds.length || cell === undefined) return;
      outcomes.push(outcomeOf(cell, results));
      results = [];
    });
    if (options.json === true) tellJson(policy, outcomes, output);
    else tell(policy, outcomes, job, output);
  }
  return failed;
}

function tell(policy: string, outcomes: readonly CellOutcome[], job: Job, output: Output): void {
  const { seeds, scale } = job;
  output.out(
    `${policy}: ${policies[policy]?.what}; seconds until all is well again, the worst of ${seeds.length} seeds`,
  );
  for (const line of matrixLines(outcomes)) output.out(line);
  const stuck = metastable(outcomes);
  const squeezed = scale === 1 ? '' : `, at ${scale} of the times`;
  output.out(`${policy}: ${stuck.length} of ${outcomes.length} cells are metastable${squeezed}`);
  for (const outcome of stuck) output.out(`  ${cellName(outcome.cell)}: ${commandOf(outcome, policy, job)}`);
}

function tellJson(policy: string, outcomes: readonly CellOutcome[], output: Output): void {
  for (const { cell, ...outcome } of outcomes) {
    output.out(JSON.stringify({ policy, name: cellName(cell), ...cell, ...outcome }));
  }
  const stable = Object.keys(triggers).map((trigger) => [
    trigger,
    Object.fromEntries(Object.keys(clientKinds).map((clients) => [clients, stableUpTo(outcomes, trigger, clients)])),
  ]);
  output.out(
    JSON.stringify({ policy, stableUpTo: Object.fromEntries(stable), metastable: metastable(outcomes).length }),
  );
}

const commandOf = ({ cell, worstSeed }: CellOutcome, policy: string, job: Job): string =>
  replayCommand(orderOf(job, cellName(cell), policy, worstSeed), null);
