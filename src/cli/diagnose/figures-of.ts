// Figures of: makes the diagnosis' figures from two looks. It only subtracts, divides and counts; what the figures mean is the
// policy's business.
import type {
  CallerFigures,
  EngineFigures,
  Figures,
  HistoryFigures,
  ProcessFigures,
  UpstreamFigures,
} from '../../policy/diagnosis/figures.ts';
import { limitKinds } from '../../policy/diagnosis/own-rules.ts';
import { roomKinds } from '../../policy/diagnosis/strain.ts';
import { readEngineLoad } from '../../policy/engine-gauges.ts';
import type { Samples } from '../samples.ts';
import type { Look, RememberedExchange } from './look.ts';

type Labels = Readonly<Record<string, string>>;

const MS_PER_S = 1_000;
/** Older exchanges say nothing about now. */
const HISTORY_MS_MAX = 120_000;
const CALLERS_MAX = 100;
/** Who waited for so long waited. */
const QUEUED_MS_MIN = 1_000;

export function figuresOf(before: Look, now: Look): Figures {
  const seconds = Math.max(0.001, (now.at - before.at) / MS_PER_S);
  const grown = growthOf(before.metrics, now.metrics);
  const kinds = now.metrics.values('spillway_rejections_total', 'kind');
  const rejections = kinds.map((kind) => [kind, grown('spillway_rejections_total', { kind })] as const);
  const inFlightName = 'spillway_exchanges_in_flight';
  const ended = grown('spillway_exchanges_total');
  const arrived = ended + now.metrics.sum(inFlightName) - before.metrics.sum(inFlightName);
  return {
    seconds,
    ended,
    answered: grown('spillway_exchanges_total', { outcome: 'answered' }),
    rejections: Object.fromEntries(rejections.filter(([, count]) => count > 0)),
    waitingBefore: before.metrics.sum('spillway_queue_depth'),
    waitingNow: now.metrics.sum('spillway_queue_depth'),
    inFlight: now.metrics.sum(inFlightName),
    attempts: grown('spillway_attempts_total'),
    failovers: grown('spillway_failovers_total'),
    resends: grown('spillway_resends_total'),
    history: now.exchanges === null ? null : historyOf(now.exchanges, before.wall, Math.max(0, arrived) / seconds),
    upstreams: now.metrics
      .values('spillway_upstream_in_flight', 'upstream')
      .map((name) => upstreamOf(name, before, now)),
    process: processOf(before, now, seconds),
  };
}

/** Counters only grow; what has become smaller began anew. */
const growthOf =
  (before: Samples, now: Samples) =>
  (name: string, labels: Labels = {}): number => {
    const grown = now.sum(name, labels) - before.sum(name, labels);
    return grown < 0 ? now.sum(name, labels) : grown;
  };

function historyOf(
  exchanges: readonly RememberedExchange[],
  firstLookAt: number,
  arrivalsPerSecondNow: number,
): HistoryFigures {
  const kept = exchanges
    .filter(({ startedAt }) => startedAt >= firstLookAt - HISTORY_MS_MAX)
    .toSorted((one, other) => one.startedAt - other.startedAt);
  const from = kept[0]?.startedAt ?? firstLookAt;
  const spanMs = Math.max(0, firstLookAt - from);
  // Of the later half many are still under way, and not remembered yet.
  const older = kept.filter(({ startedAt }) => startedAt < from + spanMs / 2);
  const strained = older.filter(
    ({ queueMs, rejection }) => queueMs >= QUEUED_MS_MIN || (rejection !== null && roomKinds.includes(rejection)),
  );
  const retried = kept.filter(({ trail }) => trail.some(({ step }) => step === 'client-retry'));
  return {
    secondsBefore: spanMs / MS_PER_S,
    arrivalsPerSecondNow,
    arrivalsPerSecondBefore: older.length < 2 ? null : countOf(older) / (spanMs / 2 / MS_PER_S),
    strainedShareBefore: older.length === 0 ? 0 : countOf(strained) / countOf(older),
    clientRetryShare: kept.length === 0 ? 0 : countOf(retried) / countOf(kept),
    callers: callersOf(kept),
  };
}

