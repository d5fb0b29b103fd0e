// Pipeline: the page that tells one exchange's way. The steps stand in this order, and for these reasons:
//
//   authenticate   from the head alone: a stranger's body is never read
//   read           bytes → one canonical request, checked once; nobody checks again
//   plan           which targets may answer (compliance, capabilities, context), in the order drawn
//   degrade        in overload, what the model's operator allowed: a lesser answer is better than none
//   limit          what the key may still use is reserved before anything is sent
//   dispatch       waits for a target with room, strictly by lane: bound late, to the first one that has it
//   call           one attempt at a time; faults before the first content are invisible to the caller, and after it an
//                  answer is resumed or begun again where that can be done without a visible seam
//   relay          bytes go through; backpressure goes back
//   settle         whatever was taken is given back, and the fact is told, in one place
//
// The first five run at once and may each end the exchange with a Rejection. The rest is driven by events: the exchange
// parks between them, so no step may assume that it still lives (`phase`).
import type { DoorDialect } from '../dialects/dialect.ts';
import { later, type MonotonicMs } from '../kernel/brands.ts';
import { type Fault, fault, faults, wordsOf } from '../kernel/fault.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { Surface } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import type { Usage } from '../kernel/usage.ts';
import type { InboundHead, Reply, Visit } from '../ports/door.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { DEADLINE_HEADER, deadlinesOf } from '../policy/deadline.ts';
import { decideAfterFault, type Verdict } from '../policy/failover.ts';
import type { KeyLimits } from '../policy/key-limits.ts';
import type { BurstCircumstances } from '../policy/burst.ts';
import { AnswerLengths } from '../policy/answer-length.ts';
import { TokenCorrection } from '../policy/token-correction.ts';
import { Attempt } from './attempt.ts';
import { authenticate } from './authenticate.ts';
import { Degrader } from './degrader.ts';
import { Dispatcher } from './dispatcher.ts';
import { beginStream } from './egress.ts';
import { Endings } from './ending.ts';
import { Exchange, type Phase, type PlannedTarget } from './exchange.ts';
import type { Fleet, Ticket } from './fleet.ts';
import type { Kit } from './kit.ts';
import { legOf, rescueFor } from './leg.ts';
import { limit } from './limit.ts';
import { LiveExchanges } from './live-exchanges.ts';
import { passedOn } from './passed-on.ts';
import { plan } from './plan.ts';
import type { ModelResolver } from './resolve.ts';
import type { SelfProtection } from './self-protection.ts';
import { legUsage } from './settle.ts';
import type { Snapshot } from './snapshot.ts';
import { WaitingSigns } from './waiting-signs.ts';

/** What the pipeline asks of the gateway around it; answers change with reloads. */
export interface Surroundings {
  snapshot(): Snapshot;
  resolver(): ModelResolver;
  readonly keyLimits: (sha256: string) => KeyLimits | null;
  readonly protection: SelfProtection;
}

/** Through which door a request came. */
export interface Entrance {
  readonly surface: Surface;
  readonly dialect: DoorDialect;
  /** Headers that every answer through it carries (CORS). */
  readonly doorHeaders: HeaderList;
}

