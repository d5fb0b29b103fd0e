// Result: both runs of a storm beside each other, as plain data: for the table, for `--json`, for the page. One place computes
// every figure and says whether it is what was promised. Pure. What was refused counts as not answered, and whoever got no
// whole answer counts with the first token they waited for in vain.
import { type Lane, type Tier, tiers } from '../../kernel/lane.ts';
import type { ByLane } from '../../load/order.ts';
import type { GroupSummary, Summary } from '../../load/summary.ts';
import type { ActResult } from './act.ts';
import type { Trouble } from './chaos.ts';
import { recoveryMs } from './recovery.ts';
import { type ByTier, capacityTimes, farSides, type Setting } from './setting.ts';
import type { WallCount } from './stage.ts';

export interface Side {
  readonly offered: number;
  readonly answered: number;
  readonly answeredShare: number;
  readonly inSloShare: number;
  readonly inSloShares: ByLane<number>;
  readonly firstTokenP50Ms: number | null;
  readonly firstTokenP99Ms: number | null;
  readonly firstTokenSdMs: number | null;
  readonly sendsPerAnswer: number | null;
  readonly costUsdPerAnswer: number | null;
  /** After the load has fallen; null: not within the calm that was watched. */
  readonly recoveryMs: number | null;
  readonly unanswered: Readonly<Record<'shed' | 'limited' | 'failed' | 'left' | 'unsent', number>>;
  /** Answers by who gave them; those that were cut off later among them. */
  readonly answersByTier: ByTier<number>;
}

export interface Target {
  readonly words: string;
  readonly wanted: string;
  readonly met: boolean;
}

/** From a trouble's beginning until everybody is served again; null: not before the next thing happened. */
export interface TroubleResult extends Trouble {
  readonly recoveryMs: number | null;
}

/** One exchange that was not answered, as the gateway tells it. */
export interface Unanswered {
  readonly lane: string;
  readonly why: string;
  readonly count: number;
}

export interface GatewayVitals {
  readonly cpuShare: number | null;
  readonly lagMsMax: number | null;
  readonly rssMiB: number | null;
}

export interface StormResult {
  readonly setting: Setting;
  readonly capacityTimes: number;
  readonly direct: Side;
  readonly spillway: Side;
  /** By how much the spread of first tokens became smaller. */
  readonly sdCutShare: number | null;
  readonly targets: readonly Target[];
  readonly troubles: readonly TroubleResult[];
  readonly unanswered: readonly Unanswered[];
  readonly gateway: GatewayVitals;
  /** Why the figures may say more about the machine than about the gateway. */
  readonly warnings: readonly string[];
  readonly tookMs: number;
  readonly summaries: { readonly direct: Summary; readonly spillway: Summary };
}

export interface Observed {
  readonly setting: Setting;
  readonly direct: ActResult;
  readonly spillway: ActResult;
  readonly troubles: readonly Trouble[];
  readonly unanswered: readonly Unanswered[];
  readonly gateway: GatewayVitals;
  readonly warnings: readonly string[];
  readonly tookMs: number;
}

const TOKENS_PER_PRICE = 1_000_000;
const CPU_SHARE_MAX = 0.85;
const LAG_MS_MAX = 50;
const aims = { availability: 0.999, vip: 0.995, sdCut: 0.82, directMost: 0.6 };

export function resultOf(observed: Observed): StormResult {
  const { setting, troubles, gateway } = observed;
  const direct = sideOf(observed.direct, setting);
  const spillway = sideOf(observed.spillway, setting);
  const sdCutShare = cutOf(direct.firstTokenSdMs, spillway.firstTokenSdMs);
  return {
    setting,
    capacityTimes: Math.round(capacityTimes * 10) / 10,
    direct,
    spillway,
    sdCutShare,
    targets: targetsOf(direct, spillway, sdCutShare),
    troubles: troubles.map((trouble, at) => ({
      ...trouble,
      recoveryMs: recoveryMs(observed.spillway.summary.windows, observed.spillway.summary.windowMs, {
        fromMs: trouble.fromMs,
        untilMs: troubles[at + 1]?.fromMs ?? setting.timeline.stormToMs,
      }),
    })),
    unanswered: observed.unanswered,
    gateway,
    warnings: [...observed.warnings, ...machineWarnings(observed)],
    tookMs: Math.round(observed.tookMs),
    summaries: { direct: observed.direct.summary, spillway: observed.spillway.summary },
  };
}

