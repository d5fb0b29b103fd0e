// Exchange metrics: what is counted per exchange and per attempt. It runs on the request path, so every child is resolved
// once per (model, provider, operation) and found again by a map lookup or two.
// Names of keys and users must never become labels, nor anything else a client can invent without bound.
import type { ExchangeId, TargetId } from '../../kernel/brands.ts';
import { RecentMap } from '../../kernel/bounded.ts';
import type { AttemptFact, ExchangeFact, Outcome } from '../../kernel/facts.ts';
import { faults } from '../../kernel/fault.ts';
import type { FaultKind } from '../../kernel/fault.ts';
import { lanes, surfaces } from '../../kernel/lane.ts';
import type { Lane, Surface } from '../../kernel/lane.ts';
import { rejections } from '../../kernel/rejection.ts';
import { CacheMetrics } from './cache-metrics.ts';
import { BoundedLabels, CounterFamily, HistogramFamily } from './series.ts';
import type { CounterChild, HistogramChild } from './series.ts';
import { errorType, genAiProvider, operationNames } from './words.ts';

// Bucket boundaries of the gen_ai metrics are the ones OpenTelemetry's GenAI conventions ask for.
const TOKEN_BOUNDS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const DURATION_BOUNDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const FIRST_TOKEN_BOUNDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const PER_TOKEN_BOUNDS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const QUEUE_BOUNDS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120];
const OVERHEAD_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

const GEN_AI_LABELS = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'];
const outcomes = ['answered', 'rejected', 'failed', 'abandoned'] as const satisfies readonly Outcome[];
/** Exchanges between a failed attempt and the next one. */
const RETRYING_MAX = 10_000;
const NONE = 'none';

interface GenAiSeries {
  readonly input: HistogramChild;
  readonly output: HistogramChild;
  readonly firstToken: HistogramChild;
  readonly perToken: HistogramChild;
  readonly answered: HistogramChild;
  /** Durations of exchanges that ended in trouble, by kind. */
  readonly byError: Map<string, HistogramChild>;
}

interface ModelSeries {
  readonly label: string;
  /** Key: lane, surface, outcome and status in one small number. */
  readonly exchanges: Map<number, CounterChild>;
  /** Provider, then surface. */
  readonly genAi: Map<string, Partial<Record<Surface, GenAiSeries>>>;
  readonly failovers: CounterChild;
}

interface UpstreamSeries {
  readonly label: string;
  readonly delivered: CounterChild;
  readonly failed: CounterChild;
  readonly overtaken: CounterChild;
  readonly hedgesWon: CounterChild;
  readonly hedgesLost: CounterChild;
  readonly faults: Partial<Record<FaultKind, CounterChild>>;
  readonly resends: CounterChild;
  readonly keepAlives: CounterChild;
  readonly cost: CounterChild;
  readonly firstToken: HistogramChild;
}

