// `spillway storm` (`npm run storm`): ten times what an engine can take, first straight at it, then through Spillway with two
// more tiers behind: real processes, real sockets, one command. It only reads options, plays both runs and shows what came of
// them. It ends by the clock, and leaves no process behind.
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { systemClock } from '../../adapters/system.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Plan } from '../../load/plan.ts';
import type { Summary } from '../../load/summary.ts';
import { exitCodes } from '../exit-codes.ts';
import { numbersIn } from '../numbers.ts';
import { type Output, refuse } from '../output.ts';
import { Screen } from '../screen.ts';
import { type ActResult, playAct } from './act.ts';
import { troublesOf, turnsOf } from './chaos.ts';
import { GatewayWatch } from './gateway-watch.ts';
import { stormPage } from './report.ts';
import { isConsistent, resultOf, type StormResult } from './result.ts';
import { type Setting, stormPlan, timelineOf } from './setting.ts';
import { buildStage, type Stage } from './stage.ts';
import { colourInk, plainInk, tableLines } from './table.ts';
import { type Look, plainLine, viewLines } from './view.ts';

export interface StormOptions {
  readonly seconds: string;
  readonly load: string;
  readonly chaos?: boolean;
  readonly seed: string;
  readonly json?: boolean;
  readonly report?: string;
}

const SECONDS_MAX = 600;
const LOAD_MAX = 40;
const SEED_MAX = 2 ** 32 - 1;
const COLUMNS_MIN = 80;
/** A line for whoever reads a pipe. */
const PLAIN_MS = 5_000;
/** For the last answers; the longest takes about as long. After a short storm nobody wants to wait for longer than it was. */
const DRAIN_MS_MAX = 14_000;
const DRAIN_MS_MIN = 3_000;
/** For starting and for the last answers of both runs. */
const AROUND_MS = 12_000;

export async function storm(options: StormOptions, output: Output): Promise<number> {
  const setting = settingOf(options);
  const plan = setting.ok ? stormPlan(setting.value) : setting;
  if (!setting.ok) return refuse(setting.error, output);
  if (!plan.ok) return refuse(plan.error, output);
  const result = await rage(setting.value, plan.value, new Watcher(setting.value, output));
  if (result === null) {
    output.err('spillway: stopped before both runs were over');
    return exitCodes.failed;
  }
  if (options.json === true) output.out(JSON.stringify(result));
  else
    for (const line of tableLines(result, process.stdout.isTTY && output.colours ? colourInk : plainInk))
      output.out(line);
  const file = options.report ?? (options.json === true ? null : 'storm.html');
  if (file !== null) {
    writeFileSync(file, stormPage(result));
    output.err(`\n  The same with plots: ${file}`);
  }
  return isConsistent(result) && result.spillway.answered > 0 ? exitCodes.done : exitCodes.failed;
}

function settingOf({ seconds, load, chaos = false, seed }: StormOptions): Result<Setting, string> {
  const numbers = numbersIn({
    seconds: ['--seconds', seconds, 1, SECONDS_MAX],
    load: ['--load', load, 0.1, LOAD_MAX],
    seed: ['--seed', seed, 0, SEED_MAX],
  });
  if (!numbers.ok) return numbers;
  const { seconds: length, ...setting } = numbers.value;
  if (chaos && length < 10) return fail('--chaos needs a storm of 10 seconds at least');
  return ok({ ...setting, chaos, timeline: timelineOf(length) });
}

/** Null when it was interrupted. */
async function rage(setting: Setting, plan: Plan, watcher: Watcher): Promise<StormResult | null> {
  const startedAt = systemClock.now();
  const warnings = busyWarnings();
  let stage: Stage | null = null;
  try {
    watcher.begin();
    stage = await buildStage();
    const turns = setting.chaos ? turnsOf(setting.timeline) : [];
    const actor = { stage, plan, turns, drainMs: drainMsOf(setting), onStop: watcher.onStop };
    const direct = await playAct({ ...actor, through: false, onLook: watcher.onDirect });
    if (watcher.isStopped) return null;
    const gateway = new GatewayWatch(stage);
    let spillway: ActResult;
    try {
      spillway = await playAct({ ...actor, through: true, onLook: watcher.onSpillway });
    } finally {
      await gateway.end();
    }
    if (watcher.isStopped) return null;
    return resultOf({
      setting,
      direct,
      spillway,
      troubles: setting.chaos ? troublesOf(setting.timeline) : [],
      unanswered: gateway.unanswered(),
      gateway: gateway.vitals(),
      warnings,
      tookMs: systemClock.now() - startedAt,
    });
  } finally {
    watcher.end();
    await stage?.end();
  }
}

function drainMsOf({ timeline }: Setting): number {
  return Math.min(DRAIN_MS_MAX, Math.max(DRAIN_MS_MIN, timeline.stormToMs - timeline.stormFromMs));
}

function busyWarnings(): string[] {
  const before = loadavg()[0] ?? 0;
  const cores = availableParallelism();
  return before > cores
    ? [`before it began ${before.toFixed(1)} processes wanted to run, on ${cores} core${cores === 1 ? '' : 's'}`]
    : [];
}

/** Shows how it goes, and takes the signal that ends it early. */
class Watcher {
  readonly #setting: Setting;
  readonly #output: Output;
  readonly #screen: Screen | null;
  readonly #startedAt = systemClock.now();
  #toldAt = 0;
  #direct: Summary | null = null;
  #spillway: Summary | null = null;
  #stop: (() => void) | null = null;
  isStopped = false;

  constructor(setting: Setting, output: Output) {
    this.#setting = setting;
    this.#output = output;
    this.#screen = process.stderr.isTTY && process.stderr.columns >= COLUMNS_MIN ? new Screen(output) : null;
  }

  begin(): void {
    process.once('SIGINT', this.#interrupt);
    process.once('SIGTERM', this.#interrupt);
    this.#show(false);
  }

  end(): void {
    this.#screen?.clear();
    process.off('SIGINT', this.#interrupt);
    process.off('SIGTERM', this.#interrupt);
  }

  readonly onStop = (stop: () => void): void => {
    this.#stop = stop;
    if (this.isStopped) stop();
  };

  readonly onDirect = (summary: Summary): void => {
    this.#direct = summary;
    this.#show(false);
  };

  readonly onSpillway = (summary: Summary): void => {
    this.#spillway = summary;
    this.#show(true);
  };

  readonly #interrupt = (): void => {
    this.isStopped = true;
    this.#stop?.();
  };

  #show(through: boolean): void {
    const now = systemClock.now();
    const look: Look = {
      setting: this.#setting,
      troubles: this.#setting.chaos ? troublesOf(this.#setting.timeline) : [],
      elapsedMs: now - this.#startedAt,
      expectedMs: 2 * this.#setting.timeline.endMs + AROUND_MS,
      through,
      direct: this.#direct,
      spillway: this.#spillway,
    };
    if (this.#screen !== null) return this.#screen.show(viewLines(look, this.#output.colours ? colourInk : plainInk));
    if (this.#toldAt !== 0 && now - this.#toldAt < PLAIN_MS) return;
    this.#toldAt = now;
    this.#output.err(plainLine(look));
  }
}
