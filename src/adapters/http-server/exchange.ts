// One request and its reply on the wire: hands the body to the visit, writes what the door says, and tells the visit once
// when the client is gone. It must never throw, never answer twice, and never let a client keep memory: the held body is
// given back when the reply ends, a reader too far behind is cut.
//
// Reply: silent → headed (a head was given, held to go out with the first bytes) → begun → ended → over (flushed or
// broken). Instead of `ended`: `destroyed`, when the door cut the connection itself, or `muted`, when the server did; a
// muted exchange still tells its visit that the client is gone. From `ended` on the door's calls are ignored.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { HeaderList, HeaderRecord } from '../../kernel/headers.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Door, InboundHead, Reply, Visit } from '../../ports/door.ts';
import type { BodyBudget } from './body-budget.ts';
import type { IntakeOwner } from './intake.ts';
import { Intake, knowsEncoding, refuseEncoding, refuseLate, refuseOverload, refuseTooLarge } from './intake.ts';
import { Outbox } from './outbox.ts';
import type { ServerLimits } from './server-limits.ts';
import type { WireError } from './wire-error.ts';
import { bugError, wireErrorBody } from './wire-error.ts';

/** What an exchange needs of its server. */
export interface ExchangeHost {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly budget: BodyBudget;
  readonly draining: boolean;
  heapPressure(): number;
  onBug(where: string, error: unknown): void;
  /** A reader was too far behind. */
  onCut(): void;
  /** Called once, when nothing more happens here. */
  onOver(exchange: Exchange): void;
}

type Stage = 'silent' | 'headed' | 'begun' | 'ended' | 'destroyed' | 'muted' | 'over';

const NO_BYTES = new Uint8Array(0);
const ignore = (): void => {};

export class Exchange implements Reply, IntakeOwner {
  readonly request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #host: ExchangeHost;
  readonly #outbox: Outbox;
  #stage: Stage = 'silent';
  #visit: Visit | null = null;
  #status = 0;
  #headers: HeaderList = [];
  #intake: Intake | null = null;
  #intakeUntil = 0;
  /** Content-Length of the request; null for chunked. */
  #declaredBytes: number | null = 0;
  /** The client waits for `100 Continue` before it sends the body. */
  #awaitsContinue: boolean;
  #lingerUntil: number = Number.POSITIVE_INFINITY;
  #discardedBytes = 0;
  #discarding = false;
  /** The body was refused: what is left of it is not worth keeping the connection for. */
  #refused = false;