export class ExchangeMetrics {
  readonly #tokens = new HistogramFamily(
    'gen_ai_client_token_usage',
    'Tokens of one exchange, as the provider counted them.',
    TOKEN_BOUNDS,
    [...GEN_AI_LABELS, 'gen_ai_token_type'],
  );
  readonly #duration = new HistogramFamily(
    'gen_ai_server_request_duration',
    'Seconds from the arrival of a request that reached an upstream to its end; error_type when it ended in trouble.',
    DURATION_BOUNDS,
    [...GEN_AI_LABELS, 'error_type'],
  );
  readonly #firstToken = new HistogramFamily(
    'gen_ai_server_time_to_first_token',
    'Seconds from the arrival of a request to the first content sent to the client.',
    FIRST_TOKEN_BOUNDS,
    GEN_AI_LABELS,
  );
  readonly #perToken = new HistogramFamily(
    'gen_ai_server_time_per_output_token',
    'Seconds per output token after the first one; streams that were answered.',
    PER_TOKEN_BOUNDS,
    GEN_AI_LABELS,
  );
  readonly #exchanges = new CounterFamily(
    'counter',
    'spillway_exchanges_total',
    'Exchanges ended, by outcome and the status the client saw (499: it left before one was sent).',
    ['model', 'lane', 'surface', 'outcome', 'status'],
  );
  readonly #rejections = new CounterFamily('counter', 'spillway_rejections_total', 'Refusals, by kind.', ['kind']);
  readonly #degraded = new CounterFamily(
    'counter',
    'spillway_degraded_total',
    'Exchanges whose answer was lessened because of overload, by what was done to it.',
    ['rung', 'lane'],
  );
  readonly #faults = new CounterFamily(
    'counter',
    'spillway_faults_total',
    'Attempts that ended in upstream trouble, by kind.',
    ['upstream', 'kind'],
  );
  readonly #attempts = new CounterFamily(
    'counter',
    'spillway_attempts_total',
    'Sends to an upstream that ended: delivered, fault, or overtaken by another that had content sooner.',
    ['upstream', 'result'],
  );
  readonly #failovers = new CounterFamily(
    'counter',
    'spillway_failovers_total',
    'Attempts that went to another target than the failed one before.',
    ['model'],
  );
  readonly #resends = new CounterFamily(
    'counter',
    'spillway_resends_total',
    'Attempts that went to the same target again.',
    ['upstream'],
  );
  readonly #hedges = new CounterFamily(
    'counter',
    'spillway_hedges_total',
    'Attempts sent beside another whose first token was late: won when they had content first.',
    ['upstream', 'result'],
  );
  readonly #keepAlives = new CounterFamily(
    'counter',
    'spillway_upstream_keep_alives_total',
    'Keep-alive comments and blank lines from an upstream: it is queueing.',
    ['upstream'],
  );
  readonly #cost = new CounterFamily(
    'counter',
    'spillway_cost_usd_total',
    'US dollars by list price, where a price is known.',
    ['upstream'],
  );
  readonly #upstreamFirstToken = new HistogramFamily(
    'spillway_upstream_first_token_seconds',
    'Seconds from sending an attempt to its first content.',
    FIRST_TOKEN_BOUNDS,
    ['upstream'],
  );
  readonly #queue = new HistogramFamily(
    'spillway_queue_seconds',
    'Seconds in the waiting room, for exchanges that got as far.',
    QUEUE_BOUNDS,
    ['lane'],
  );
  readonly #overhead = new HistogramFamily(
    'spillway_overhead_seconds',
    'Seconds that were the gateway’s own: neither waiting for room nor for an upstream.',
    OVERHEAD_BOUNDS,
  );

  readonly #cache = new CacheMetrics();
  readonly #models: BoundedLabels<ModelSeries>;
  readonly #upstreams: BoundedLabels<UpstreamSeries>;
  readonly #queueByLane: Record<Lane, HistogramChild>;
  readonly #overheadAll: HistogramChild;
  readonly #rejectionByKind = new Map<string, CounterChild>();
  /** Where the last attempt of an exchange failed: the next one is a failover or a resend. */
  readonly #failedAt = new RecentMap<ExchangeId, TargetId>(RETRYING_MAX);

  constructor(labelValuesMax: number) {
    this.#models = new BoundedLabels(labelValuesMax, (label) => this.#makeModel(label));
    this.#upstreams = new BoundedLabels(labelValuesMax, (label) => this.#makeUpstream(label));
    this.#queueByLane = {
      vip: this.#queue.child('vip'),
      standard: this.#queue.child('standard'),
      batch: this.#queue.child('batch'),
    };
    this.#overheadAll = this.#overhead.child();
    // Born at 0, so that the first one is an increase and not a new series, which no alert would see.
    for (const kind of Object.keys(rejections)) this.#rejectionByKind.set(kind, this.#rejections.child(kind));
  }

  exchange(exchange: ExchangeFact): void {
    const { attempts, outcome } = exchange;
    const model = this.#models.get(exchange.model ?? NONE, outcome === 'answered');
    this.#countExchange(model, exchange).value++;
    if (exchange.rejection !== null) {
      const refused = this.#rejectionByKind.get(exchange.rejection);
      if (refused !== undefined) refused.value++;
    }
    if (exchange.cache !== null) this.#cache.count(model.label, exchange.cache);
    for (const rung of exchange.degraded) this.#degraded.child(rung, exchange.lane).value++;
    if (attempts > 0 || exchange.queueMs > 0) this.#queueByLane[exchange.lane].observe(exchange.queueMs / 1000);
    this.#overheadAll.observe(exchange.overheadMs / 1000);
    if (attempts > 1 || outcome !== 'answered') this.#failedAt.delete(exchange.id);
    if (attempts > 0 && exchange.provider !== null && exchange.surface !== null) {
      this.#generation(model, exchange, exchange.provider, exchange.surface);
    }
    const { costMicroUsd, upstream } = exchange;
    // One infinite or negative figure, from a usage an upstream made up, would spoil the counter for good.
    if (costMicroUsd !== null && upstream !== null && costMicroUsd > 0 && costMicroUsd < Infinity) {
      this.#upstreams.get(upstream, true).cost.value += costMicroUsd / 1e6;
    }
  }

  attempt(attempt: AttemptFact): void {
    const { fault, number, firstTokenMs, keepAlives } = attempt;
    const upstream = this.#upstreams.get(attempt.upstream, fault === null);
    if (attempt.hedge) (firstTokenMs === null ? upstream.hedgesLost : upstream.hedgesWon).value++;
    else if (number > 1) this.#secondSend(attempt, upstream);
    if (attempt.overtaken) upstream.overtaken.value++;
    else if (fault === null) upstream.delivered.value++;
    else {
      upstream.failed.value++;
      const counter = upstream.faults[fault];
      if (counter !== undefined) counter.value++;
      this.#failedAt.set(attempt.exchange, attempt.target);
    }
    if (firstTokenMs !== null) upstream.firstToken.observe(firstTokenMs / 1000);
    if (keepAlives > 0) upstream.keepAlives.value += keepAlives;
  }

  write(into: string[]): void {
    for (const family of [this.#tokens, this.#duration, this.#firstToken, this.#perToken]) family.write(into);
    for (const family of [this.#exchanges, this.#rejections, this.#degraded, this.#attempts, this.#faults])
      family.write(into);
    for (const family of [this.#failovers, this.#resends, this.#hedges, this.#keepAlives, this.#cost])
      family.write(into);
    for (const family of [this.#upstreamFirstToken, this.#queue, this.#overhead]) family.write(into);
    this.#cache.write(into);
  }

  #countExchange(model: ModelSeries, exchange: ExchangeFact): CounterChild {
    const { lane, surface, outcome } = exchange;
    // Upstreams may answer any number; only HTTP's become labels.
    const status = exchange.status >= 100 && exchange.status <= 599 ? exchange.status : 0;
    const surfaceIndex = surface === null ? surfaces.length : surfaces.indexOf(surface);
    const kind = (lanes.indexOf(lane) * 8 + surfaceIndex) * 8 + outcomes.indexOf(outcome);
    const known = model.exchanges.get(kind * 1000 + status);
    if (known !== undefined) return known;
    const label = status === 0 ? 'other' : String(status);
    const child = this.#exchanges.child(model.label, lane, surface ?? NONE, outcome, label);
    model.exchanges.set(kind * 1000 + status, child);
    return child;
  }

  #generation(model: ModelSeries, exchange: ExchangeFact, provider: string, surface: Surface): void {
    const series = this.#genAiSeries(model, provider, surface);
    const { usage, durationMs, firstTokenMs } = exchange;
    if (usage !== null) {
      series.input.observe(usage.promptTokens);
      if (surface !== 'embeddings') series.output.observe(usage.completionTokens);
    }
    if (exchange.outcome === 'answered') {
      series.answered.observe(durationMs / 1000);
      if (firstTokenMs === null) return;
      series.firstToken.observe(firstTokenMs / 1000);
      if (!exchange.stream || usage === null || usage.completionTokens < 2) return;
      series.perToken.observe((durationMs - firstTokenMs) / 1000 / (usage.completionTokens - 1));
    } else if (exchange.outcome !== 'abandoned') {
      // When the client left says nothing about how long an answer takes.
      this.#troubled(model, series, exchange, provider, surface).observe(durationMs / 1000);
    }
  }

  #troubled(
    model: ModelSeries,
    series: GenAiSeries,
    exchange: ExchangeFact,
    provider: string,
    surface: Surface,
  ): HistogramChild {
    const kind = errorType(exchange) ?? '_OTHER';
    let child = series.byError.get(kind);
    if (child === undefined) {
      child = this.#duration.child(operationNames[surface], genAiProvider(provider), model.label, kind);
      series.byError.set(kind, child);
    }
    return child;
  }

  #genAiSeries(model: ModelSeries, provider: string, surface: Surface): GenAiSeries {
    let bySurface = model.genAi.get(provider);
    if (bySurface === undefined) {
      bySurface = {};
      model.genAi.set(provider, bySurface);
    }
    const known = bySurface[surface];
    if (known !== undefined) return known;
    const labels = [operationNames[surface], genAiProvider(provider), model.label] as const;
    const made: GenAiSeries = {
      input: this.#tokens.child(...labels, 'input'),
      output: this.#tokens.child(...labels, 'output'),
      firstToken: this.#firstToken.child(...labels),
      perToken: this.#perToken.child(...labels),
      answered: this.#duration.child(...labels, ''),
      byError: new Map(),
    };
    bySurface[surface] = made;
    return made;
  }

  #secondSend(attempt: AttemptFact, upstream: UpstreamSeries): void {
    const failedAt = this.#failedAt.get(attempt.exchange);
    if (failedAt === undefined) return;
    this.#failedAt.delete(attempt.exchange);
    if (failedAt === attempt.target) upstream.resends.value++;
    else this.#models.get(attempt.model, attempt.fault === null).failovers.value++;
  }

  #makeModel(label: string): ModelSeries {
    return { label, exchanges: new Map(), genAi: new Map(), failovers: this.#failovers.child(label) };
  }

  #makeUpstream(label: string): UpstreamSeries {
    const byKind: Partial<Record<FaultKind, CounterChild>> = {};
    for (const kind of Object.keys(faults) as FaultKind[]) byKind[kind] = this.#faults.child(label, kind);
    return {
      label,
      delivered: this.#attempts.child(label, 'delivered'),
      failed: this.#attempts.child(label, 'fault'),
      overtaken: this.#attempts.child(label, 'overtaken'),
      hedgesWon: this.#hedges.child(label, 'won'),
      hedgesLost: this.#hedges.child(label, 'lost'),
      faults: byKind,
      resends: this.#resends.child(label),
      keepAlives: this.#keepAlives.child(label),
      cost: this.#cost.child(label),
      firstToken: this.#upstreamFirstToken.child(label),
    };
  }
}