const countOf = (exchanges: readonly RememberedExchange[]): number =>
  exchanges.reduce((count, { standsFor }) => count + standsFor, 0);

function callersOf(exchanges: readonly RememberedExchange[]): CallerFigures[] {
  const sums = new Map<string, { exchanges: number; tokens: number; limited: number }>();
  let tokensOfAll = 0;
  for (const { key, usage, rejection, standsFor } of exchanges) {
    if (key === null) continue;
    const sum = sums.get(key) ?? { exchanges: 0, tokens: 0, limited: 0 };
    const tokens = usage === null ? 0 : (usage.promptTokens + usage.completionTokens) * standsFor;
    sum.exchanges += standsFor;
    sum.tokens += tokens;
    tokensOfAll += tokens;
    if (rejection !== null && limitKinds.includes(rejection)) sum.limited += standsFor;
    sums.set(key, sum);
  }
  const all = countOf(exchanges);
  return [...sums]
    .map(([name, sum]) => ({
      name,
      exchanges: sum.exchanges,
      tokenShare: tokensOfAll === 0 ? 0 : sum.tokens / tokensOfAll,
      exchangeShare: sum.exchanges / all,
      limited: sum.limited,
    }))
    .toSorted((one, other) => heft(other) - heft(one))
    .slice(0, CALLERS_MAX);
}

const heft = ({ tokenShare, exchangeShare }: CallerFigures): number => Math.max(tokenShare, exchangeShare);

function upstreamOf(name: string, before: Look, now: Look): UpstreamFigures {
  const grown = growthOf(before.metrics, now.metrics);
  const labels = { upstream: name };
  const described = now.upstreams?.find((upstream) => upstream.name === name);
  const kinds = now.metrics.values('spillway_faults_total', 'kind');
  const faults = kinds.map((kind) => [kind, grown('spillway_faults_total', { ...labels, kind })] as const);
  const shares = [before, now].map(({ metrics }) => windowShareOf(name, metrics)).filter((share) => share !== null);
  const paces = pacesOf(name, now.exchanges ?? [], before.wall);
  return {
    name,
    tier: described?.tier ?? null,
    inFlight: now.metrics.sum('spillway_upstream_in_flight', labels),
    concurrentMax: now.metrics.max('spillway_upstream_max_concurrent', labels),
    windowShare: shares.length === 0 ? null : Math.max(...shares),
    attempts: grown('spillway_attempts_total', labels),
    faults: Object.fromEntries(faults.filter(([, count]) => count > 0)),
    keepAlives: grown('spillway_upstream_keep_alives_total', labels),
    ...firstTokensOf(labels, before.metrics, now.metrics),
    ...paces,
    credentials: described?.credentials.length ?? null,
    credentialsResting: now.metrics.sum('spillway_upstream_credentials_resting', labels),
    breakerOpen: targetsOf(name, now.metrics, 'spillway_breaker_state').some((state) => state > 0),
    healthy: now.metrics.max('spillway_upstream_healthy', labels) !== 0,
    engine: engineOf(name, before, now),
  };
}

/** Targets are called `upstream/model`. */
const targetsOf = (upstream: string, metrics: Samples, name: string): number[] =>
  metrics
    .all(name)
    .filter(({ labels }) => labels['target']?.startsWith(`${upstream}/`) === true)
    .map(({ value }) => value);

/** Of its fullest target; null where no bound has been found. */
function windowShareOf(upstream: string, metrics: Samples): number | null {
  const share = (used: string, most: string): number[] => {
    const useds = targetsOf(upstream, metrics, used);
    return targetsOf(upstream, metrics, most).map((max, at) => (max <= 0 ? 0 : (useds[at] ?? 0) / max));
  };
  const shares = [
    ...share('spillway_window_tokens', 'spillway_window_tokens_max'),
    ...share('spillway_window_prefill_tokens', 'spillway_window_prefill_tokens_max'),
  ];
  return shares.length === 0 ? null : Math.max(...shares);
}