export class Pipeline {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #around: Surroundings;
  readonly #estimates = { correction: new TokenCorrection(), lengths: new AnswerLengths() };
  readonly #endings: Endings;
  readonly #signs: WaitingSigns;
  readonly #degrader: Degrader;
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
    this.#signs = new WaitingSigns(kit, this.dispatcher);
    this.#degrader = new Degrader(kit, this.dispatcher, () => around.resolver());
    this.#endings = new Endings(kit, fleet, this.#estimates, (exchange) => {
      this.dispatcher.settle(exchange);
      this.#live.remove(exchange);
      if (this.#live.size === 0) this.onIdle();
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
    const refused = authenticate(exchange, this.#kit.digest, keyLimits) ?? protection.refusal(exchange.lane);
    if (refused !== null) {
      this.#refuse(exchange, refused);
      return null;
    }
    return {
      onBody: (bytes) => this.#guard(exchange, () => this.#admit(exchange, bytes)),
      onBodyRefused: (rejection) => this.#refuse(exchange, rejection),
      onDrain: () => exchange.attempt?.resume(),
      onGone: () => this.#abandon(exchange),
    };
  }

  gauges(): GaugeReading[] {
    return [...this.dispatcher.gauges(), ...this.#degrader.gauges()];
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
      this.#degrader.apply(exchange, now) ??
      limit(exchange, this.#estimates, () => this.#circumstances(exchange, now), now);
    if (refused !== null) return this.#refuse(exchange, refused);
    if (exchange.plan.length === 0) return this.#endings.counted(exchange);
    if (exchange.standIn !== null) return this.#endings.stoodIn(exchange, exchange.standIn);
    if (exchange.clientRetries > 0) {
      exchange.note(
        now,
        'client-retry',
        null,
        `retry ${exchange.clientRetries} of the client: no target is asked twice`,
      );
    }
    exchange.totalTimer = this.#kit.timers.after(Math.max(0, exchange.totalAt - now), () => this.#expire(exchange));
    this.#signs.watch(exchange);
    this.#dispatch(exchange);
  }

  #circumstances(exchange: Exchange, now: MonotonicMs): BurstCircumstances {
    const overloaded = this.dispatcher.waiting > 0 || this.#around.protection.sheds.length > 0;
    return { lane: exchange.lane, fleetHasRoom: this.dispatcher.isRoomyFor(exchange, now), overloaded };
  }

  #dispatch(exchange: Exchange): void {
    const { timeouts } = exchange.model ?? {};
    if (timeouts === undefined) return;
    const now = this.#kit.clock.now();
    const queueEnd = later(now, Math.max(0, timeouts.queueMs - exchange.queueMs));
    // After content there is no first token left to be in time.
    const begin = exchange.shown ? exchange.totalAt : this.#fleet.latestSend(exchange, now);
    this.dispatcher.place(exchange, Math.min(queueEnd, begin, exchange.totalAt) as MonotonicMs);
  }

  #call(exchange: Exchange, planned: PlannedTarget, ticket: Ticket): void {
    const { request, outbound } = exchange;
    if (request === null || outbound === null || exchange.phase === 'ended') return ticket.released();
    const now = this.#kit.clock.now();
    exchange.phase = 'calling';
    exchange.ticket = ticket;
    exchange.current = planned;
    exchange.resendTo = null;
    exchange.attempts++;
    exchange.firstSentAt ??= now;
    if (planned.tried) planned.resends++;
    planned.tried = true;
    exchange.note(now, exchange.rescue ?? 'sent', planned.target.id, `attempt ${exchange.attempts}`);
    const leg = legOf(exchange, outbound, planned);
    exchange.attempt = new Attempt(
      {
        request: leg.request,
        planned: leg.planned,
        credential: ticket.credential,
        gathers: outbound.stream && !request.stream,
        door: exchange.dialect,
        rewrite: (answer) => exchange.dialect.writeAnswer(answer, exchange.identity),
        terms: {
          answer: () => exchange.answer,
          speller: leg.speller,
          transcript: exchange.transcript,
          holdsToolCalls: () => planned.model.holdToolCalls && exchange.candidates().length > 0,
        },
        extraHeaders: passedOn(exchange, leg.planned),
        timeouts: planned.model.timeouts,
      },
      {
        onHead: (headers) => ticket.heard(headers),
        onFirstToken: () => ticket.began(),
        onTokens: (count) => ticket.spoke(count),
        onKeepAlive: () => ticket.keptAlive(),
        onOutput: (bytes) => this.#guard(exchange, () => this.#show(exchange, bytes)),
        onComplete: (body) => this.#guard(exchange, () => this.#complete(exchange, body)),
        onFault: (trouble) => this.#guard(exchange, () => this.#afterFault(exchange, trouble)),
        // Half a text is on the client's screen: silence must end, whoever else there is.
        mayGiveUp: () => exchange.rescue !== null || this.#anotherHasRoom(exchange),
      },
      this.#kit,
    );
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
    if (!keepsUp && exchange.reply.pendingBytes > limits.readerBytesLow) exchange.attempt?.pause();
  }

