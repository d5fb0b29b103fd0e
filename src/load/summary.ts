// Summary: what a run came to, as plain data: for the terminal, for `--json`, for the report. One place computes every share
// and quantile, so that three places cannot show three numbers. It says by itself when the generator could not keep up.
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import { Histogram } from './histogram.ts';
import type { ByLane, LoadOrder } from './order.ts';
import type { Plan } from './plan.ts';
import { type Count, type Ending, endings, type Measure, type Tally, type WindowCount, windowCounts } from './tally.ts';

/** In milliseconds; all null when there were none. */
export interface Spread {
  readonly count: number;
  readonly mean: number | null;
  readonly sd: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

export interface GroupSummary extends Readonly<Record<Ending, number>> {
  readonly offered: number;
  readonly admitted: number;
  readonly inSlo: number;
  /** Of those that have ended; null when none has. */
  readonly answeredShare: number | null;
  readonly inSloShare: number | null;
  readonly sends: number;
  /** Refusals met on the way, those among them that another try made good. */
  readonly sends429: number;
  readonly sends503: number;
  /** As the far side tells it in its headers, where it does. */
  readonly hedged: number;
  readonly upstreamSendsPerAdmitted: number | null;
  readonly tokens: number;
  readonly keepAlives: number;
  readonly firstTokenMs: Spread;
  readonly feltMs: Spread;
  readonly gapMs: Spread;
  readonly perTokenMs: Spread;
  readonly wholeMs: Spread;
  readonly refusalMs: Spread;
  /** First token at many shares, for a plot. */
  readonly firstTokenCurve: readonly (readonly [share: number, ms: number])[];
}

export interface WindowSummary extends Readonly<Record<WindowCount, number>> {
  readonly fromMs: number;
  readonly firstTokenP50Ms: number | null;
  readonly firstTokenP99Ms: number | null;
}

export interface GeneratorSummary {
  readonly workers: number;
  readonly latenessMs: Spread;
  readonly loopLagMsP99: number;
  readonly busyShareMax: number;
  /** Processor time of all workers. */
  readonly cpuMs: number;
  readonly openPeak: number;
  readonly unsent: number;
  /** Why the figures say more about the generator than about what was measured; empty when it kept up. */
  readonly bottleneck: readonly string[];
}

export interface Summary {
  readonly url: string;
  readonly model: string;
  readonly isOver: boolean;
  readonly isStopped: boolean;
  readonly elapsedMs: number;
  readonly plannedMs: number;
  readonly planned: number;
  readonly open: number;
  readonly expectations: LoadOrder['expectations'];
  readonly all: GroupSummary;
  readonly lanes: ByLane<GroupSummary>;
  readonly windowMs: number;
  readonly windows: readonly WindowSummary[];
  readonly generator: GeneratorSummary;
}

export interface Material {
  readonly order: LoadOrder;
  readonly plan: Plan;
  readonly whole: Tally;
  /** Of each worker. */
  readonly parts: readonly Tally[];
  readonly elapsedMs: number;
  readonly isOver: boolean;
  readonly isStopped: boolean;
}

const LATE_MS_MAX = 20;
const LAG_MS_MAX = 50;
const BUSY_SHARE_MAX = 0.9;

export function summarize({ order, plan, whole, parts, elapsedMs, isOver, isStopped }: Material): Summary {
  const { address, path, model, expectations } = order;
  const scheme = address.tls ? 'https' : 'http';
  const group = (lane: Lane): GroupSummary => groupSummary(whole, [lane]);
  const all = groupSummary(whole, lanes);
  return {
    url: `${scheme}://${address.host}:${address.port}${path}`,
    model,
    isOver,
    isStopped,
    elapsedMs: Math.round(elapsedMs),
    plannedMs: Math.round(plan.durationMs),
    planned: plan.count,
    open: parts.reduce((sum, part) => sum + part.own('open'), 0),
    expectations,
    all,
    lanes: { vip: group('vip'), standard: group('standard'), batch: group('batch') },
    windowMs: whole.windowMs,
    windows: windowsOf(whole, Math.min(elapsedMs, plan.durationMs)),
    generator: generatorOf(whole, parts, all.unsent),
  };
}

function groupSummary(tally: Tally, members: readonly Lane[]): GroupSummary {
  const sum = (what: Count): number => members.reduce((total, lane) => total + tally.counted(lane, what), 0);
  const merged = (what: Measure): Histogram => {
    const histogram = new Histogram();
    for (const lane of members) histogram.merge(tally.measure(lane, what));
    return histogram;
  };
  const offered = sum('offered');
  const firstToken = merged('firstToken');
  const ended = Object.fromEntries(endings.map((ending) => [ending, sum(ending)])) as Record<Ending, number>;
  const endedCount = endings.reduce((total, ending) => total + ended[ending], 0);
  return {
    offered,
    ...ended,
    admitted: sum('admitted'),
    inSlo: sum('inSlo'),
    answeredShare: shareOf(ended.answered, endedCount),
    inSloShare: shareOf(sum('inSlo'), endedCount),
    sends: sum('sends'),
    sends429: sum('sends429'),
    sends503: sum('sends503'),
    hedged: sum('hedged'),
    upstreamSendsPerAdmitted: shareOf(sum('upstreamSends'), sum('admitted')),
    tokens: sum('tokens'),
    keepAlives: sum('keepAlives'),
    firstTokenMs: spreadOf(firstToken),
    feltMs: spreadOf(merged('felt')),
    gapMs: spreadOf(merged('gap')),
    perTokenMs: spreadOf(merged('perToken')),
    wholeMs: spreadOf(merged('whole')),
    refusalMs: spreadOf(merged('refusal')),
    firstTokenCurve: curveOf(firstToken),
  };
}

const shareOf = (part: number, of: number): number | null => (of === 0 ? null : rounded(part / of, 6));

function spreadOf(histogram: Histogram): Spread {
  const at = (share: number): number | null => nullOr(histogram.quantileMs(share));
  return {
    count: histogram.count,
    mean: nullOr(histogram.meanMs),
    sd: nullOr(histogram.sdMs),
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    p999: at(0.999),
    max: histogram.count === 0 ? null : rounded(histogram.maxMs, 3),
  };
}

const CURVE_POINTS = 60;
const CURVE_NINES = 4;

/** Shares crowd together towards 1, as the tail deserves: evenly spaced in nines, up to what the count supports. */
function curveOf(histogram: Histogram): (readonly [number, number])[] {
  if (histogram.count === 0) return [];
  const nines = Math.min(CURVE_NINES, Math.log10(histogram.count));
  return Array.from({ length: CURVE_POINTS + 1 }, (_, at) => {
    const share = 1 - 10 ** ((-nines * at) / CURVE_POINTS);
    return [rounded(share, 6), rounded(histogram.quantileMs(share) ?? 0, 3)] as const;
  });
}

function windowsOf(tally: Tally, untilMs: number): WindowSummary[] {
  const count = tally.windowOf(Math.max(0, untilMs - 1)) + 1;
  return Array.from({ length: count }, (_, window) => {
    const sums = windowCounts.map((what) => [
      what,
      lanes.reduce((sum, lane) => sum + tally.countedIn(window, lane, what), 0),
    ]);
    return {
      fromMs: window * tally.windowMs,
      ...(Object.fromEntries(sums) as Record<WindowCount, number>),
      firstTokenP50Ms: nullOr(tally.firstTokenQuantileIn(window, 0.5)),
      firstTokenP99Ms: nullOr(tally.firstTokenQuantileIn(window, 0.99)),
    };
  });
}

function generatorOf(whole: Tally, parts: readonly Tally[], unsent: number): GeneratorSummary {
  const latenessMs = spreadOf(whole.lateness);
  const loopLagMsP99 = rounded(Math.max(0, ...parts.map((part) => part.own('loopLagMs'))), 2);
  const busyShareMax = rounded(Math.max(0, ...parts.map((part) => part.own('busyShare'))), 3);
  const bottleneck: string[] = [];
  if ((latenessMs.p99 ?? 0) > LATE_MS_MAX) bottleneck.push(`1 % of the sends were ${latenessMs.p99} ms late or more`);
  if (loopLagMsP99 > LAG_MS_MAX) bottleneck.push(`its event loop lagged ${loopLagMsP99} ms at the 99th percentile`);
  if (busyShareMax > BUSY_SHARE_MAX) bottleneck.push(`a worker was ${Math.round(busyShareMax * 100)} % busy`);
  if (unsent > 0) bottleneck.push(`${unsent} requests were not sent: as many were open as may be`);
  return {
    workers: parts.length,
    latenessMs,
    loopLagMsP99,
    busyShareMax,
    cpuMs: Math.round(parts.reduce((sum, part) => sum + part.own('cpuMs'), 0)),
    openPeak: parts.reduce((sum, part) => sum + part.own('openPeak'), 0),
    unsent,
    bottleneck,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const nullOr = (value: number | null): number | null => (value === null ? null : rounded(value, 3));
