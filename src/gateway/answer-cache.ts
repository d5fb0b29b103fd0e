// Answer cache: where an exchange meets what was answered before. Before anything is reserved it is seen whether the model
// keeps answers, what the key is, and what our own memory holds (recall); once the limits are passed the exchange is given
// what is kept, joins the exchange that is making the same answer, or makes it, for itself and for all who join (enter).
// It must never give an answer to another tenant than the one it was made for, nor keep one that was not whole.
import { RecentMap } from '../kernel/bounded.ts';
import { type WallMs, wallMs } from '../kernel/brands.ts';
import type { Fault } from '../kernel/fault.ts';
import type { JsonObject } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import type { Rejection } from '../kernel/rejection.ts';
import type { Usage } from '../kernel/usage.ts';
import type { CacheEntry, CacheKey, PurgeScope } from '../ports/cache.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { controlsOf, isRepeatable, whyNotCached } from '../policy/cache-eligibility.ts';
import { cacheKey } from '../policy/cache-key.ts';
import { type Standing, staleMsOf, standingOf, timesOf } from '../policy/freshness.ts';
import type { AnswerTap } from './answer-reader.ts';
import { CacheChain } from './cache-chain.ts';
import type { Exchange } from './exchange.ts';
import { Flight, type FlightEnd } from './flight.ts';
import { FlightList } from './flight-list.ts';
import { answerOf, bytesOf, readUsage, withUsage } from './kept-answer.ts';
import type { Kit } from './kit.ts';
import { type Ending, isOwnFault, type Loss, mayHandOver, whyLost } from './loss.ts';
import { isSettled, newRecall, type Recall } from './recall.ts';
import { isRefresh, refreshOf } from './refresh.ts';
import { legUsage } from './settle.ts';

/** Slow is worse than dead: a cache in the same rack answers in a millisecond. */
const REMOTE_MS_MAX = 50;
/** How long a refusal of the request itself is remembered. */
const REFUSAL_MS = 60_000;
/** After a refresh, good or bad, the same answer is not made anew by itself again for so long. */
const REFRESH_REST_MS = 5_000;
const REFRESHES_MAX = 10_000;

/** What it asks of those who run exchanges. Each may end the exchange. */
export interface AnswerCacheHost {
  /** Asks a target. */
  dispatch(exchange: Exchange): void;
  /** A new one, to be run from its beginning. */
  begin(exchange: Exchange, body: Uint8Array): void;
  show(exchange: Exchange, bytes: Uint8Array): void;
  /** All has been shown. */
  shown(exchange: Exchange): void;
  /** `answer` is canonical and whole. */
  stoodIn(exchange: Exchange, answer: JsonObject): void;
  failed(exchange: Exchange, fault: Fault): void;
  rejected(exchange: Exchange, rejection: Rejection): void;
  abandoned(exchange: Exchange): void;
  /** Runs it on behalf of the exchange: a bug ends that one and no other. */
  guard(exchange: Exchange, work: () => void): void;
}

export class AnswerCache {
  readonly #kit: Kit;
  readonly #host: AnswerCacheHost;
  readonly #chain: CacheChain;
  readonly #flights = new FlightList();
  readonly #refusals = new RecentMap<CacheKey, { readonly fault: Fault; readonly until: WallMs }>(limits.refusalsKept);
  readonly #refreshed = new RecentMap<CacheKey, WallMs>(REFRESHES_MAX);

  constructor(kit: Kit, host: AnswerCacheHost) {
    this.#kit = kit;
    this.#host = host;
    this.#chain = new CacheChain(kit);
  }

