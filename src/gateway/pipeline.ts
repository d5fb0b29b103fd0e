// Pipeline: the page that tells one exchange's way. The steps stand in this order, and for these reasons:
//
//   authenticate   from the head alone: a stranger's body is never read
//   read           bytes → one canonical request, checked once; nobody checks again
//   plan           which targets may answer (compliance, capabilities, context), in the order drawn
//   recall         what was answered before may do: seen before anything is lessened or reserved for this one
//   degrade        in overload, what the model's operator allowed: a lesser answer is better than none
//   limit          what the key may still use is reserved before anything is sent
//   cache          given what is kept, or reads along where the same answer is being made; else goes on to make it
//   dispatch       waits for a target with room, by lane and fairly in it: bound late, to the first one that has it
//   call           one attempt, and beside a late one of a vip a second: content decides that race. Faults before it are
//                  invisible to the caller, and after it an answer is resumed or begun again where no seam would show
//   relay          bytes go through; backpressure goes back
//   settle         whatever was taken is given back, and the fact is told, in one place
//
// The first seven run at once and may each end the exchange with a Rejection. The rest is driven by events: the exchange
// parks between them (among several workers at `limit` too), so no step may assume that it still lives (`phase`).
import type { DoorDialect } from '../dialects/dialect.ts';
import { later, type MonotonicMs } from '../kernel/brands.ts';
import { type Fault, fault, faults, wordsOf } from '../kernel/fault.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Surface } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import type { InboundHead, Reply, Visit } from '../ports/door.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { Verdict } from '../policy/failover.ts';
import type { KeyQuota } from '../policy/key-limits.ts';
import type { BurstCircumstances } from '../policy/burst.ts';
import { AnswerLengths } from '../policy/answer-length.ts';
import { TokenCorrection } from '../policy/token-correction.ts';
import { beginBy, verdictOn } from './after-fault.ts';
import { AnswerCache, type AnswerCacheHost } from './answer-cache.ts';
import { Attempt } from './attempt.ts';
import { authenticate } from './authenticate.ts';
import { Degrader } from './degrader.ts';
import { Dispatcher } from './dispatcher.ts';
import { beginStream } from './egress.ts';
import { anotherHasRoom } from './elsewhere.ts';
import { Endings } from './ending.ts';
import { Exchange, type Phase, type PlannedTarget } from './exchange.ts';
import type { Fleet, Ticket } from './fleet.ts';
import { Hedging } from './hedging.ts';
import type { Kit } from './kit.ts';
import { orderOf, rescueFor } from './leg.ts';
import { limit } from './limit.ts';
import { LiveExchanges } from './live-exchanges.ts';
import { plan } from './plan.ts';
import { noteRetries, read, setDeadlines } from './read.ts';
import type { Runner } from './race.ts';
import type { ModelResolver } from './resolve.ts';
import type { SelfProtection } from './self-protection.ts';
import { usageToTell } from './settle.ts';
import type { Key, Snapshot } from './snapshot.ts';
import { WaitingSigns } from './waiting-signs.ts';

/** What the pipeline asks of the gateway around it; answers change with reloads. */
export interface Surroundings {
  snapshot(): Snapshot;
  resolver(): ModelResolver;
  readonly keyLimits: (sha256: string) => KeyQuota | null;
  readonly protection: SelfProtection;
}

/** Through which door a request came. */
export interface Entrance {
  readonly surface: Surface;
  readonly dialect: DoorDialect;
  /** Headers that every answer through it carries (CORS). */
  readonly doorHeaders: HeaderList;
  /** In whose name it is asked, whoever asks; absent: the head says. */
  readonly payer?: Key;
}

export class Pipeline {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #around: Surroundings;
  readonly #estimates = { correction: new TokenCorrection(), lengths: new AnswerLengths() };
  readonly #endings: Endings;
  readonly #hedging: Hedging;
  readonly #signs: WaitingSigns;
  readonly #degrader: Degrader;
  readonly #answers: AnswerCache;
  readonly #live = new LiveExchanges();
  readonly dispatcher: Dispatcher;
  /** Called when the last exchange in flight has ended. */
  onIdle: () => void = () => {};

