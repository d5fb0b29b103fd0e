// Pipeline: the page that tells one exchange's way. The steps stand in this order, and for these reasons:
//
//   authenticate   from the head alone: a stranger's body is never read
//   read           bytes → one canonical request, checked once; nobody checks again
//   plan           which targets may answer (compliance, capabilities, context), in the order drawn
//   limit          what the key may still use is reserved before anything is sent
//   dispatch       waits for a target with room, strictly by lane: bound late, to the first one that has it
//   call           one attempt at a time; faults before the first content are invisible to the caller
//   relay          bytes go through; backpressure goes back
//   settle         whatever was taken is given back, and the fact is told, in one place
//
// The first four run at once and may each end the exchange with a Rejection. The rest is driven by events: the exchange
// parks between them, so no step may assume that it still lives (`phase`).
import type { DoorDialect } from '../dialects/dialect.ts';
import { later, type MonotonicMs } from '../kernel/brands.ts';
import { type Fault, fault, faults } from '../kernel/fault.ts';
import type { AttemptFact } from '../kernel/facts.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { Surface } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection, rejections } from '../kernel/rejection.ts';
import { wordsOfBug } from '../kernel/result.ts';
import type { InboundHead, Reply, Visit } from '../ports/door.ts';
import { decideAfterFault } from '../policy/failover.ts';
import type { KeyLimits } from '../policy/key-limits.ts';
import { TokenCorrection } from '../policy/token-correction.ts';
import { Attempt } from './attempt.ts';
import { authenticate } from './authenticate.ts';
import { Dispatcher } from './dispatcher.ts';
import { beginStream, formOfFault, formOfRejection, rejectionOfFault, sendError, sendWhole } from './egress.ts';
import { Exchange, type PlannedTarget } from './exchange.ts';
import type { Fleet, Ticket } from './fleet.ts';
import type { Kit } from './kit.ts';
import { limit } from './limit.ts';
import { plan } from './plan.ts';
import type { ModelResolver } from './resolve.ts';
import { type Ending, settle } from './settle.ts';
import type { Snapshot } from './snapshot.ts';
import { traceparent } from './trace.ts';

/** What the pipeline asks of the gateway around it; answers change with reloads. */
export interface Surroundings {
  snapshot(): Snapshot;
  resolver(): ModelResolver;
  readonly keyLimits: (sha256: string) => KeyLimits | null;
}

/** Through which door a request came. */
export interface Entrance {
  readonly surface: Surface;
  readonly dialect: DoorDialect;
  /** Headers that every answer through it carries (CORS). */
  readonly doorHeaders: HeaderList;
}

/** Request headers of the caller that its provider may understand. Credentials and hop-by-hop headers never pass. */
const PASSED_ON = ['anthropic-beta', 'anthropic-version', 'openai-beta', 'x-session-id'];

const CLIENT_LEFT_STATUS = 499;