  /** Before anything is lessened or reserved. Never refuses: null, for the list of steps that may. */
  recall(exchange: Exchange): null {
    const { model, request } = exchange;
    const keeping = model?.cache ?? null;
    if (keeping === null || model === null || request === null) return null;
    const controls = controlsOf(request, exchange.head.headers);
    const refreshes = isRefresh(exchange);
    const why = whyNotCached(request, exchange.body?.length ?? 0, keeping.config);
    if (why !== null || (!controls.reads && !controls.stores)) {
      exchange.recall = newRecall(null, controls, refreshes, 'bypass');
      exchange.note(this.#kit.clock.now(), 'not-cached', null, why ?? 'the caller said so');
      return null;
    }
    const { key: tenant, head } = exchange;
    const isPublic = keeping.config.scope === 'public';
    const key = cacheKey(
      request,
      {
        salt: isPublic ? 'public' : (tenant?.sha256 ?? 'open'),
        namespace: controls.namespace,
        modelVersion: keeping.version,
        circumstances: [
          head.headers['anthropic-beta'] ?? '',
          head.headers['openai-beta'] ?? '',
          tenant?.regions?.join(' ') ?? '',
        ],
      },
      this.#kit.digest,
    );
    const status = refreshes ? 'refresh' : controls.reads ? 'miss' : 'bypass';
    const recall = (exchange.recall = newRecall(key, controls, refreshes, status));
    if (!controls.reads) return null;
    const now = this.#kit.clock.wall();
    const refused = this.#refusals.get(key);
    if (refused !== undefined && now < refused.until) recall.refusal = refused.fault;
    else this.#found(exchange, recall, this.#chain.local(key), 'local');
    return null;
  }

  /** After the limits. True: the exchange has ended with what is at hand. */
  give(exchange: Exchange): boolean {
    const { recall } = exchange;
    if (recall === null) return false;
    if (recall.refusal === null) return this.#give(exchange, recall);
    recall.status = 'hit';
    this.#host.failed(exchange, recall.refusal);
    return true;
  }

  /** Nothing is at hand: it reads another's answer, or goes on to a target. */
  enter(exchange: Exchange): void {
    const { recall } = exchange;
    if (recall === null || recall.key === null) return this.#host.dispatch(exchange);
    exchange.phase = 'waiting';
    const flight = recall.controls.reads ? this.#flights.joinable(recall.key, exchange) : null;
    if (flight !== null) return this.#join(exchange, recall, flight);
    if (recall.controls.stores) this.#lead(exchange, recall, recall.key);
    if (!recall.controls.reads) return this.#host.dispatch(exchange);
    this.#askOthers(exchange, recall, recall.key);
  }

  /** Where the exchange's answer is told to others, and kept; null: nowhere. */
  tap({ recall }: Exchange): AnswerTap | null {
    return recall === null || recall.reader !== null ? null : recall.flight;
  }

  /** A reader has caught up with what it was sent. */
  drained({ recall }: Exchange): void {
    if (recall === null || recall.flight === null || recall.reader === null) return;
    recall.flight.leader.attempt?.resume();
    recall.flight.drained(recall.reader);
  }

  /** A slow client of the leader may hold up the far side only if nobody else reads. */
  mayPause({ recall }: Exchange): boolean {
    return recall?.flight?.mayPause() ?? true;
  }

  /** Its client has left, but others read its answer. */
  outlives({ recall }: Exchange): boolean {
    const flight = recall === null || recall.reader !== null ? null : recall.flight;
    return flight !== null && !flight.ended && flight.readers > 0;
  }

  /** What may be given when nobody can answer, where the model's operator allows it. */
  lastResort(exchange: Exchange): JsonObject | null {
    const { recall, model } = exchange;
    const entry = recall?.entry ?? null;
    if (recall === null || entry === null || model?.degrade.staleAnswers !== true || exchange.shown) return null;
    if (recall.standing === 'gone' || this.#kit.clock.wall() >= entry.keepUntil) return null;
    const answer = answerOf(entry);
    if (answer === null) return null;
    this.#noteGiven(exchange, recall, entry, 'stale');
    return withUsage(answer, readUsage(entry.usage));
  }

  /** Every end of every exchange comes by here, once. */
  ended(exchange: Exchange, ending: Ending): void {
    const { recall } = exchange;
    if (recall === null) return;
    recall.read?.cancel();
    const { flight, reader, key } = recall;
    if (ending.kind === 'failed') this.#remember(exchange, recall, ending.fault);
    if (flight === null || key === null) return;
    if (reader !== null) {
      flight.leave(reader);
      // The leader went on for the readers' sake alone.
      if (flight.readers === 0 && flight.leader.left && !flight.ended) this.#host.abandoned(flight.leader);
      return;
    }
    if (flight.ended || flight.leader !== exchange) return;
    const end = ending.kind === 'answered' ? this.#endOf(exchange, flight) : null;
    if (end !== null) {
      this.#flights.remove(key, flight);
      this.#keep(exchange, recall, key, end);
      flight.conclude(end);
    } else this.#handOver(flight, key, exchange, ending);
  }

  purge(scope: PurgeScope, done: (reached: boolean) => void): void {
    this.#chain.purge(scope, done);
  }

  gauges(): GaugeReading[] {
    const flights = this.#flights.size;
    return [
      { name: 'cache_flights', help: 'Answers in the making that may be joined', labels: {}, value: flights },
      ...this.#chain.gauges(),
    ];
  }

  #found(exchange: Exchange, recall: Recall, entry: CacheEntry | null, level: 'local' | 'remote'): void {
    recall.entry = entry;
    recall.level = entry === null ? null : level;
    recall.standing = entry === null ? 'gone' : this.#standing(exchange, recall, entry);
  }

  #standing({ model }: Exchange, { controls }: Recall, entry: CacheEntry): Standing {
    const keeping = model?.cache ?? null;
    const staleMs = keeping === null ? 0 : staleMsOf(keeping.config);
    const { maxAgeMs } = controls;
    return standingOf(entry, { staleMs, maxAgeMs }, this.#kit.clock.wall(), this.#kit.chance.draw());
  }

  /** False: what was found, if anything, is not to be given now. */
  #give(exchange: Exchange, recall: Recall): boolean {
    const { entry, standing } = recall;
    if (entry === null || !(isSettled(recall) || standing === 'stale')) return false;
    const answer = answerOf(entry);
    if (answer === null) return false;
    this.#noteGiven(exchange, recall, entry, standing === 'stale' ? 'stale' : 'hit');
    this.#host.stoodIn(exchange, withUsage(answer, readUsage(entry.usage)));
    if (standing !== 'fresh') this.#refresh(exchange, recall);
    return true;
  }