  constructor(kit: Kit, fleet: Fleet, around: Surroundings) {
    this.#kit = kit;
    this.#fleet = fleet;
    this.#around = around;
    this.dispatcher = new Dispatcher(kit, fleet, {
      onTicket: (exchange, planned, ticket) => this.#guard(exchange, () => this.#call(exchange, planned, ticket)),
      onRefused: (exchange, rejection) => this.#refuse(exchange, rejection),
    });
    this.#hedging = new Hedging(kit, fleet, this.dispatcher, (exchange, work) => this.#guard(exchange, work));
    this.#signs = new WaitingSigns(kit, this.dispatcher);
    this.#answers = new AnswerCache(kit, this.#asCacheHost());
    const stale = (exchange: Exchange): JsonObject | null => this.#answers.lastResort(exchange);
    this.#degrader = new Degrader(kit, this.dispatcher, () => around.resolver(), stale);
    this.#endings = new Endings(kit, fleet, this.#estimates, {
      lastResort: stale,
      neighbour: (exchange) => this.#answers.neighbour(exchange),
      onMade: (exchange) => this.#answers.made(exchange),
      onEnded: (exchange, ending) => {
        this.dispatcher.settle(exchange);
        this.#answers.ended(exchange, ending);
        this.#live.remove(exchange);
        if (this.#live.size === 0) this.onIdle();
      },
    });
  }

  get inFlight(): number {
    return this.#live.size;
  }

  /** Null: answered already. */
  enter(head: InboundHead, reply: Reply, entrance: Entrance): Visit | null {
    const snapshot = this.#around.snapshot();
    const exchange = new Exchange({ head, reply, snapshot, ...entrance }, this.#kit);
    this.#live.add(exchange);
    const { keyLimits, protection } = this.#around;
    const refused =
      authenticate(exchange, this.#kit.digest, keyLimits, entrance.payer) ?? protection.refusal(exchange.lane);
    if (refused !== null) {
      this.#refuse(exchange, refused);
      return null;
    }
    return {
      onBody: (bytes) => this.#guard(exchange, () => this.#admit(exchange, bytes)),
      onBodyRefused: (rejection) => this.#refuse(exchange, rejection),
      onDrain: () => {
        exchange.attempt?.resume();
        this.#answers.drained(exchange);
      },
      onGone: () => this.#leave(exchange),
    };
  }

  /** For those who fill, purge and look. */
  get answers(): AnswerCache {
    return this.#answers;
  }

  gauges(): GaugeReading[] {
    return [...this.dispatcher.gauges(), ...this.#degrader.gauges(), ...this.#answers.gauges()];
  }

  /** Ends every exchange still in flight; for the end of the drain time. */
  cutAll(): void {
    for (const exchange of this.#live.all()) {
      this.#refuse(exchange, reject('draining', 'The server is shutting down.'));
    }
  }

  #admit(exchange: Exchange, bytes: Uint8Array): void {
    if (exchange.phase !== 'arriving') return;
    const now = this.#kit.clock.now();
    exchange.bodyAt = now;
    exchange.body = bytes;
    exchange.phase = 'planning';
    const refused =
      read(exchange) ??
      plan(exchange, this.#around.resolver(), this.#kit.chance, now) ??
      setDeadlines(exchange) ??
      this.#answers.recall(exchange) ??
      this.#degrader.apply(exchange, now);
    if (refused !== null) return this.#refuse(exchange, refused);
    const around = (): BurstCircumstances => this.#circumstances(exchange, now);
    const done = (word: Rejection | null): void => this.#guard(exchange, () => this.#proceed(exchange, word));
    limit(exchange, this.#estimates, around, this.#kit.clock, done);
  }

  /** What its key may still use was said, at once or a moment later. */
  #proceed(exchange: Exchange, refused: Rejection | null): void {
    if (refused !== null) return this.#refuse(exchange, refused);
    const now = this.#kit.clock.now();
    if (exchange.plan.length === 0) return this.#endings.counted(exchange);
    if (exchange.standIn !== null) return this.#endings.stoodIn(exchange, exchange.standIn);
    if (this.#answers.give(exchange)) return;
    noteRetries(exchange, now);
    exchange.totalTimer = this.#kit.timers.after(Math.max(0, exchange.totalAt - now), () => this.#expire(exchange));
    this.#signs.watch(exchange);
    if (exchange.recall === null) this.#dispatch(exchange, now);
    else this.#answers.enter(exchange);
  }

  #asCacheHost(): AnswerCacheHost {
    return {
      dispatch: (exchange) => this.#dispatch(exchange),
      begin: (exchange, body) => {
        this.#live.add(exchange);
        this.#guard(exchange, () => this.#admit(exchange, body));
      },
      show: (exchange, bytes) => this.#show(exchange, bytes),
      shown: (exchange) => this.#endings.answered(exchange, null),
      stoodIn: (exchange, answer) => this.#endings.stoodIn(exchange, answer),
      failed: (exchange, trouble) => this.#endings.failed(exchange, trouble),
      rejected: (exchange, rejection) => this.#endings.rejected(exchange, rejection),
      abandoned: (exchange) => this.#abandon(exchange),
      guard: (exchange, work) => this.#guard(exchange, work),
    };
  }

  #circumstances(exchange: Exchange, now: MonotonicMs): BurstCircumstances {
    const overloaded = this.dispatcher.waiting > 0 || this.#around.protection.sheds.length > 0;
    return { lane: exchange.lane, fleetHasRoom: this.dispatcher.isRoomyFor(exchange, now), overloaded };
  }

  #dispatch(exchange: Exchange, now: MonotonicMs = this.#kit.clock.now()): void {
    const { timeouts } = exchange.model ?? {};
    if (timeouts === undefined) return;
    const queueEnd = later(now, Math.max(0, timeouts.queueMs - exchange.queueMs));
    const begin = beginBy(exchange, this.#fleet, now);
    this.dispatcher.place(exchange, Math.min(queueEnd, begin, exchange.totalAt) as MonotonicMs, now);
  }

  #call(exchange: Exchange, planned: PlannedTarget, ticket: Ticket): void {
    const { request, outbound } = exchange;
    if (request === null || outbound === null || exchange.phase === 'ended') return ticket.released();
    const now = ticket.sentAt;
    const runner = exchange.race.enter(planned, ticket, ++exchange.attempts);
    if (!runner.hedge) exchange.current = planned;
    exchange.phase = 'calling';
    exchange.again = null;
    exchange.firstSentAt ??= now;
    if (planned.tried) planned.resends++;
    planned.tried = true;
    const step = runner.hedge ? 'hedge' : (exchange.rescue ?? 'sent');
    exchange.note(now, step, planned.target.id, `attempt ${runner.number}`);
    runner.attempt = new Attempt(
      orderOf(exchange, { request, outbound }, runner, this.#answers.tap(exchange)),
      {
        onHead: (headers) => ticket.heard(headers),
        onFirstToken: () => {
          ticket.began();
          if (exchange.race.isOn) this.#guard(exchange, () => this.#settleRace(exchange, runner));
        },
        onTokens: (count) => ticket.spoke(count),
        onKeepAlive: () => ticket.keptAlive(),
        onOutput: (bytes) => this.#guard(exchange, () => this.#relay(exchange, runner, bytes)),
        onComplete: (body) => this.#guard(exchange, () => this.#complete(exchange, runner, body)),
        onFault: (trouble) => this.#guard(exchange, () => this.#afterFault(exchange, runner, trouble)),
        // Half a text is on the client's screen: silence must end, whoever else there is.
        mayGiveUp: () =>
          exchange.rescue !== null ||
          exchange.race.isOn ||
          anotherHasRoom(exchange, this.#fleet, this.#kit.clock.now()),
      },
      this.#kit,
    );
    if (exchange.lane === 'vip') this.#hedging.watch(exchange, runner);
  }

  /** It has content, and with that the answer is its to make: whoever runs beside it is aborted before it says anything. */
  #settleRace(exchange: Exchange, winner: Runner): void {
    if (!exchange.race.isOn) return;
    exchange.current = winner.planned;
    for (const loser of exchange.race.wonBy(winner)) {
      loser.attempt?.cancel();
      loser.ticket.overtaken();
      const why = `${winner.planned.target.id} was first`;
      exchange.note(this.#kit.clock.now(), 'overtaken', loser.planned.target.id, why);
      this.#endings.attemptEnded(exchange, loser, null, true);
    }
  }

  #relay(exchange: Exchange, runner: Runner, bytes: Uint8Array): void {
    // More than may be held back is shown without content: that decides too.
    this.#settleRace(exchange, runner);
    this.#show(exchange, bytes);
  }

  #show(exchange: Exchange, bytes: Uint8Array): void {
    if (exchange.phase === 'ended') return;
    if (exchange.firstShownAt === null) {
      const now = this.#kit.clock.now();
      beginStream(exchange, now);
      exchange.firstShownAt = now;
    }
    exchange.phase = 'relaying';
    exchange.bytesOut += bytes.length;
    const keepsUp = exchange.reply.write(bytes);
    // A slow reader slows its upstream. Cutting it, if it never catches up, is the server's work.
    const isBehind = !keepsUp && exchange.reply.pendingBytes > limits.readerBytesLow;
    if (isBehind && this.#answers.mayPause(exchange)) exchange.attempt?.pause();
  }

  #complete(exchange: Exchange, runner: Runner, body: Uint8Array | null): void {
    const { attempt, planned, ticket } = runner;
    if (exchange.phase === 'ended' || attempt === null) return;
    this.#settleRace(exchange, runner);
    if (body === null) {
      const usage = attempt.usageOwed ? usageToTell(exchange, attempt.sum) : null;
      this.#show(exchange, exchange.answer.end(usage === null ? null : exchange.transcript.whole(usage)));
    }
    this.dispatcher.onOutcome(planned, true, ticket.sentAt);
    this.#endings.answered(exchange, body);
  }

  #afterFault(exchange: Exchange, runner: Runner, reported: Fault): void {
    if (exchange.phase === 'ended') return;
    const { planned, ticket } = runner;
    const now = this.#kit.clock.now();
    exchange.note(now, 'fault', planned.target.id, `${reported.kind}: ${wordsOf(reported)}`);
    const anotherRuns = exchange.race.fellOut(runner, reported);
    this.#endings.attemptEnded(exchange, runner, reported);
    const own = this.#troubleOf(exchange, reported);
    if (own === reported) ticket.failed(reported);
    else ticket.released();
    if (faults[reported.kind].about === 'target') this.dispatcher.onOutcome(planned, false, ticket.sentAt);
    if (own.kind === 'contextTooLong') exchange.needsMoreThan(planned, now);
    exchange.current = exchange.race.lead?.planned ?? planned;
    if (anotherRuns) return;
    const rescue = exchange.shown ? rescueFor(exchange) : null;
    if (rescue !== 'none') exchange.rescue = rescue;
    const trouble = exchange.race.verdict(own);
    const failed = { planned, trouble, own: own === reported, beyondRescue: rescue === 'none' };
    this.#follow(exchange, planned, trouble, verdictOn(exchange, failed, this.#fleet, this.#kit));
  }

  /**
   * A later leg asks in a form that the client did not choose: a target's 400 to it (no prefix allowed) is not the
   * client's mistake, and the trouble that broke the answer stays the one to tell.
   */
  #troubleOf(exchange: Exchange, reported: Fault): Fault {
    const { lastFault } = exchange;
    const ofForm = faults[reported.kind].about === 'request' || reported.kind === 'unknownModel';
    if (exchange.rescue !== null && lastFault !== null && ofForm) return lastFault;
    exchange.lastFault = reported;
    return reported;
  }

  #follow(exchange: Exchange, current: PlannedTarget, trouble: Fault, verdict: Verdict): void {
    if (verdict.kind === 'giveUp') return this.#endings.failed(exchange, trouble);
    const why = verdict.kind === 'resend' ? `in ${Math.round(verdict.afterMs)} ms` : 'to another target';
    exchange.note(this.#kit.clock.now(), verdict.kind, current.target.id, why);
    if (exchange.shown) {
      const usage = exchange.attempt?.sum?.usage ?? null;
      exchange.transcript.endLeg(exchange.request?.promptTokens ?? 0, usage);
    }
    exchange.phase = 'waiting';
    exchange.race.lead = null;
    if (verdict.kind === 'failover') return this.#dispatch(exchange);
    exchange.again = { planned: current, otherCredential: verdict.otherCredential };
    exchange.backoffTimer = this.#kit.timers.after(verdict.afterMs, () =>
      this.#guard(exchange, () => exchange.phase !== 'ended' && this.#dispatch(exchange)),
    );
  }

  #refuse(exchange: Exchange, rejection: Rejection): void {
    if (exchange.phase === 'ended') return;
    this.dispatcher.withdraw(exchange);
    this.#endings.brokenOff(exchange, null);
    this.#endings.rejected(exchange, rejection);
  }

  #expire(exchange: Exchange): void {
    this.#guard(exchange, () => {
      if (exchange.phase === 'ended') return;
      this.dispatcher.withdraw(exchange);
      const late = fault('deadline', `Not finished within ${exchange.model?.timeouts.totalMs} ms.`);
      this.#endings.brokenOff(exchange, late);
      this.#endings.failed(exchange, late);
    });
  }

  /** Its client is gone; others may read what it makes. */
  #leave(exchange: Exchange): void {
    if (exchange.phase !== 'ended' && this.#answers.outlives(exchange)) exchange.left = true;
    else this.#abandon(exchange);
  }

  #abandon(exchange: Exchange): void {
    if (exchange.phase === 'ended') return;
    this.dispatcher.withdraw(exchange);
    this.#endings.abandoned(exchange);
  }

  /** A bug in one exchange ends that exchange, truthfully, and no other. */
  #guard(exchange: Exchange, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#endings.bug(exchange, error);
      if (exchange.phase === 'ended') return;
      exchange.lastFault = null;
      try {
        this.#refuse(exchange, reject('internal', 'The gateway failed on this request. It has been logged.'));
      } catch (again) {
        this.#endings.bug(exchange, again);
        if ((exchange.phase as Phase) !== 'ended') this.#endings.destroyed(exchange);
      }
    }
  }
}
