// Answer cache: where an exchange meets what was answered before. Before anything is reserved it is seen whether the model
// keeps answers, what the key is, and what our own memory holds (recall); once the limits are passed the exchange is given
// what is kept, joins the exchange that is making the same answer, or makes it, for itself and for all who join (enter).
// It must never give an answer to another tenant than the one it was made for, nor keep one that was not whole.
import type { Fault } from '../kernel/fault.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Rejection } from '../kernel/rejection.ts';
import type { CacheEntry, CacheKey, PurgeScope } from '../ports/cache.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { controlsOf, whyNotCached } from '../policy/cache-eligibility.ts';
import type { TopQuestion } from '../policy/top-list.ts';
import type { AnswerTap } from './answer-reader.ts';
import { AskedQuestions } from './asked-questions.ts';
import { CacheChain } from './cache-chain.ts';
import { isUnchanged } from './cache-head.ts';
import type { Exchange } from './exchange.ts';
import { Flight, type FlightEnd } from './flight.ts';
import { FlightList } from './flight-list.ts';
import { givable, neighbourAnswer, noteGiven, noteSaved, ownAnswer, standingFor } from './given.ts';
import { entryOf, flightEndOf } from './keep.ts';
import { answerOf, readUsage, withUsage } from './kept-answer.ts';
import type { Kit } from './kit.ts';
import { Leadership } from './leadership.ts';
import { type Ending, type Loss, mayHandOver, whyLost } from './loss.ts';
import { keyOf } from './question.ts';
import { isSettled, newRecall, type Recall } from './recall.ts';
import { isRefresh, Refreshes } from './refresh.ts';
import { Refusals } from './refusals.ts';
import { replay } from './replay.ts';
import { type Neighbour, SemanticCache } from './semantic-cache.ts';

