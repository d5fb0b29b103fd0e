// Ending: how an exchange ends, once, whichever way: answered, failed, rejected or abandoned. Each tells the client the
// truth in the form that is still possible, settles, and lets go. Nothing here decides whether to try again.
import type { ErrorForm } from '../dialects/dialect.ts';
import { type Fault, fault, faults, wordsOf } from '../kernel/fault.ts';
import type { AttemptFact } from '../kernel/facts.ts';
import type { JsonObject } from '../kernel/json.ts';
import { type Rejection, type RejectionKind, rejections } from '../kernel/rejection.ts';
import { wordsOfBug } from '../kernel/result.ts';
import type { Usage } from '../kernel/usage.ts';
import { utf8Encode } from '../kernel/web.ts';
import { readUsage } from '../dialects/openai/usage.ts';
import { costMicroUsd } from '../policy/pricing.ts';
import type { AnswerSum } from './answer-reader.ts';
import { isUnchanged } from './cache-head.ts';
import {
  beginStream,
  formOfFault,
  formOfRejection,
  NOT_MODIFIED,
  rejectionOfFault,
  sendError,
  sendUnchanged,
  sendWhole,
} from './egress.ts';
import type { Exchange } from './exchange.ts';
import type { Fleet } from './fleet.ts';
import type { Kit } from './kit.ts';
import type { Estimates } from './limit.ts';
import { type Ending, isOwnFault } from './loss.ts';
import type { Runner } from './race.ts';
import { legUsage, type Settlement, settle } from './settle.ts';
import { chunksOf, NO_USAGE, textAnswer } from './stand-in.ts';

const CLIENT_LEFT_STATUS = 499;

/** What the pipeline wants to know of every end, and what it may have to give instead of a bad one. */
export interface EndingsListener {
  onEnded(exchange: Exchange, ending: Ending): void;
  /** Its answer is whole, and about to be told to its end. */
  onMade(exchange: Exchange): void;
  /** A canonical whole answer that is kept, for when nobody can answer; null: none. */
  lastResort(exchange: Exchange): JsonObject | null;
  /** The same of a similar question. */
  neighbour(exchange: Exchange): JsonObject | null;
}

export class Endings {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #estimates: Estimates;
  readonly #listener: EndingsListener;

  constructor(kit: Kit, fleet: Fleet, estimates: Estimates, listener: EndingsListener) {
    this.#kit = kit;
    this.#fleet = fleet;
    this.#estimates = estimates;
    this.#listener = listener;
  }

  /** No target counts tokens, or none could now: our estimate is the answer. */
  counted(exchange: Exchange): void {
    this.#withoutTargets(exchange);
    this.answered(exchange, countedTokens(exchange));
  }

  /** Nobody is asked: `answer` is the canonical whole answer. */
  stoodIn(exchange: Exchange, answer: JsonObject): void {
    const { request, dialect, reply } = exchange;
    if (isUnchanged(exchange)) return this.#unchanged(exchange);
    if (request?.stream !== true) return this.answered(exchange, dialect.writeAnswer(answer, exchange.identity));
    const now = this.#kit.clock.now();
    beginStream(exchange, now);
    exchange.firstShownAt = now;
    const parts = chunksOf(answer).map((chunk) => exchange.answer.write(chunk));
    const toldUsage = request.includeUsage || dialect.name !== 'openai';
    const usage = toldUsage ? (readUsage(answer['usage']) ?? NO_USAGE) : null;
    for (const part of [...parts, exchange.answer.end(usage)]) {
      if (part === null) continue;
      exchange.bytesOut += part.length;
      reply.write(part);
    }
    this.answered(exchange, null);
  }

  /** `body`: the whole answer; null when it was streamed, its last event included. */
  answered(exchange: Exchange, body: Uint8Array | null): void {
    for (const runner of exchange.race.end()) {
      runner.ticket.succeeded();
      this.attemptEnded(exchange, runner, null);
    }
    this.#listener.onMade(exchange);
    if (body !== null && isUnchanged(exchange)) return this.#unchanged(exchange);
    if (body === null) exchange.reply.end();
    else {
      const now = this.#kit.clock.now();
      sendWhole(exchange, body, now);
      exchange.firstShownAt = now;
      exchange.bytesOut = body.length;
    }
    this.#end(exchange, { outcome: 'answered', status: 200, rejection: null, fault: null }, { kind: 'answered' });
  }