function sideOf({ summary, walls }: ActResult, { timeline }: Setting): Side {
  const { all } = summary;
  const inSlo = (lane: Lane): number => shareOf(summary.lanes[lane], summary.lanes[lane].inSlo);
  const sends = tiers.reduce((sum, tier) => sum + walls[tier].received, 0);
  const perAnswer = (value: number): number | null => (all.answered === 0 ? null : value / all.answered);
  return {
    offered: all.offered,
    answered: all.answered,
    answeredShare: shareOf(all, all.answered),
    inSloShare: shareOf(all, all.inSlo),
    inSloShares: { vip: inSlo('vip'), standard: inSlo('standard'), batch: inSlo('batch') },
    firstTokenP50Ms: all.feltMs.p50,
    firstTokenP99Ms: all.feltMs.p99,
    firstTokenSdMs: all.feltMs.sd,
    sendsPerAnswer: perAnswer(sends),
    costUsdPerAnswer: perAnswer(tiers.reduce((sum, tier) => sum + costUsd(tier, walls[tier]), 0)),
    recoveryMs: recoveryMs(summary.windows, summary.windowMs, { fromMs: timeline.stormToMs, untilMs: timeline.endMs }),
    unanswered: { shed: all.shed, limited: all.limited, failed: all.failed, left: all.left, unsent: all.unsent },
    answersByTier: { base: walls.base.answered, peak: walls.peak.answered, standby: walls.standby.answered },
  };
}

const shareOf = ({ offered }: GroupSummary, part: number): number => (offered === 0 ? 0 : part / offered);

/** Also of what nobody read to its end: a provider asks for it all the same. */
function costUsd(tier: Tier, { promptTokens, answerTokens }: WallCount): number {
  const { inputUsd, outputUsd } = farSides[tier].price;
  return (promptTokens * inputUsd + answerTokens * outputUsd) / TOKENS_PER_PRICE;
}

const cutOf = (before: number | null, after: number | null): number | null =>
  before === null || after === null || before === 0 ? null : 1 - after / before;

function targetsOf(direct: Side, spillway: Side, sdCut: number | null): Target[] {
  return [
    {
      words: 'answered through Spillway',
      wanted: `≥ ${percent(aims.availability)}`,
      met: spillway.answeredShare >= aims.availability,
    },
    { words: 'vip in SLO', wanted: `≥ ${percent(aims.vip)}`, met: spillway.inSloShares.vip >= aims.vip },
    { words: 'first-token sd cut', wanted: `≥ ${percent(aims.sdCut)}`, met: (sdCut ?? 0) >= aims.sdCut },
    {
      words: 'answered directly',
      wanted: `≤ ${percent(aims.directMost)}`,
      met: direct.answeredShare <= aims.directMost,
    },
  ];
}

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

function machineWarnings({ direct, spillway, gateway }: Observed): string[] {
  const generators = [
    ['direct', direct],
    ['through Spillway', spillway],
  ] as const;
  const warnings = generators.flatMap(([name, { summary }]) =>
    summary.generator.bottleneck.map((why) => `the load generator (${name}): ${why}`),
  );
  if ((gateway.cpuShare ?? 0) > CPU_SHARE_MAX) {
    warnings.push(`the gateway's process had ${Math.round((gateway.cpuShare ?? 0) * 100)} % of a core`);
  }
  if ((gateway.lagMsMax ?? 0) > LAG_MS_MAX) warnings.push(`the gateway's event loop was ${gateway.lagMsMax} ms late`);
  return warnings;
}

/** Whether each request of both runs is in exactly one ending; a storm that loses any is no measurement. */
export function isConsistent({ direct, spillway }: StormResult): boolean {
  return [direct, spillway].every(
    ({ offered, answered, unanswered }) =>
      offered === answered + Object.values(unanswered).reduce((sum, count) => sum + count, 0),
  );
}