export class Pipeline {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #around: Surroundings;
  readonly #correction = new TokenCorrection();
  readonly #live = new Set<Exchange>();
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
  }

  get inFlight(): number {
    return this.#live.size;
  }

  /** Null: answered already. */
  enter(head: InboundHead, reply: Reply, entrance: Entrance): Visit | null {
    const snapshot = this.#around.snapshot();
    const exchange = new Exchange({ head, reply, snapshot, ...entrance }, this.#kit);
    this.#live.add(exchange);
    const stranger = authenticate(exchange, this.#kit.digest, this.#around.keyLimits);
    if (stranger !== null) {
      this.#refuse(exchange, stranger);
      return null;
    }
    return {
      onBody: (bytes) => this.#guard(exchange, () => this.#admit(exchange, bytes)),
      onBodyRefused: (rejection) => this.#refuse(exchange, rejection),
      onDrain: () => exchange.attempt?.resume(),
      onGone: () => this.#abandon(exchange),
    };
  }

  /** Ends every exchange still in flight; for the end of the drain time. */
  cutAll(): void {
    for (const exchange of this.#live) {
      this.#refuse(exchange, reject('draining', 'The server is shutting down.'));
    }
  }

  #admit(exchange: Exchange, bytes: Uint8Array): void {
    const now = this.#kit.clock.now();
    exchange.bodyAt = now;
    exchange.body = bytes;
    exchange.phase = 'planning';
    const refused =
      read(exchange) ??
      plan(exchange, this.#around.resolver(), this.#kit.chance, now) ??
      limit(exchange, this.#correction, now);
    if (refused !== null) return this.#refuse(exchange, refused);
    const total = exchange.model?.timeouts.totalMs ?? 0;
    exchange.totalTimer = this.#kit.timers.after(total, () => this.#expire(exchange));
    this.#dispatch(exchange);
  }

  #dispatch(exchange: Exchange): void {
    const { timeouts } = exchange.model ?? {};
    if (timeouts === undefined) return;
    const now = this.#kit.clock.now();
    const queueEnd = later(now, Math.max(0, timeouts.queueMs - exchange.queueMs));
    this.dispatcher.place(exchange, Math.min(queueEnd, later(exchange.startedAt, timeouts.totalMs)) as MonotonicMs);
  }

  #call(exchange: Exchange, planned: PlannedTarget, ticket: Ticket): void {
    const { request } = exchange;
    if (request === null || exchange.phase === 'ended') return ticket.released();
    const now = this.#kit.clock.now();
    exchange.phase = 'calling';
    exchange.ticket = ticket;
    exchange.current = planned;
    exchange.resendTo = null;
    exchange.attempts++;
    exchange.firstSentAt ??= now;
    if (planned.tried) planned.resends++;
    planned.tried = true;
    exchange.note(now, 'sent', planned.target.id, `attempt ${exchange.attempts}`);
    const order = {
      request,
      planned,
      credential: ticket.credential,
      extraHeaders: passedOn(exchange),
      timeouts: planned.model.timeouts,
    };
    const attempt = new Attempt(
      order,
      {
        onOutput: (bytes) => this.#guard(exchange, () => this.#show(exchange, bytes)),
        onComplete: (body) => this.#guard(exchange, () => this.#complete(exchange, body)),
        onFault: (trouble) => this.#guard(exchange, () => this.#afterFault(exchange, trouble)),
        mayGiveUp: () => this.#anotherHasRoom(exchange),
      },
      this.#kit,
    );
    exchange.attempt = attempt;
  }

  #show(exchange: Exchange, bytes: Uint8Array): void {
    if (exchange.phase === 'ended') return;
    if (exchange.firstShownAt === null) {
      const now = this.#kit.clock.now();
      beginStream(exchange, now);
      exchange.firstShownAt = now;
      exchange.phase = 'relaying';
    }
    exchange.bytesOut += bytes.length;
    const keepsUp = exchange.reply.write(bytes);
    // A slow reader slows its upstream. Cutting it, if it never catches up, is the server's work.
    if (!keepsUp && exchange.reply.pendingBytes > limits.readerBytesLow) exchange.attempt?.pause();
  }

  #complete(exchange: Exchange, body: Uint8Array | null): void {
    const { attempt, ticket } = exchange;
    if (exchange.phase === 'ended' || attempt === null) return;
    const now = this.#kit.clock.now();
    ticket?.succeeded();
    exchange.ticket = null;
    this.#tellAttempt(exchange, null);
    if (body !== null) {
      sendWhole(exchange, body, now);
      exchange.firstShownAt = now;
      exchange.bytesOut = body.length;
    } else {
      if (attempt.usageOwed && attempt.sum?.usage)
        this.#show(exchange, owedUsage(exchange, attempt, attempt.sum.usage));
      this.#show(exchange, exchange.dialect.endEvent);
      exchange.reply.end();
    }
    this.#end(exchange, { outcome: 'answered', status: 200, rejection: null, fault: null });
  }

  #afterFault(exchange: Exchange, trouble: Fault): void {
    const { current, ticket } = exchange;
    if (exchange.phase === 'ended' || current === null) return;
    const now = this.#kit.clock.now();
    exchange.lastFault = trouble;
    exchange.note(now, 'fault', current.target.id, `${trouble.kind}: ${trouble.message}`);
    this.#tellAttempt(exchange, trouble);
    exchange.ticket = null;
    ticket?.failed(trouble);
    const verdict = decideAfterFault(
      trouble,
      {
        attempts: exchange.attempts,
        maxAttempts: Math.min(exchange.snapshot.retry.maxAttempts, limits.attemptsMax),
        untriedLeft: exchange.plan.some((planned) => !planned.tried),
        shown: exchange.shown,
        budget: () => this.#fleet.upstream(current.target.upstream).budget.tryWithdraw(now),
        failoverOnContentFilter: current.model.failoverOnContentFilter,
        remainingMs: later(exchange.startedAt, current.model.timeouts.totalMs) - now,
        waitMsLeft: current.model.timeouts.queueMs - exchange.queueMs,
      },
      exchange.snapshot.retry,
      current.resends + 1,
      this.#kit.chance,
    );
    if (verdict.kind === 'giveUp') return this.#fail(exchange, trouble);
    exchange.note(
      now,
      verdict.kind,
      current.target.id,
      verdict.kind === 'resend' ? `in ${Math.round(verdict.afterMs)} ms` : 'to another target',
    );
    exchange.phase = 'waiting';
    exchange.attempt = null;
    if (verdict.kind === 'failover') return this.#dispatch(exchange);
    exchange.resendTo = current;
    exchange.backoffTimer = this.#kit.timers.after(verdict.afterMs, () =>
      this.#guard(exchange, () => exchange.phase !== 'ended' && this.#dispatch(exchange)),
    );
  }

  /** Upstream trouble reaches the client: as an error answer, or in-band once the answer has begun. */
  #fail(exchange: Exchange, trouble: Fault): void {
    const upstream = exchange.current?.target.upstream.name ?? 'upstream';
    const form = formOfFault(trouble, upstream);
    const status = this.#tellClient(exchange, form, rejectionOfFault(trouble, upstream));
    this.#end(exchange, { outcome: 'failed', status, rejection: null, fault: trouble.kind });
  }

  /** Our own no. After upstream trouble the client is told the trouble: it explains more than "no target left". */
  #refuse(exchange: Exchange, rejection: Rejection): void {
    if (exchange.phase === 'ended') return;
    this.dispatcher.withdraw(exchange);
    exchange.attempt?.cancel();
    const { lastFault } = exchange;
    if (lastFault !== null && rejections[rejection.kind].status >= 500 && rejection.kind !== 'draining') {
      const told = faults[lastFault.kind].about === 'request' ? lastFault : withWait(lastFault, rejection.retryAfterMs);
      return this.#fail(exchange, told);
    }
    exchange.note(this.#kit.clock.now(), 'rejected', null, rejection.message);
    const status = this.#tellClient(exchange, formOfRejection(rejection), rejection);
    this.#end(exchange, { outcome: 'rejected', status, rejection: rejection.kind, fault: null });
  }

  #tellClient(exchange: Exchange, form: ReturnType<typeof formOfRejection>, rejection: Rejection): number {
    if (!exchange.shown) {
      exchange.bytesOut += sendError(exchange, form, rejection, this.#kit.clock.now());
      return form.status;
    }
    const event = exchange.dialect.errorEvent(form);
    exchange.bytesOut += event.length;
    exchange.reply.write(event);
    exchange.reply.end();
    return 200;
  }

  #expire(exchange: Exchange): void {
    this.#guard(exchange, () => {
      if (exchange.phase === 'ended') return;
      this.dispatcher.withdraw(exchange);
      const late = fault('deadline', `Not finished within ${exchange.model?.timeouts.totalMs} ms.`);
      if (exchange.attempt !== null) {
        exchange.attempt.cancel();
        this.#tellAttempt(exchange, late);
      }
      this.#fail(exchange, late);
    });
  }

  #abandon(exchange: Exchange): void {
    if (exchange.phase === 'ended') return;
    this.dispatcher.withdraw(exchange);
    if (exchange.attempt !== null && (exchange.phase === 'calling' || exchange.phase === 'relaying')) {
      exchange.attempt.cancel();
      this.#tellAttempt(exchange, null);
    }
    const status = exchange.shown ? 200 : CLIENT_LEFT_STATUS;
    this.#end(exchange, { outcome: 'abandoned', status, rejection: null, fault: null });
  }

  #end(exchange: Exchange, ending: Ending): void {
    settle(exchange, ending, this.#kit, this.#fleet, this.#correction);
    this.#live.delete(exchange);
    if (this.#live.size === 0) this.onIdle();
  }

  #anotherHasRoom(exchange: Exchange): boolean {
    const now = this.#kit.clock.now();
    const { tokensReserved } = exchange;
    return exchange.plan.some(
      (planned) => !planned.tried && this.#fleet.obstacle(planned.target, tokensReserved, now) === null,
    );
  }

  #tellAttempt(exchange: Exchange, trouble: Fault | null): void {
    const { attempt, current } = exchange;
    if (attempt === null || current === null) return;
    const { target } = current;
    const firstTokenMs = attempt.firstTokenAt === null ? null : attempt.firstTokenAt - attempt.sentAt;
    const durationMs = this.#kit.clock.now() - attempt.sentAt;
    const fact: AttemptFact = {
      exchange: exchange.id,
      number: exchange.attempts,
      target: target.id,
      upstream: target.upstream.name,
      provider: target.upstream.provider.name,
      model: current.model.name,
      tier: target.tier,
      surface: exchange.surface,
      startedAt: (this.#kit.clock.wall() - durationMs) as AttemptFact['startedAt'],
      durationMs,
      firstTokenMs,
      keepAlives: attempt.sum?.keepAlives ?? 0,
      status: attempt.status,
      fault: trouble?.kind ?? null,
      faultMessage: trouble?.message ?? null,
      usage: attempt.sum?.usage ?? null,
    };
    this.#kit.facts.accept({ kind: 'attempt', attempt: fact });
  }

  /** A bug in one exchange ends that exchange, truthfully, and no other. */
  #guard(exchange: Exchange, work: () => void): void {
    try {
      work();
    } catch (error) {
      const at = this.#kit.clock.wall();
      this.#kit.facts.accept({ kind: 'bug', at, where: `exchange ${exchange.id}`, error: wordsOfBug(error) });
      exchange.lastFault = null;
      this.#refuse(exchange, reject('internal', 'The gateway failed on this request. It has been logged.'));
    }
  }
}

