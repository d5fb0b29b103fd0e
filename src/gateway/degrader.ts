// Degrader: in overload, answers are lessened step by step where the operator of a model allowed it, so that fewer callers
// get none. One ladder for each model and lane, climbed and left by how long that lane would wait.
// What is done to an exchange is noted on it, and told to its caller.
import { patchObject } from '../dialects/json-patch.ts';
import { RecentMap } from '../kernel/bounded.ts';
import type { MonotonicMs } from '../kernel/brands.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { Lane } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import type { Rung } from '../kernel/rung.ts';
import { Degradation } from '../policy/degradation.ts';
import { truthfulRetryAfterMs } from '../policy/drain-rate.ts';
import type { Timer } from '../ports/clock.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Exchange } from './exchange.ts';
import type { Kit } from './kit.ts';
import { addTargets, prepareFor } from './plan.ts';
import { isSettled } from './recall.ts';
import type { ModelResolver } from './resolve.ts';
import type { Model } from './snapshot.ts';
import { textAnswer } from './stand-in.ts';
import type { WaitingGroup } from './waiting-groups.ts';

const LADDERS_MAX = 1_000;
/** Of `queueMs`: the objective where none is set. Longer waits than nine tenths are refused, so the wait stays below that. */
const OBJECTIVE_SHARE = 0.75;
/** As often as the policy wants to know. */
const LOOK_MS = 1_000;

/** One model's lane. */
interface Ladder {
  readonly degradation: Degradation;
  readonly model: Model;
  readonly lane: Lane;
  objectiveMs: number;
  /** Who waits for the model's targets, and for those with the cheaper model's: the longer wait counts. */
  group: WaitingGroup;
  widened: WaitingGroup | null;
  /** Of late. */
  waitMs: number;
}

export class Degrader {
  readonly #kit: Kit;
  readonly #dispatcher: Dispatcher;
  readonly #resolver: () => ModelResolver;
  /** What is kept of an earlier answer; null: nothing. */
  readonly #stale: (exchange: Exchange) => JsonObject | null;
  readonly #ladders = new RecentMap<string, Ladder>(LADDERS_MAX);
  #timer: Timer | null = null;

  constructor(
    kit: Kit,
    dispatcher: Dispatcher,
    resolver: () => ModelResolver,
    stale: (exchange: Exchange) => JsonObject | null,
  ) {
    this.#kit = kit;
    this.#dispatcher = dispatcher;
    this.#resolver = resolver;
    this.#stale = stale;
  }

  /** Before the limits: a capped or cheaper answer is reserved as that. Rejected only where the operator chose to shed. */
  apply(exchange: Exchange, now: MonotonicMs): Rejection | null {
    const { model } = exchange;
    if (model === null || model.rungs.size === 0 || exchange.plan.length === 0) return null;
    // What is kept and good is given as it is: nobody waits for it.
    if (isSettled(exchange.recall)) return null;
    const ladder = this.#ladderOf(model, exchange);
    this.#look(ladder, now);
    this.#watch();
    for (const rung of ladder.degradation.active(model.rungs)) {
      const refused = this.#take(rung, exchange, ladder, now);
      if (refused !== null || exchange.standIn !== null) return refused;
    }
    return null;
  }

