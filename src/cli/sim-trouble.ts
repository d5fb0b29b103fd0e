// Sim trouble: when a run of the simulator has failed, and how that is told: with the command that runs it again.
import { replayCommand } from '../sim/report.ts';
import type { RunResult } from '../sim/run.ts';
import { shrink } from '../sim/shrink.ts';
import type { Output } from './output.ts';
import { runner } from './sim-crew.ts';
import type { PlainOrder, TraceSource } from './sim-job.ts';

/** Something that must hold did not; or the gateway itself did not get well again, which others may. */
export const hasFailed = ({ findings, recoverySeconds, order }: RunResult): boolean =>
  findings.length > 0 || (recoverySeconds === 'never' && order.policy === 'spillway');

/** What the checkers found in a run, made as small as it is still found; and a run that never recovered. */
export function tellTrouble(result: RunResult, order: PlainOrder, trace: TraceSource | null, output: Output): void {
  if (result.findings.length > 0) {
    const [small, shrunk] = shrink(order, result, runner(trace), trace !== null);
    output.err(`spillway: seed ${order.seed} failed; smallest: ${replayCommand(small, trace)}`);
    for (const finding of shrunk.findings) output.err(`  ${finding}`);
  } else if (hasFailed(result)) {
    output.err(`spillway: seed ${order.seed} never recovered: ${replayCommand(order, trace)}`);
  }
}