function read(exchange: Exchange): Rejection | null {
  const request = exchange.dialect.readRequest(exchange.surface, exchange.body ?? new Uint8Array());
  if (!request.ok) return request.error;
  exchange.request = request.value;
  return null;
}

function passedOn(exchange: Exchange): HeaderList {
  const headers: HeaderList = ['traceparent', traceparent(exchange.trace), 'x-request-id', exchange.id];
  if (exchange.trace.state !== null) headers.push('tracestate', exchange.trace.state);
  for (const name of PASSED_ON) {
    const value = exchange.head.headers[name];
    if (value !== undefined) headers.push(name, value);
  }
  return headers;
}

const withWait = (trouble: Fault, retryAfterMs: number | null): Fault => ({
  ...trouble,
  retryAfterMs: retryAfterMs ?? trouble.retryAfterMs,
});

/** OpenAI clients that asked for usage expect it in an event of its own; DeepSeek puts it on the last content event. */
function owedUsage(
  exchange: Exchange,
  attempt: Attempt,
  usage: NonNullable<NonNullable<Attempt['sum']>['usage']>,
): Uint8Array {
  const first = attempt.firstData === null ? {} : (JSON.parse(attempt.firstData) as Record<string, unknown>);
  const id = typeof first['id'] === 'string' ? first['id'] : exchange.id;
  const model = typeof first['model'] === 'string' ? first['model'] : (exchange.current?.target.model ?? '');
  const created = typeof first['created'] === 'number' ? first['created'] : Math.floor(exchange.startedWall / 1000);
  return exchange.dialect.usageEvent(usage, model, id, created);
}