  gauges(): GaugeReading[] {
    return [...this.#ladders.values()].map(({ model, lane, degradation }) => ({
      name: 'degradation_level',
      help: 'How far the answers of a model’s lane are degraded: 0 not at all, 4 at most',
      labels: { model: model.name, lane },
      value: degradation.level,
    }));
  }

  #take(rung: Rung, exchange: Exchange, ladder: Ladder, now: MonotonicMs): Rejection | null {
    const { request, model } = exchange;
    if (request === null || model === null) return null;
    const { capTokens, cheaper, defaultAnswer } = model.degrade;
    if (rung === 'capTokens' && capTokens !== null && cap(exchange, capTokens)) this.#noteTaken(rung, exchange, now);
    if (rung === 'cheaper' && cheaper !== null) this.#addCheaper(cheaper, exchange, ladder, now);
    if (rung === 'stale') exchange.standIn = this.#stale(exchange);
    if (rung === 'default' && defaultAnswer !== null) exchange.standIn = textAnswer(request, defaultAnswer);
    if (exchange.standIn !== null) this.#noteTaken(rung, exchange, now);
    const isLast = rung === 'shed' || (rung === 'default' && exchange.standIn === null && model.degrade.shed);
    if (!isLast) return null;
    this.#noteTaken('shed', exchange, now);
    const retryAfterMs = truthfulRetryAfterMs(ladder.waitMs, this.#kit.chance, limits.shedRetryAfterMsMax);
    return reject('overloaded', 'The server is overloaded: it would take too long to begin.', { retryAfterMs });
  }

  #noteTaken(rung: Rung, exchange: Exchange, now: MonotonicMs): void {
    exchange.rungs.push(rung);
    exchange.note(now, 'degraded', null, rung);
  }

  /** Whoever may use the model may be answered by the one that its operator put in its place. */
  #addCheaper(name: string, exchange: Exchange, ladder: Ladder, now: MonotonicMs): void {
    const model = this.#resolver().resolve(name);
    if (model === null || exchange.outbound === null) return;
    const before = exchange.plan.length;
    addTargets(exchange, model, exchange.outbound, this.#kit.chance, now);
    if (exchange.plan.length === before) return;
    exchange.cheaperModel = model;
    exchange.note(now, 'degraded', null, `may be answered by ${name}`);
    ladder.widened = this.#dispatcher.groupOf(exchange);
  }

  #ladderOf(model: Model, exchange: Exchange): Ladder {
    const { lane } = exchange;
    const name = `${lane} ${model.name}`;
    const group = this.#dispatcher.groupOf(exchange);
    const { firstTokenMs } = exchange.snapshot.config.lanes[lane];
    const objectiveMs = Math.max(1, firstTokenMs ?? model.timeouts.queueMs * OBJECTIVE_SHARE);
    const known = this.#ladders.get(name);
    if (known !== undefined) {
      known.group = group;
      known.objectiveMs = objectiveMs;
      return known;
    }
    const degradation = new Degradation(lane);
    const ladder: Ladder = { degradation, model, lane, objectiveMs, group, widened: null, waitMs: 0 };
    this.#ladders.set(name, ladder);
    return ladder;
  }

  #look(ladder: Ladder, now: MonotonicMs): void {
    const { group, widened, lane, model, degradation, objectiveMs } = ladder;
    const waits = [group, widened].map((one) =>
      one === null ? 0 : (this.#dispatcher.laneWaitMs(one, lane, now) ?? 0),
    );
    // A queue that stands still would wait for ever; the ladder needs a number.
    ladder.waitMs = Math.min(Math.max(...waits), Number.MAX_SAFE_INTEGER);
    if (!degradation.onPredictedWait(ladder.waitMs, objectiveMs, now)) return;
    const why = `wait ${seconds(ladder.waitMs)} of ${seconds(objectiveMs)}`;
    const { level } = degradation;
    this.#kit.facts.accept({ kind: 'degradation', at: this.#kit.clock.wall(), model: model.name, lane, level, why });
  }

  /** While any ladder is climbed, or may be, it is looked at even when nobody comes. */
  #watch(): void {
    if (this.#timer !== null || ![...this.#ladders.values()].some(isLively)) return;
    this.#timer = this.#kit.timers.after(LOOK_MS, () => {
      this.#timer = null;
      const now = this.#kit.clock.now();
      for (const ladder of this.#ladders.values()) this.#look(ladder, now);
      this.#watch();
    });
  }
}

const isLively = ({ degradation, waitMs }: Ladder): boolean => degradation.level > 0 || waitMs > 0;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** False: the answer was to be no longer anyway. */
function cap(exchange: Exchange, tokens: number): boolean {
  const { request, outbound } = exchange;
  const generates = request?.surface === 'chat' || request?.surface === 'completions';
  if (request === null || outbound === null || !generates) return false;
  if (request.answerTokensMax !== null && request.answerTokensMax <= tokens) return false;
  exchange.request = capped(request, tokens);
  const sent = (exchange.outbound = capped(outbound, tokens));
  exchange.plan = exchange.plan.map((planned) => ({
    ...planned,
    prepared: prepareFor(sent, planned.target, planned.model.dropParams),
  }));
  return true;
}

function capped(request: CanonicalRequest, tokens: number): CanonicalRequest {
  const { native } = request;
  const said = ['max_tokens', 'max_completion_tokens'].filter((field) => typeof request.body[field] === 'number');
  const body = withMost(request, said.length === 0 ? ['max_tokens'] : said, tokens);
  if (native === null) return { ...request, ...body, answerTokensMax: tokens };
  const field = native.dialect === 'responses' ? 'max_output_tokens' : 'max_tokens';
  const nativeTokens = tokens + thinkingBudget(native.body);
  return {
    ...request,
    ...body,
    answerTokensMax: tokens,
    native: { ...native, ...withMost(native, [field], nativeTokens) },
  };
}

interface Written {
  readonly body: JsonObject;
  readonly bytes: Uint8Array;
}

function withMost({ body, bytes }: Written, fields: readonly string[], tokens: number): Written {
  const patch: JsonObject = {};
  for (const field of fields) {
    const asked = body[field];
    patch[field] = typeof asked === 'number' ? Math.min(asked, tokens) : tokens;
  }
  return { body: { ...body, ...patch }, bytes: patchObject(bytes, body, patch) };
}

/** Claude refuses an answer that leaves no room for the thoughts it was told to have. */
function thinkingBudget({ thinking }: JsonObject): number {
  const budget = isObject(thinking) ? thinking['budget_tokens'] : undefined;
  return typeof budget === 'number' ? budget : 0;
}