  constructor(host: ExchangeHost, request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) {
    this.#host = host;
    this.request = request;
    this.#response = response;
    this.#awaitsContinue = awaitsContinue;
    this.#outbox = new Outbox(response, () => this.#tell('visit.onDrain', onDrain));
    response.on('finish', () => this.#onFinish());
    // Both report what the socket's end reports as well; unheard they would crash the process.
    response.on('error', ignore);
    request.on('error', ignore);
  }

  // ── the way in ──

  enter(door: Door, head: InboundHead): void {
    this.#declaredBytes = declaredBytes(head.headers);
    let visit: Visit | null = null;
    try {
      visit = door.enter(head, this);
    } catch (error) {
      this.#onBug('door.enter', error);
    }
    if (visit === null || this.#answered) this.#discard();
    else {
      this.#visit = visit;
      this.#readBody(head.headers);
    }
  }

  /** The head itself was no good: no door is asked. */
  refuse(error: WireError): void {
    this.#declaredBytes = null;
    this.head(error.status, ['content-type', 'application/json']);
    this.end(wireErrorBody(error));
    this.#discard();
  }

  #readBody(headers: HeaderRecord): void {
    if (this.#declaredBytes === 0) {
      this.onWhole(NO_BYTES);
      return;
    }
    const rejection = this.#refuseUnread(headers);
    if (rejection !== null) {
      this.onRefused(rejection);
      return;
    }
    const { limits, clock, budget } = this.#host;
    this.#intakeUntil = clock.now() + limits.bodyMsMax;
    this.#intake = new Intake(this.request, headers['content-encoding'], limits.bodyBytesMax, budget, this);
    if (!this.#awaitsContinue) return;
    this.#awaitsContinue = false;
    this.#response.writeContinue();
  }

  /** What can be refused before a byte is read. The declared length is only asked about, not taken: declaring costs nothing. */
  #refuseUnread(headers: HeaderRecord): Rejection | null {
    const { limits, budget } = this.#host;
    if (!knowsEncoding(headers['content-encoding'])) return refuseEncoding();
    const declared = this.#declaredBytes ?? 0;
    if (declared > limits.bodyBytesMax) return refuseTooLarge(limits.bodyBytesMax);
    if (!budget.hasRoomFor(declared) || this.#host.heapPressure() > limits.heapShareMax) return refuseOverload();
    return null;
  }

  onWhole(bytes: Uint8Array): void {
    const visit = this.#visit;
    if (visit === null || this.#answered) return;
    try {
      visit.onBody(bytes);
    } catch (error) {
      this.#onBug('visit.onBody', error);
    }
  }

  onRefused(rejection: Rejection): void {
    const visit = this.#visit;
    if (visit === null || this.#answered) return;
    this.#refused = true;
    this.#discard();
    try {
      visit.onBodyRefused(rejection);
    } catch (error) {
      this.#onBug('visit.onBodyRefused', error);
    }
  }

  // ── the reply ──

  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  get #answered(): boolean {
    return this.#stage !== 'silent' && this.#stage !== 'headed' && this.#stage !== 'begun';
  }

  head(status: number, headers: HeaderList): void {
    if (this.#stage !== 'silent') return;
    this.#stage = 'headed';
    this.#status = status;
    this.#headers = headers;
    // Held until the first bytes, to share their write; a head alone goes out at the end of this turn.
    process.nextTick(flushHead, this);
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#begin(null)) return true;
    // Asked before the bytes are added: one large answer alone never cuts its reader.
    if (this.#outbox.pendingBytes > this.#host.limits.readerBytesMax) {
      this.#stage = 'muted';
      this.#host.onCut();
      this.request.socket.destroy();
      return false;
    }
    return this.#outbox.write(bytes);
  }

  end(bytes?: Uint8Array): void {
    if (this.#stage === 'silent' || this.#answered) return;
    const parting = this.#parting();
    if (parting !== 'keep') this.#response.shouldKeepAlive = false;
    if (!this.#begin(bytes?.length ?? 0)) return;
    this.#stage = 'ended';
    this.#intake?.stop();
    const linger = parting === 'linger';
    if (linger) this.#lingerUntil = this.#host.clock.now() + this.#host.limits.lingerMsMax;
    this.#outbox.end(bytes, linger);
    if (linger || parting === 'keep') this.#discard();
  }

  destroy(): void {
    if (this.#answered) return;
    this.#stage = 'destroyed';
    this.#intake?.stop();
    this.request.socket.destroy();
  }

  flushHead(): void {
    if (this.#stage === 'headed' && this.#begin(null)) this.#response.flushHeaders();
  }

  /** Sees to it that the head is in Node's buffer; false when none can be. `wholeBytes`: null for a body that streams. */
  #begin(wholeBytes: number | null): boolean {
    if (this.#stage !== 'headed') return this.#stage === 'begun';
    const headers = wholeBytes === null ? this.#headers : withLength(this.#status, this.#headers, wholeBytes);
    if (this.#host.draining) this.#response.shouldKeepAlive = false;
    try {
      this.#response.writeHead(this.#status, headers);
      this.#stage = 'begun';
      return true;
    } catch (error) {
      // A header value Node refuses (a line break in a name that somebody configured).
      this.#onBug('reply.head', error);
      return false;
    }
  }

  /** What becomes of the connection when the reply ends now, which depends on how much of the request is unread. */
  #parting(): 'keep' | 'close' | 'linger' {
    if (this.request.complete || this.#declaredBytes === 0) return 'keep';
    // Whether the client sends the body without our go-ahead, nobody knows: only a new connection is unambiguous.
    if (this.#awaitsContinue) return 'close';
    if (this.#declaredBytes === null || this.#refused) return 'linger';
    const received = this.#intake?.receivedBytes ?? this.#discardedBytes;
    return this.#declaredBytes - received <= this.#host.limits.leftoverBytesMax ? 'keep' : 'linger';
  }

  // ── what is left of the body ──

  #discard(): void {
    if (this.#discarding) return;
    this.#discarding = true;
    this.request.on('data', (part: Buffer) => {
      this.#discardedBytes += part.length;
      if (this.#discardedBytes > this.#host.limits.lingerBytesMax) this.#endLinger();
    });
    this.request.on('end', () => this.#endLinger());
  }

  #endLinger(): void {
    if (this.#lingerUntil !== Number.POSITIVE_INFINITY) this.#outbox.letGo();
    // Answered later, or never: more than this is not read for a request that nobody wants.
    else if (!this.request.complete && !this.#response.writableEnded) this.request.socket.destroy();
  }

  // ── the end ──

  sweep(now: MonotonicMs): void {
    const intake = this.#intake;
    if (intake !== null && intake.reading && now >= this.#intakeUntil) {
      intake.refuse(refuseLate(this.#host.limits.bodyMsMax));
    }
    if (now >= this.#lingerUntil) this.#outbox.letGo();
  }

  /** For an error answer around this exchange: true when nothing was sent and its body is what broke. Mutes the reply. */
  silenceBroken(): boolean {
    if (this.request.complete || (this.#stage !== 'silent' && this.#stage !== 'headed')) return false;
    this.#stage = 'muted';
    this.#intake?.stop();
    return true;
  }

  #onFinish(): void {
    this.#over();
    // Node closes by itself only where the head said so; a stream may have promised to keep the connection before its end
    // turned out to be early.
    if (!this.#response.shouldKeepAlive) this.request.socket.destroySoon();
  }

  onSocketClosed(): void {
    const told = this.#stage === 'destroyed' || this.#outbox.flushed;
    this.#over();
    if (!told) this.#tell('visit.onGone', onGone);
  }

  #over(): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#intake?.stop();
    this.#host.onOver(this);
  }

  #tell(where: string, call: (visit: Visit) => void): void {
    if (this.#visit === null) return;
    try {
      call(this.#visit);
    } catch (error) {
      this.#onBug(where, error);
    }
  }

  /** A bug on the door's side: reported, answered 500 when nothing was sent, else cut. The visit hears that it is over. */
  #onBug(where: string, error: unknown): void {
    this.#host.onBug(where, error);
    const visit = this.#visit;
    this.#visit = null;
    if (this.#stage === 'silent' || this.#stage === 'headed') {
      this.#stage = 'silent';
      this.head(bugError.status, ['content-type', 'application/json']);
      this.end(wireErrorBody(bugError));
    } else this.destroy();
    // Later: the door may be in the middle of the very call that failed.
    if (visit !== null && where !== 'visit.onGone') process.nextTick(tellGone, visit, this.#host);
  }
}

function tellGone(visit: Visit, host: ExchangeHost): void {
  try {
    visit.onGone();
  } catch (error) {
    host.onBug('visit.onGone', error);
  }
}

function flushHead(exchange: Exchange): void {
  exchange.flushHead();
}

function onDrain(visit: Visit): void {
  visit.onDrain();
}

function onGone(visit: Visit): void {
  visit.onGone();
}

/** 0: no body; null: chunked. Node's parser let only digits through. */
function declaredBytes(headers: HeaderRecord): number | null {
  if (headers['transfer-encoding'] !== undefined) return null;
  const length = headers['content-length'];
  return length === undefined ? 0 : Number(length);
}

function withLength(status: number, headers: HeaderList, bytes: number): HeaderList {
  if (status === 204 || status === 304 || status < 200) return headers;
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === 'content-length') return headers;
  }
  return [...headers, 'content-length', String(bytes)];
}
