// `spillway soak` (`npm run soak`): a gateway under a moderate load for a long time, with faults of the far sides all along, and
// whether anything of its process grows: memory, descriptors, timers, the lag of its event loop.
import { systemClock, systemTimers } from '../../adapters/system.ts';
import { drawPlan, type Plan } from '../../load/plan.ts';
import type { Summary } from '../../load/summary.ts';
import { clockTime, percent } from '../../load/words.ts';
import { exitCodes } from '../exit-codes.ts';
import { numbersIn } from '../numbers.ts';
import { type Output, refuse } from '../output.ts';
import { untilSignal } from '../signals.ts';
import { playAct } from '../storm/act.ts';
import { type Turn, turnsOf } from '../storm/chaos.ts';
import { baseRequestsPerSecond, stormMix } from '../storm/setting.ts';
import { buildStage, type Stage } from '../storm/stage.ts';
import { type SoakFigures, soakFigures, type VitalsSample, vitalsSample } from './vitals.ts';

export interface SoakOptions {
  readonly minutes: string;
  readonly load: string;
  readonly seed: string;
  readonly json?: boolean;
}

const MINUTES_MIN = 0.1;
const MINUTES_MAX = 60;
const LOAD_MAX = 10;
const SEED_MAX = 2 ** 32 - 1;
const MS_PER_MINUTE = 60_000;
/** All faults once in so long. */
const ROUND_MS = 120_000;
const DRAIN_MS = 15_000;
const SAMPLE_MS = 5_000;
const SAMPLE_MS_MIN = 250;
const SAMPLES_WANTED = 20;
const SAYS_MS = 60_000;
const SLOPE_MB_PER_HOUR_MAX = 2;

export async function soak(options: SoakOptions, output: Output): Promise<number> {
  const numbers = numbersIn({
    minutes: ['--minutes', options.minutes, MINUTES_MIN, MINUTES_MAX],
    load: ['--load', options.load, 0.1, LOAD_MAX],
    seed: ['--seed', options.seed, 0, SEED_MAX],
  });
  if (!numbers.ok) return refuse(numbers.error, output);
  const { minutes, load, seed } = numbers.value;
  const wholeMs = minutes * MS_PER_MINUTE;
  const requestsPerSecond = baseRequestsPerSecond * load;
  const plan = drawPlan({ mix: stormMix, requestsPerSecond, durationMs: wholeMs, seed });
  if (!plan.ok) return refuse(plan.error, output);
  const stopped = untilSignal();
  const stage = await buildStage();
  let summary: Summary;
  const samples: VitalsSample[] = [];
  const watch = watchVitals(stage, wholeMs, samples);
  try {
    summary = await play(stage, plan.value, wholeMs, stopped, output);
  } finally {
    watch.end();
    await stage.end();
  }
  const figures = soakFigures(samples, wholeMs);
  if (figures === null) return refuse('the run was too short for a figure', output);
  const { all } = summary;
  const told = { minutes, load, offered: all.offered, answered: all.answered, ...figures };
  if (options.json === true) output.out(JSON.stringify({ ...told, samples }));
  else for (const line of asWords(told)) output.out(line);
  return exitCodes.done;
}

async function play(
  stage: Stage,
  plan: Plan,
  wholeMs: number,
  stopped: Promise<void>,
  output: Output,
): Promise<Summary> {
  let saidAt = Number.NEGATIVE_INFINITY;
  const { summary } = await playAct({
    stage,
    plan,
    turns: turnsWithin(wholeMs),
    drainMs: DRAIN_MS,
    through: true,
    onStop: (stop) => void stopped.then(stop),
    onLook: ({ elapsedMs, plannedMs, all }) => {
      if (elapsedMs - saidAt < SAYS_MS) return;
      saidAt = elapsedMs;
      const share = percent(all.answeredShare);
      output.err(`${clockTime(elapsedMs)} of ${clockTime(plannedMs)}  asked ${all.offered}  answered ${share}`);
    },
  });
  return summary;
}

/** Round after round; a last one that would not end in time is left out. */
function turnsWithin(wholeMs: number): Turn[] {
  const rounds = Math.floor(wholeMs / ROUND_MS);
  return Array.from({ length: rounds }, (_, round) =>
    turnsOf({ stormFromMs: round * ROUND_MS, stormToMs: (round + 1) * ROUND_MS, endMs: (round + 1) * ROUND_MS }),
  ).flat();
}

function watchVitals(stage: Stage, wholeMs: number, samples: VitalsSample[]): { end(): void } {
  const startedAt = systemClock.now();
  const everyMs = Math.min(SAMPLE_MS, Math.max(SAMPLE_MS_MIN, wholeMs / SAMPLES_WANTED));
  let over = false;
  const sample = async (): Promise<void> => {
    const page = await stage.metrics();
    const atMs = systemClock.now() - startedAt;
    // What is still open after the last request belongs to no steady state.
    if (over || atMs > wholeMs) return;
    if (page !== null) samples.push(vitalsSample(atMs, page));
    systemTimers.after(everyMs, () => void sample());
  };
  void sample();
  return { end: () => void (over = true) };
}

interface Told extends SoakFigures {
  readonly minutes: number;
  readonly load: number;
  readonly offered: number;
  readonly answered: number;
}

function asWords(told: Told): string[] {
  const { minutes, load, offered, answered, warmUpMs, rssSlopeMbPerHour, heapSlopeMbPerHour } = told;
  const held = (rssSlopeMbPerHour ?? 0) <= SLOPE_MB_PER_HOUR_MAX;
  return [
    '',
    `  ${minutes} minutes at ${load} times what the base can do, every fault once in two minutes`,
    '',
    `  answered          ${answered} of ${offered} (${percent(offered === 0 ? null : answered / offered)})`,
    `  after the first   ${Math.round(warmUpMs / 1_000)} s`,
    `  memory (RSS)      ${slope(rssSlopeMbPerHour)}, ${told.rssMbMin} to ${told.rssMbMax} MB${held ? '' : '  ✗'}`,
    `  heap              ${slope(heapSlopeMbPerHour)}`,
    `  descriptors       ${ends(told.fds)}`,
    `  timers            ${ends(told.timers)}`,
    `  event loop lag    p99 ${told.lagMsP99Median} ms (median), ${told.lagMsP99Max} ms at most`,
  ];
}

const slope = (value: number | null): string => (value === null ? 'too short to say' : `${value} MB an hour`);
const ends = ({ first, last, max }: SoakFigures['fds']): string => `${first} at first, ${last} at last, ${max} at most`;