/** Slow is worse than dead: a cache in the same rack answers in a millisecond. */
const REMOTE_MS_MAX = 50;

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
  readonly #leadership: Leadership;
  readonly #refusals = new Refusals();
  readonly #refreshes = new Refreshes();
  readonly #asked = new AskedQuestions();
  readonly #semantic: SemanticCache;

  constructor(kit: Kit, host: AnswerCacheHost) {
    this.#kit = kit;
    this.#host = host;
    this.#chain = new CacheChain(kit);
    this.#leadership = new Leadership(kit);
    this.#semantic = new SemanticCache(kit, this.#chain, host);
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
    const { namespace } = controls;
    const key = keyOf({ request, headers: head.headers, keeping, tenant, namespace }, this.#kit.digest);
    const status = refreshes ? 'refresh' : controls.reads ? 'miss' : 'bypass';
    const recall = (exchange.recall = newRecall(key, controls, refreshes, status));
    if (!controls.reads) return null;
    recall.refusal = this.#refusals.of(key, this.#kit.clock.wall());
    if (recall.refusal === null) this.#found(exchange, recall, this.#chain.local(key), 'local');
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
    const isApart = flight !== null && this.#semantic.keepsApart(exchange, recall, flight.leader);
    if (flight !== null && !isApart) return this.#join(exchange, recall, flight);
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
    return ownAnswer(exchange, this.#kit.clock);
  }

  /** A similar question's answer, for the same case. */
  neighbour(exchange: Exchange): JsonObject | null {
    return neighbourAnswer(exchange, this.#kit.clock);
  }

  /** Its answer is whole, and about to be told to its end: what caches outside may do with it is known from here on. */
  made(exchange: Exchange): void {
    const { recall } = exchange;
    const flight = recall?.flight ?? null;
    if (recall === null || flight === null || flight.ended || flight.leader !== exchange) return;
    const end = flightEndOf(exchange, flight);
    if (end === null) return;
    const entry = entryOf(exchange, recall, end, this.#kit);
    recall.times = entry;
    recall.made = { end: { ...end, times: entry }, entry };
  }

  /** Every end of every exchange comes by here, once. */
  ended(exchange: Exchange, ending: Ending): void {
    const { recall } = exchange;
    if (recall === null) return;
    recall.read?.cancel();
    recall.replay?.cancel();
    const { flight, reader, key, made } = recall;
    const now = this.#kit.clock.wall();
    if (ending.kind === 'failed') this.#refusals.remember(exchange, recall, ending.fault, now);
    if (ending.kind === 'answered') this.#asked.count(exchange, recall, now);
    if (flight === null || key === null) return;
    if (reader !== null) {
      flight.leave(reader);
      // The leader went on for the readers' sake alone.
      if (flight.readers === 0 && flight.leader.left && !flight.ended) this.#host.abandoned(flight.leader);
      return;
    }
    if (flight.ended || flight.leader !== exchange) return;
    if (ending.kind !== 'answered' || made === null) return this.#handOver(flight, key, exchange, ending);
    this.#flights.remove(key, flight);
    const isKept = made.entry !== null && this.#chain.put(key, made.entry, exchange.startedWall);
    if (isKept && made.entry !== null) this.#semantic.made(exchange, recall, key, made.entry);
    recall.bid?.end(isKept);
    flight.conclude(made.end);
  }

  purge(scope: PurgeScope, done: (reached: boolean) => void): void {
    this.#chain.purge(scope, done);
  }

  /** Keeps an answer that nobody has asked for yet. */
  fill(key: CacheKey, entry: CacheEntry): void {
    this.#chain.put(key, entry, this.#kit.clock.wall());
  }

  /** What was asked of late whose answers are worth most. */
  top(count: number): TopQuestion[] {
    return this.#asked.top(count, this.#kit.clock.wall());
  }

  gauges(): GaugeReading[] {
    const flights = this.#flights.size;
    return [
      { name: 'cache_flights', help: 'Answers in the making that may be joined', labels: {}, value: flights },
      ...this.#chain.gauges(),
      ...this.#leadership.gauges(),
      ...this.#semantic.gauges(),
    ];
  }

  #found(exchange: Exchange, recall: Recall, entry: CacheEntry | null, level: 'local' | 'remote'): void {
    recall.entry = entry;
    recall.level = entry === null ? null : level;
    recall.standing = entry === null ? 'gone' : standingFor(exchange, recall, entry, this.#kit);
  }

  /** False: what was found, if anything, is not to be given now. */
  #give(exchange: Exchange, recall: Recall): boolean {
    const { entry } = recall;
    const answer = givable(recall);
    if (entry === null || answer === null) return false;
    this.#giveKept(exchange, recall, entry, answer);
    return true;
  }

  #giveKept(exchange: Exchange, recall: Recall, entry: CacheEntry, answer: JsonObject): void {
    const { standing } = recall;
    noteGiven(exchange, recall, entry, standing === 'stale' ? 'stale' : 'hit', this.#kit.clock);
    this.#tell(exchange, recall, entry, answer);
    if (standing !== 'fresh') this.#refresh(exchange, recall);
  }

  #tell(exchange: Exchange, recall: Recall, entry: CacheEntry, answer: JsonObject): void {
    const perSecond = exchange.model?.cache?.config.replayTokensPerSecond ?? null;
    if (perSecond === null || exchange.request?.stream !== true || isUnchanged(exchange)) {
      this.#host.stoodIn(exchange, withUsage(answer, readUsage(entry.usage)));
    } else recall.replay = replay(exchange, { answer, usage: entry.usage, perSecond }, this.#kit.timers, this.#host);
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
        if (exchange.phase === 'ended' || this.#gaveShared(exchange, recall, key, entry)) return;
        this.#lookBeside(exchange, recall, key, () => this.#makeOrFollow(exchange, recall, key, budgetMs));
      }),
    );
    if (read === null) return this.#lookBeside(exchange, recall, key, () => this.#host.dispatch(exchange));
    if (exchange.phase === 'waiting' && exchange.attempt === null) recall.read = read;
  }

  /** A similar question may have been answered; else it goes on. */
  #lookBeside(exchange: Exchange, recall: Recall, key: CacheKey, go: () => void): void {
    if (exchange.model?.cache?.config.semantic === undefined) return go();
    const read = this.#semantic.seek(exchange, recall, key, (near) =>
      this.#host.guard(exchange, () => {
        recall.read = null;
        if (exchange.phase === 'ended' || (near !== null && this.#gaveNeighbour(exchange, recall, key, near))) return;
        go();
      }),
    );
    if (read === null) return go();
    if (exchange.phase === 'waiting' && exchange.attempt === null) recall.read = read;
  }

  #gaveNeighbour(exchange: Exchange, recall: Recall, key: CacheKey, { entry, level }: Neighbour): boolean {
    const answer = answerOf(entry);
    if (answer === null) return false;
    const { usage, costMicroUsd } = entry;
    if (recall.flight !== null) this.#flights.remove(key, recall.flight);
    recall.level = level;
    noteGiven(exchange, recall, entry, 'semantic', this.#kit.clock);
    recall.flight?.conclude({ answer, usage, costMicroUsd, ageMs: recall.ageMs, times: null, isNeighbours: true });
    this.#tell(exchange, recall, entry, answer);
    return true;
  }

  /** Another gateway may be making the same answer. */
  #makeOrFollow(exchange: Exchange, recall: Recall, key: CacheKey, budgetMs: number): void {
    const { flight } = recall;
    // What is not kept nobody could find; and who makes it here in the other form has the word already.
    if (flight === null || this.#flights.hasBoth(key)) return this.#host.dispatch(exchange);
    const bid = this.#leadership.bid({
      key,
      streams: flight.streams,
      budgetMs,
      look: (done) => this.#chain.remote(key, budgetMs, done),
      go: (entry) =>
        this.#host.guard(exchange, () => {
          recall.follows = entry !== null;
          if (exchange.phase === 'ended' || this.#gaveShared(exchange, recall, key, entry)) return;
          this.#host.dispatch(exchange);
        }),
    });
    if (flight.ended || flight.leader !== exchange || exchange.phase === 'ended')
      bid?.end((recall.made?.entry ?? null) !== null);
    else recall.bid = bid;
  }

  /** What a shared cache has is given to all who want it here. False: nothing to give. */
  #gaveShared(exchange: Exchange, recall: Recall, key: CacheKey, entry: CacheEntry | null): boolean {
    if (entry === null) return false;
    this.#found(exchange, recall, entry, 'remote');
    const { flight } = recall;
    const answer = givable(recall);
    if (answer === null) return false;
    if (flight !== null) this.#flights.remove(key, flight);
    recall.bid?.end(true);
    const { usage, costMicroUsd } = entry;
    const times = isSettled(recall) ? entry : null;
    flight?.conclude({ answer, usage, costMicroUsd, ageMs: this.#kit.clock.wall() - entry.createdAt, times });
    this.#giveKept(exchange, recall, entry, answer);
    return true;
  }

  #finish(reader: Exchange, shown: boolean, end: FlightEnd): void {
    const { recall } = reader;
    const { answer, usage, costMicroUsd, ageMs, times } = end;
    if (recall === null || reader.phase === 'ended') return;
    if (end.isNeighbours === true) recall.status = 'semantic';
    recall.ageMs = ageMs;
    recall.times = times;
    noteSaved(reader, recall, usage, costMicroUsd);
    if (shown) this.#host.shown(reader);
    else this.#host.stoodIn(reader, withUsage(answer, readUsage(usage)));
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
      lost.recall?.bid?.end(false);
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
    recall.bid = lost.recall?.bid ?? null;
    exchange.note(this.#kit.clock.now(), 'leads', null, `${lost.id} was lost`);
    this.#host.guard(exchange, () => this.#host.dispatch(exchange));
  }

  #tellLost(reader: Exchange, why: Loss): void {
    if (reader.phase === 'ended') return;
    if (why.kind === 'failed') this.#host.failed(reader, why.fault);
    else this.#host.rejected(reader, why.rejection);
  }

  #refresh(exchange: Exchange, { key, controls }: Recall): void {
    if (key === null || !controls.stores || this.#flights.has(key)) return;
    const refresh = this.#refreshes.of(exchange, key, this.#kit);
    if (refresh !== null) this.#host.begin(refresh, exchange.body ?? new Uint8Array());
  }
}