function firstTokensOf(
  labels: Labels,
  before: Samples,
  now: Samples,
): Pick<UpstreamFigures, 'firstTokenMs' | 'firstTokenMsUsual'> {
  const name = 'spillway_upstream_first_token_seconds';
  const countBefore = before.sum(`${name}_count`, labels);
  const sumBefore = before.sum(`${name}_sum`, labels);
  const count = now.sum(`${name}_count`, labels) - countBefore;
  const sum = now.sum(`${name}_sum`, labels) - sumBefore;
  return {
    firstTokenMs: count <= 0 ? null : (sum / count) * MS_PER_S,
    firstTokenMsUsual: countBefore === 0 ? null : (sumBefore / countBefore) * MS_PER_S,
  };
}

/** Time for a token after the first, of answers that ended since the first look and of those before. */
function pacesOf(
  upstream: string,
  exchanges: readonly RememberedExchange[],
  firstLookAt: number,
): Pick<UpstreamFigures, 'perTokenMs' | 'perTokenMsUsual'> {
  const late = { ms: 0, tokens: 0 };
  const early = { ms: 0, tokens: 0 };
  // Those that were left out were chosen by time alone: the others speak for them.
  for (const attempt of exchanges.flatMap(({ attemptFacts }) => attemptFacts)) {
    const { firstTokenMs, durationMs, usage, startedAt } = attempt;
    if (attempt.upstream !== upstream || firstTokenMs === null || usage === null || usage.completionTokens < 2)
      continue;
    const sum = startedAt + durationMs >= firstLookAt ? late : early;
    sum.ms += durationMs - firstTokenMs;
    sum.tokens += usage.completionTokens - 1;
  }
  const pace = ({ ms, tokens }: typeof late): number | null => (tokens === 0 ? null : ms / tokens);
  return { perTokenMs: pace(late), perTokenMsUsual: pace(early) };
}

/** Of the engine's own page, else of what the gateway read there. */
function engineOf(name: string, before: Look, now: Look): EngineFigures | null {
  const labels = { upstream: name };
  const page = now.engines.get(name);
  const told = page === undefined ? null : readEngineLoad(page.text);
  const preempted = 'vllm:num_preemptions_total';
  const earlier = before.engines.get(name);
  const preemptions =
    page === undefined || earlier === undefined ? 0 : Math.max(0, page.sum(preempted) - earlier.sum(preempted));
  if (told !== null) {
    return { running: told.running, waiting: told.waiting, kvShare: told.kvUsage, preemptions };
  }
  const waiting = now.metrics.max('spillway_upstream_engine_waiting', labels);
  if (waiting === null) return null;
  return {
    running: now.metrics.sum('spillway_upstream_engine_running', labels),
    waiting,
    kvShare: now.metrics.max('spillway_upstream_engine_kv_share', labels),
    preemptions: 0,
  };
}

function processOf(before: Look, now: Look, seconds: number): ProcessFigures {
  const { metrics } = now;
  const grown = growthOf(before.metrics, metrics);
  const lag = metrics.max('spillway_pressure_event_loop_lag_seconds');
  const shed = metrics.all('spillway_pressure_shed').filter(({ value }) => value === 1);
  const counted = grown('spillway_overhead_seconds_count');
  return {
    lagMs: lag === null ? null : lag * MS_PER_S,
    heapShare: metrics.max('spillway_pressure_heap_share'),
    socketShare: metrics.max('spillway_pressure_socket_share'),
    cpuShare: metrics.has('process_cpu_seconds_total') ? grown('process_cpu_seconds_total') / seconds : null,
    shedLanes: shed.map(({ labels }) => labels['lane'] ?? ''),
    overheadMsMean: counted === 0 ? null : (grown('spillway_overhead_seconds_sum') / counted) * MS_PER_S,
    bugs: grown('spillway_bugs_total'),
  };
}
