// `spillway load`: an open-loop load generator for any OpenAI-compatible endpoint, with what a person wants to see meanwhile
// and afterwards. It only reads options, shows and writes; the load itself is load/.
import { readFileSync, writeFileSync } from 'node:fs';
import { systemTimers } from '../adapters/system.ts';
import { startLoad } from '../load/crew.ts';
import { COLUMNS, plainLine, viewLines } from '../load/live-view.ts';
import { reportPage } from '../load/report.ts';
import type { Summary } from '../load/summary.ts';
import { exitCodes } from './exit-codes.ts';
import { type LoadJob, type LoadOptions, loadJob } from './load-options.ts';
import { type Output, refuse } from './output.ts';
import { Screen } from './screen.ts';

const LIVE_MS = 500;
const PLAIN_MS = 2_000;

export async function load(options: LoadOptions, output: Output): Promise<number> {
  const job = loadJob(options, (file) => readFileSync(file, 'utf8'));
  if (!job.ok) return refuse(job.error, output);
  const summary = await drive(job.value, output);
  if (options.json === true) output.out(JSON.stringify(summary));
  else for (const line of viewLines(summary, false)) output.out(line);
  if (options.report !== undefined) {
    writeFileSync(options.report, reportPage(summary));
    output.err(`report: ${options.report}`);
  }
  return summary.all.answered > 0 ? exitCodes.done : exitCodes.failed;
}

async function drive({ order, plan }: LoadJob, output: Output): Promise<Summary> {
  const run = await startLoad(order, plan);
  const view = process.stderr.isTTY && process.stderr.columns >= COLUMNS ? new Screen(output) : null;
  let over = false;
  const show = (): void => {
    if (over) return;
    if (view === null) output.err(plainLine(run.summary()));
    else view.show(viewLines(run.summary(), output.colours));
    systemTimers.after(view === null ? PLAIN_MS : LIVE_MS, show);
  };
  systemTimers.after(view === null ? PLAIN_MS : LIVE_MS, show);
  const stop = (): void => run.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await run.finished;
  } finally {
    over = true;
    view?.clear();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