  #complete(exchange: Exchange, body: Uint8Array | null): void {
    const { attempt } = exchange;
    if (exchange.phase === 'ended' || attempt === null) return;
    if (body === null) {
      const usage = attempt.usageOwed ? usageToTell(exchange, attempt) : null;
      this.#show(exchange, exchange.answer.end(usage === null ? null : exchange.transcript.whole(usage)));
    }
    const { current, ticket } = exchange;
    if (current !== null && ticket !== null) this.dispatcher.onOutcome(current, true, ticket.sentAt);
    this.#endings.answered(exchange, body);
  }

  #afterFault(exchange: Exchange, reported: Fault): void {
    const { current, ticket } = exchange;
    if (exchange.phase === 'ended' || current === null) return;
    const now = this.#kit.clock.now();
    exchange.note(now, 'fault', current.target.id, `${reported.kind}: ${wordsOf(reported)}`);
    this.#endings.attemptEnded(exchange, reported);
    exchange.ticket = null;
    const trouble = this.#troubleOf(exchange, reported);
    if (trouble === reported) ticket?.failed(reported);
    else ticket?.released();
    if (faults[reported.kind].about === 'target') this.dispatcher.onOutcome(current, false, ticket?.sentAt ?? now);
    const rescue = exchange.shown ? rescueFor(exchange) : null;
    if (rescue !== 'none') exchange.rescue = rescue;
    if (trouble.kind === 'contextTooLong') exchange.needsMoreThan(current, now);
    const verdict = decideAfterFault(
      trouble,
      {
        attempts: exchange.attempts,
        maxAttempts: Math.min(exchange.snapshot.retry.maxAttempts, limits.attemptsMax),
        otherCredential: this.#fleet.hasOtherCredential(current.target, now),
        untriedLeft: this.#anotherMayServe(exchange, now),
        beyondRescue: rescue === 'none',
        sameCapable: reported === trouble && exchange.mayTake(current),
        // The client's own retries are retries enough.
        budget: () =>
          exchange.clientRetries === 0 && this.#fleet.upstream(current.target.upstream).budget.tryWithdraw(now),
        failoverOnContentFilter: current.model.failoverOnContentFilter,
        remainingMs: exchange.totalAt - now,
        waitMsLeft: current.model.timeouts.queueMs - exchange.queueMs,
      },
      exchange.snapshot.retry,
      current.resends + 1,
      this.#kit.chance,
    );
    this.#follow(exchange, current, trouble, verdict);
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
    exchange.attempt = null;
    if (verdict.kind === 'failover') return this.#dispatch(exchange);
    exchange.resendTo = current;
    exchange.backoffTimer = this.#kit.timers.after(verdict.afterMs, () =>
      this.#guard(exchange, () => exchange.phase !== 'ended' && this.#dispatch(exchange)),
    );
  }

  #refuse(exchange: Exchange, rejection: Rejection): void {
    if (exchange.phase === 'ended') return;
    this.dispatcher.withdraw(exchange);
    exchange.attempt?.cancel();
    this.#endings.attemptEnded(exchange, null);
    this.#endings.rejected(exchange, rejection);
  }

  #expire(exchange: Exchange): void {
    this.#guard(exchange, () => {
      if (exchange.phase === 'ended') return;
      this.dispatcher.withdraw(exchange);
      const late = fault('deadline', `Not finished within ${exchange.model?.timeouts.totalMs} ms.`);
      exchange.attempt?.cancel();
      if (exchange.attempt?.firstTokenAt === null) {
        // It had all the time there was and said nothing: that says something about the target.
        exchange.ticket?.failed(fault('silent', late.message));
        exchange.ticket = null;
      }
      this.#endings.attemptEnded(exchange, late);
      this.#endings.failed(exchange, late);
    });
  }

  #abandon(exchange: Exchange): void {
    if (exchange.phase === 'ended') return;
    this.dispatcher.withdraw(exchange);
    this.#endings.abandoned(exchange);
  }

  /** Another target has room, or may have it while the exchange may still wait. */
  #anotherMayServe(exchange: Exchange, now: MonotonicMs): boolean {
    const waitMs = (exchange.model?.timeouts.queueMs ?? 0) - exchange.queueMs;
    return exchange.candidates().some(({ target }) => {
      const obstacle = this.#fleet.obstacle(target, exchange.demand, now);
      if (obstacle === null) return true;
      return !obstacle.stuck && (obstacle.readyAt === null || obstacle.readyAt - now <= waitMs);
    });
  }

  #anotherHasRoom(exchange: Exchange): boolean {
    const now = this.#kit.clock.now();
    const { demand } = exchange;
    return exchange.candidates().some(({ target }) => this.#fleet.obstacle(target, demand, now) === null);
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

/** SDKs of other dialects fail without usage; OpenAI's do not, and get what the provider said or nothing. */
function usageToTell(exchange: Exchange, { sum }: Attempt): Usage | null {
  if (sum === null || exchange.dialect.name === 'openai') return sum?.usage ?? null;
  return legUsage(exchange, sum);
}

function setDeadlines(exchange: Exchange): Rejection | null {
  const { head, model, request, startedAt } = exchange;
  if (model === null || request === null) return null;
  const { totalMs } = model.timeouts;
  const deadlines = deadlinesOf(head.headers, { totalMs, stream: request.stream, arrivedAt: startedAt });
  if (!deadlines.ok) return reject('badRequest', deadlines.error, { param: DEADLINE_HEADER });
  exchange.firstTokenAt = deadlines.value.firstTokenAt;
  exchange.totalAt = deadlines.value.totalAt;
  return null;
}

function read(exchange: Exchange): Rejection | null {
  const request = exchange.dialect.readRequest(exchange.surface, exchange.body ?? new Uint8Array());
  if (!request.ok) return request.error;
  exchange.request = request.value;
  return null;
}