  #unchanged(exchange: Exchange): void {
    const now = this.#kit.clock.now();
    sendUnchanged(exchange, now);
    exchange.firstShownAt = now;
    const settlement: Settlement = { outcome: 'answered', status: NOT_MODIFIED, rejection: null, fault: null };
    this.#end(exchange, settlement, { kind: 'answered' });
  }

  /** Upstream trouble reaches the client: as an error answer, or in-band once the answer has begun. */
  failed(exchange: Exchange, trouble: Fault): void {
    if (mayBeEstimated(exchange, isOwnFault(trouble))) {
      return this.counted(exchange);
    }
    if (!isOwnFault(trouble) && this.#resorted(exchange, true)) return;
    const upstream = exchange.current?.target.upstream.name ?? 'upstream';
    const status = this.#tell(exchange, formOfFault(trouble, upstream), rejectionOfFault(trouble, upstream));
    const settlement: Settlement = { outcome: 'failed', status, rejection: null, fault: trouble.kind };
    this.#end(exchange, settlement, { kind: 'failed', fault: trouble });
  }

  /** Our own no. After upstream trouble the client is told the trouble: it explains more than "no target left". */
  rejected(exchange: Exchange, rejection: Rejection): void {
    if (mayBeEstimated(exchange, !fullness.has(rejection.kind))) return this.counted(exchange);
    const isDead = rejection.kind === 'upstreamUnavailable';
    if (fullness.has(rejection.kind) && this.#resorted(exchange, isDead)) return;
    const { lastFault } = exchange;
    if (lastFault !== null && rejections[rejection.kind].status >= 500 && rejection.kind !== 'draining') {
      const retryAfterMs = rejection.retryAfterMs ?? lastFault.retryAfterMs;
      const told = faults[lastFault.kind].about === 'request' ? lastFault : { ...lastFault, retryAfterMs };
      return this.failed(exchange, told);
    }
    exchange.note(this.#kit.clock.now(), 'rejected', null, rejection.message);
    const status = this.#tell(exchange, formOfRejection(rejection), rejection);
    const settlement: Settlement = { outcome: 'rejected', status, rejection: rejection.kind, fault: null };
    this.#end(exchange, settlement, { kind: 'rejected', rejection });
  }

  /** The client left. */
  abandoned(exchange: Exchange): void {
    this.brokenOff(exchange, null);
    const status = exchange.committed ? 200 : CLIENT_LEFT_STATUS;
    this.#end(exchange, { outcome: 'abandoned', status, rejection: null, fault: null }, { kind: 'abandoned' });
  }

  /** Last resort, when even telling the client failed: the connection is cut, and everything is given back. */
  destroyed(exchange: Exchange): void {
    exchange.reply.destroy();
    const settlement: Settlement = { outcome: 'failed', status: 500, rejection: 'internal', fault: null };
    this.#end(exchange, settlement, { kind: 'abandoned' });
  }

  bug(exchange: Exchange, error: unknown): void {
    const at = this.#kit.clock.wall();
    this.#kit.facts.accept({ kind: 'bug', at, where: `exchange ${exchange.id}`, error: wordsOfBug(error) });
  }

  /** Nobody waits for what is under way any more. `late`: there was no time left. */
  brokenOff(exchange: Exchange, late: Fault | null): void {
    for (const runner of exchange.race.end()) {
      const { attempt, ticket } = runner;
      attempt?.cancel();
      // It had all the time there was and said nothing: that says something about the target.
      if (late !== null && attempt?.firstTokenAt === null) ticket.failed(fault('silent', late.message));
      else ticket.released();
      this.attemptEnded(exchange, runner, late);
    }
  }

  /** `overtaken`: another was first. */
  attemptEnded(exchange: Exchange, runner: Runner, trouble: Fault | null, overtaken = false): void {
    const { attempt, planned, number, hedge } = runner;
    if (attempt === null) return;
    const { target } = planned;
    const firstTokenMs = attempt.firstTokenAt === null ? null : attempt.firstTokenAt - attempt.sentAt;
    const durationMs = this.#kit.clock.now() - attempt.sentAt;
    const usage = usageOfAttempt(exchange, attempt.sum);
    const price = target.upstream.provider.price(target.model, exchange.startedWall);
    const cost = usage === null || price === null ? null : costMicroUsd(usage, price);
    // Every leg that the client has read of, each at its own target's price; a send that came to nothing is no completion.
    const read = attempt.sum?.said === true && (exchange.shown || trouble === null);
    if (read && cost !== null) exchange.costMicroUsd = (exchange.costMicroUsd ?? 0) + cost;
    const told: AttemptFact = {
      exchange: exchange.id,
      number,
      hedge,
      overtaken,
      target: target.id,
      upstream: target.upstream.name,
      provider: target.upstream.provider.name,
      model: planned.model.name,
      tier: target.tier,
      surface: exchange.surface,
      startedAt: (this.#kit.clock.wall() - durationMs) as AttemptFact['startedAt'],
      durationMs,
      firstTokenMs,
      keepAlives: attempt.sum?.keepAlives ?? 0,
      status: attempt.status,
      fault: trouble?.kind ?? null,
      faultMessage: trouble === null ? null : wordsOf(trouble),
      usage,
      costMicroUsd: cost,
    };
    this.#kit.facts.accept({ kind: 'attempt', attempt: told });
  }

  /** Answers the status the client saw. */
  #tell(exchange: Exchange, form: ErrorForm, rejection: Rejection): number {
    if (!exchange.committed) {
      exchange.bytesOut += sendError(exchange, form, rejection, this.#kit.clock.now());
      return exchange.dialect.errorStatus(form);
    }
    const event = exchange.answer.error(form);
    exchange.bytesOut += event.length;
    exchange.reply.write(event);
    exchange.reply.end();
    return 200;
  }

  /**
   * Nobody can answer, and nothing was shown: what is kept is given, or where the targets are `dead` the operator's own
   * text, if the model's operator said so. False: there is nothing to give.
   */
  #resorted(exchange: Exchange, dead: boolean): boolean {
    const { request, model } = exchange;
    if (request === null || model === null || exchange.shown || exchange.left) return false;
    // Nobody waits for it: trouble is trouble.
    if (exchange.recall?.refreshes === true) return false;
    const kept = this.#listener.lastResort(exchange);
    const near = kept === null ? this.#listener.neighbour(exchange) : null;
    const text = dead ? model.degrade.defaultAnswer : null;
    const answer = kept ?? near ?? (text === null ? null : textAnswer(request, text));
    if (answer === null) return false;
    const rung = kept !== null ? 'stale' : near !== null ? 'semantic' : 'default';
    exchange.rungs.push(rung);
    exchange.note(this.#kit.clock.now(), 'degraded', null, `${rung}: nobody can answer`);
    this.#withoutTargets(exchange);
    this.stoodIn(exchange, answer);
    return true;
  }

  /** Whoever was asked has no part in what is answered. */
  #withoutTargets(exchange: Exchange): void {
    this.brokenOff(exchange, null);
    exchange.race.lead = null;
    exchange.current = null;
  }

  #end(exchange: Exchange, settlement: Settlement, ending: Ending): void {
    const status = exchange.committed ? 200 : CLIENT_LEFT_STATUS;
    const told: Settlement = { outcome: 'abandoned', status, rejection: null, fault: null };
    settle(exchange, exchange.left ? told : settlement, this.#kit, this.#fleet, this.#estimates);
    this.#listener.onEnded(exchange, ending);
  }
}

/** Rejections that a count of tokens need not suffer: no target has room for it. */
const fullness: ReadonlySet<RejectionKind> = new Set(['overloaded', 'queueTimeout', 'upstreamUnavailable']);

/** A count that nobody can give now is estimated, unless the request is at fault: then the far side's word is the answer. */
const mayBeEstimated = (exchange: Exchange, isItsFault: boolean): boolean =>
  exchange.surface === 'countTokens' && exchange.request !== null && exchange.model !== null && !isItsFault;

/** Counting tokens computes none, and costs nothing. */
function usageOfAttempt(exchange: Exchange, sum: AnswerSum | null): Usage | null {
  if (sum === null || exchange.surface === 'countTokens') return null;
  return sum.said ? legUsage(exchange, sum) : sum.usage;
}

/** The gateway's own estimate, in Anthropic's form: nobody else asks. */
function countedTokens(exchange: Exchange): Uint8Array {
  return utf8Encode(JSON.stringify({ input_tokens: Math.round(exchange.request?.promptTokens ?? 0) }));
}
