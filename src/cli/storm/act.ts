// Act: one run of the storm against one address, with the chaos in its middle, and what came of it: the load's own figures and
// what the walls did meanwhile. It ends by the clock, whatever the far side does.
import { systemTimers } from '../../adapters/system.ts';
import { tiers } from '../../kernel/lane.ts';
import { startLoad } from '../../load/crew.ts';
import type { LoadOrder } from '../../load/order.ts';
import type { Plan } from '../../load/plan.ts';
import type { Summary } from '../../load/summary.ts';
import { expectations } from '../../sim/workload.ts';
import { well } from '../../wall/engine/ailment.ts';
import type { Turn } from './chaos.ts';
import { type ByTier, MODEL, stormMix } from './setting.ts';
import { keys, type Stage, type WallCount } from './stage.ts';

export interface ActResult {
  readonly summary: Summary;
  readonly walls: ByTier<WallCount>;
}

/** Twice what its lane expects is what a client waits for the first token. */
const PATIENCE = 2;
const OPEN_MAX = 9_000;

export interface Actor {
  readonly stage: Stage;
  readonly plan: Plan;
  /** What is done to the walls meanwhile. */
  readonly turns: readonly Turn[];
  /** For the last answers, after the last request. */
  readonly drainMs: number;
  readonly through: boolean;
  /** Called with how to end early. */
  readonly onStop: (stop: () => void) => void;
  /** Twice a second. */
  readonly onLook: (summary: Summary) => void;
}

const LOOK_MS = 500;

export async function playAct({ stage, plan, turns, drainMs, through, onStop, onLook }: Actor): Promise<ActResult> {
  const before = await stage.counts();
  const run = await startLoad(orderFor(through ? `${stage.gateway}/v1` : stage.walls.base, through), plan);
  onStop(() => run.stop());
  let over = false;
  const timers = [
    systemTimers.after(plan.durationMs + drainMs, () => run.stop()),
    ...turns.map(({ atMs, tier, ailment }) =>
      // A wall that cannot be told is one that has ended, and its silence shows in the figures.
      systemTimers.after(atMs, () => void stage.ail(tier, ailment).catch(() => undefined)),
    ),
  ];
  const look = (): void => {
    if (over) return;
    onLook(run.summary());
    systemTimers.after(LOOK_MS, look);
  };
  look();
  let summary: Summary;
  try {
    summary = await run.finished;
  } finally {
    over = true;
    for (const timer of timers) timer.cancel();
    await Promise.all(tiers.map((tier) => stage.ail(tier, well))).catch(() => undefined);
  }
  return { summary, walls: since(before, await stage.counts()) };
}

function orderFor(url: string, through: boolean): LoadOrder {
  const { hostname, port, pathname } = new URL(url);
  return {
    address: { host: hostname, port: Number(port), tls: false },
    path: `${pathname}/chat/completions`,
    model: MODEL,
    keys: through ? keys : { vip: null, standard: null, batch: null },
    expectations,
    patience: PATIENCE,
    answerMsMax: 120_000,
    retries: 0,
    tellsDeadline: false,
    answerTokensMax: stormMix.outputMax,
    openMax: OPEN_MAX,
    workers: 1,
  };
}

function since(before: ByTier<WallCount>, now: ByTier<WallCount>): ByTier<WallCount> {
  const minus = (tier: keyof ByTier<WallCount>): WallCount => ({
    received: now[tier].received - before[tier].received,
    refused: now[tier].refused - before[tier].refused,
    answered: now[tier].answered - before[tier].answered,
    promptTokens: now[tier].promptTokens - before[tier].promptTokens,
    answerTokens: now[tier].answerTokens - before[tier].answerTokens,
  });
  return { base: minus('base'), peak: minus('peak'), standby: minus('standby') };
}
