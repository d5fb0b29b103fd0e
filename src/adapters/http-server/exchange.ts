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
import type { Door, InboundHead } from '../../ports/door.ts';
import type { BodyRoom, IntakeOwner } from './intake.ts';
import { Intake, knowsEncoding, refuseEncoding, refuseLate, refuseUnread } from './intake.ts';
import { Outbox } from './outbox.ts';
import { type GuardedReply, VisitGuard } from './visit-guard.ts';
import type { WireError } from './wire-error.ts';
import { wireErrorBody } from './wire-error.ts';

/** What an exchange needs of its server. */
export interface ExchangeHost extends BodyRoom {
  readonly clock: Clock;
  readonly draining: boolean;
  onBug(where: string, error: unknown): void;
  /** A reader was too far behind. */
  onCut(): void;
  /** Called once, when nothing more happens here. */
  onOver(exchange: Exchange): void;
}

type Stage = 'silent' | 'headed' | 'begun' | 'ended' | 'destroyed' | 'muted' | 'over';

const NO_BYTES = new Uint8Array(0);
const ignore = (): void => {};

export class Exchange implements GuardedReply, IntakeOwner {
  readonly request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #host: ExchangeHost;
  readonly #outbox: Outbox;
  readonly #guard = new VisitGuard(this);
  #stage: Stage = 'silent';
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
    this.#outbox = new Outbox(response, () => this.#guard.onDrain());
    response.on('finish', () => this.#onFinish());
    // Both report what the socket's end reports as well; unheard they would crash the process.
    response.on('error', ignore);
    request.on('error', ignore);
  }

  // ── the way in ──

  enter(door: Door, head: InboundHead): void {
    this.#declaredBytes = declaredBytes(head.headers);
    if (this.#guard.enter(door, head)) this.#readBody(head.headers);
    else this.#discard();
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
    const encoding = headers['content-encoding'];
    const rejection = knowsEncoding(encoding) ? refuseUnread(this.#declaredBytes ?? 0, this.#host) : refuseEncoding();
    if (rejection !== null) {
      this.onRefused(rejection);
      return;
    }
    const { limits, clock, budget } = this.#host;
    this.#intakeUntil = clock.now() + limits.bodyMsMax;
    this.#intake = new Intake(this.request, encoding, limits.bodyBytesMax, budget, this);
    if (!this.#awaitsContinue) return;
    this.#awaitsContinue = false;
    this.#response.writeContinue();
  }

  onWhole(bytes: Uint8Array): void {
    this.#guard.onBody(bytes);
  }

  onRefused(rejection: Rejection): void {
    if (!this.#guard.wantsBody) return;
    this.#refused = true;
    this.#discard();
    this.#guard.onBodyRefused(rejection);
  }

  // ── the reply ──

  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  get answered(): boolean {
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
    if (this.#stage === 'silent' || this.answered) return;
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
    if (this.answered) return;
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
      this.#guard.onBug('reply.head', error);
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

  takeBackHead(): boolean {
    if (this.#stage !== 'silent' && this.#stage !== 'headed') return false;
    this.#stage = 'silent';
    return true;
  }

  reportBug(where: string, error: unknown): void {
    this.#host.onBug(where, error);
  }

  /** For an error answer around this exchange: true when nothing was sent and its body is what broke. Mutes the reply. */
  silenceBroken(): boolean {
    if (this.request.complete || !this.takeBackHead()) return false;
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
    if (!told) this.#guard.onGone();
  }

  #over(): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#intake?.stop();
    this.#host.onOver(this);
  }
}

function flushHead(exchange: Exchange): void {
  exchange.flushHead();
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