  #noteGiven(exchange: Exchange, recall: Recall, entry: CacheEntry, status: 'hit' | 'stale'): void {
    recall.status = status;
    recall.ageMs = Math.max(0, this.#kit.clock.wall() - entry.createdAt);
    this.#noteSaved(exchange, recall, entry.usage, entry.costMicroUsd);
    exchange.note(
      this.#kit.clock.now(),
      status,
      null,
      `${recall.level ?? 'kept'}, ${Math.round(recall.ageMs / 1000)} s old`,
    );
  }

  #noteSaved({ model }: Exchange, recall: Recall, usage: Usage, costMicroUsd: number | null): void {
    recall.savedTokens = usage.promptTokens + usage.completionTokens;
    recall.savedMicroUsd = costMicroUsd;
    recall.chargedTokens = Math.ceil((recall.savedTokens * (model?.cache?.config.hitChargePercent ?? 0)) / 100);
  }

  #join(exchange: Exchange, recall: Recall, flight: Flight): void {
    recall.flight = flight;
    recall.status = 'joined';
    recall.entry ??= flight.leader.recall?.entry ?? null;
    exchange.note(this.#kit.clock.now(), 'joined', null, `reads what ${flight.leader.id} makes`);
    recall.reader = flight.join(exchange);
    flight.leader.attempt?.resume();
  }

  #lead(exchange: Exchange, recall: Recall, key: CacheKey): void {
    const streams = exchange.request?.stream === true;
    const flight = new Flight(exchange, streams, {
      timers: this.#kit.timers,
      show: (reader, bytes) => this.#host.guard(reader, () => this.#host.show(reader, bytes)),
      finish: (reader, shown, end) => this.#host.guard(reader, () => this.#finish(reader, shown, end)),
      cut: (reader) => {
        reader.reply.destroy();
        this.#host.abandoned(reader);
      },
    });
    recall.flight = flight;
    this.#flights.add(key, flight);
  }

  #askOthers(exchange: Exchange, recall: Recall, key: CacheKey): void {
    const budgetMs = exchange.snapshot.config.redis?.timeoutMs ?? REMOTE_MS_MAX;
    const read = this.#chain.remote(key, budgetMs, (entry) =>
      this.#host.guard(exchange, () => {
        recall.read = null;
        if (exchange.phase === 'ended') return;
        if (entry !== null) this.#found(exchange, recall, entry, 'remote');
        if (entry === null || !this.#giveToAll(exchange, recall, key, entry)) this.#host.dispatch(exchange);
      }),
    );
    if (read === null) return this.#host.dispatch(exchange);
    if (exchange.phase === 'waiting' && exchange.attempt === null) recall.read = read;
  }

  /** What a shared cache had is given to whoever asked for it meanwhile too. */
  #giveToAll(exchange: Exchange, recall: Recall, key: CacheKey, entry: CacheEntry): boolean {
    const { flight } = recall;
    const answer = answerOf(entry);
    if (answer === null || !(isSettled(recall) || recall.standing === 'stale')) return false;
    if (flight !== null) this.#flights.remove(key, flight);
    const { usage, costMicroUsd } = entry;
    flight?.conclude({ answer, usage, costMicroUsd, ageMs: this.#kit.clock.wall() - entry.createdAt });
    return this.#give(exchange, recall);
  }

  #finish(reader: Exchange, shown: boolean, { answer, usage, costMicroUsd, ageMs }: FlightEnd): void {
    const { recall } = reader;
    if (recall === null || reader.phase === 'ended') return;
    recall.ageMs = ageMs;
    this.#noteSaved(reader, recall, usage, costMicroUsd);
    if (shown) this.#host.shown(reader);
    else this.#host.stoodIn(reader, withUsage(answer, readUsage(usage)));
  }

  /** Null: what the leader read is no whole answer. */
  #endOf(exchange: Exchange, flight: Flight): FlightEnd | null {
    const sum = exchange.attempt?.sum ?? null;
    const { answer } = flight;
    if (sum === null || answer === null) return null;
    if (exchange.surface !== 'embeddings' && sum.finishReason === null) return null;
    const usage = exchange.transcript.whole(legUsage(exchange, sum));
    return { answer, usage, costMicroUsd: exchange.costMicroUsd, ageMs: null };
  }

  #keep(exchange: Exchange, recall: Recall, key: CacheKey, { answer, usage, costMicroUsd }: FlightEnd): void {
    const { model, current } = exchange;
    const isItsOwn = exchange.rescue === null && exchange.degraded.length === 0 && current?.model === model;
    const keeping = model?.cache ?? null;
    if (!recall.controls.stores || model === null || keeping === null || current === null || !isItsOwn) return;
    if (!isRepeatable(answer)) return;
    const bytes = bytesOf(answer);
    if (bytes.length > limits.cacheEntryBytesMax) return;
    const createdAt = this.#kit.clock.wall();
    const entry: CacheEntry = {
      model: model.name,
      upstreamModel: current.target.model,
      createdAt,
      ...timesOf(keeping.config, recall.controls.ttlMs, model.degrade.staleAnswers, createdAt),
      madeInMs: this.#kit.clock.now() - (exchange.firstSentAt ?? exchange.startedAt),
      usage,
      costMicroUsd,
      answer: bytes,
    };
    this.#chain.put(key, entry, exchange.startedWall);
  }

  /** Of requests that no target will ever take; never of trouble that passes. */
  #remember(exchange: Exchange, { key, controls }: Recall, fault: Fault): void {
    const isOwn = isOwnFault(fault) && fault.status !== null;
    if (!isOwn || key === null || !controls.stores || exchange.attempts === 0 || exchange.degraded.length > 0) return;
    this.#refusals.delete(key);
    this.#refusals.set(key, { fault, until: wallMs(this.#kit.clock.wall() + REFUSAL_MS) });
  }

  /** Those who have been shown nothing begin again, once; what broke off for the others has broken off. */
  #handOver(flight: Flight, key: CacheKey, lost: Exchange, ending: Ending): void {
    const why = whyLost(lost, ending);
    const broken = flight.begin();
    const isFinal = flight.handedOver || !mayHandOver(ending);
    const next = isFinal ? null : flight.first;
    if (next === null) {
      this.#flights.remove(key, flight);
      broken.push(...flight.dissolve());
    } else {
      flight.leave(next);
      flight.handedOver = true;
      flight.leader = next.exchange;
      this.#promote(next.exchange, lost);
    }
    for (const reader of broken) this.#host.guard(reader, () => this.#tellLost(reader, why));
  }

  #promote(exchange: Exchange, lost: Exchange): void {
    const { recall } = exchange;
    if (recall === null) return;
    recall.reader = null;
    recall.status = 'miss';
    exchange.note(this.#kit.clock.now(), 'leads', null, `${lost.id} was lost`);
    this.#host.guard(exchange, () => this.#host.dispatch(exchange));
  }

  #tellLost(reader: Exchange, why: Loss): void {
    if (reader.phase === 'ended') return;
    if (why.kind === 'failed') this.#host.failed(reader, why.fault);
    else this.#host.rejected(reader, why.rejection);
  }

  #refresh(exchange: Exchange, { key }: Recall): void {
    const now = this.#kit.clock.wall();
    if (key === null || (this.#refreshed.get(key) ?? 0) > now) return;
    if (this.#flights.has(key)) return;
    this.#refreshed.delete(key);
    this.#refreshed.set(key, wallMs(now + REFRESH_REST_MS));
    this.#host.begin(refreshOf(exchange, this.#kit), exchange.body ?? new Uint8Array());
  }
}
