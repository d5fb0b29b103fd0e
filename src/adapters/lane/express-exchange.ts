// One request and its reply on the lane: hands the body to the visit, writes what the door says, and tells the visit once
// when the client is gone. The same duties as the exchange over node:http has (http-server/exchange.ts), and the same words
// to the door. It must never throw, never answer twice, and never keep a body that nobody needs.
//
// Reply: silent → headed (a head was given, held to go out with the first bytes) → begun → ended → over (flushed or
// broken). Instead of `ended`: `destroyed`, when the door cut the connection itself, or `muted`, when the server did; a
// muted exchange still tells its visit that the client is gone. From `ended` on the door's calls are ignored. What the door
// says in one turn of the event loop goes out at its end (turn-batch.ts), a head without bytes too.
import type { Socket } from 'node:net';
import type { HeaderList } from '../../kernel/headers.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import type { Door, InboundHead } from '../../ports/door.ts';
import { type GuardedReply, VisitGuard } from '../http-server/visit-guard.ts';
import { declaredLength, framingOf, replyHead } from './reply-head.ts';
import { ReplyWriter, type WriterOwner } from './reply-writer.ts';
import { type TurnWriter, turnBatch } from './turn-batch.ts';

/** What an exchange needs of its connection. */
export interface ExchangeOwner {
  readonly socket: Socket;
  readonly encrypted: boolean;
  readonly readerBytesMax: number;
  onBug(where: string, error: unknown): void;
  /** A reader was too far behind. */
  onCut(): void;
  /** The reply ends now: whole lines for its head about the connection. Decides what becomes of it. */
  partingLines(): string;
  /** The same for a reply whose end is not known yet. */
  keepingLines(): string;
  /** The last bytes of the reply were handed over. */
  onEnded(exchange: ExpressExchange): void;
  /** Nothing more happens here. */
  onOver(exchange: ExpressExchange): void;
}

type Stage = 'silent' | 'headed' | 'begun' | 'ended' | 'destroyed' | 'muted' | 'over';

const NO_BYTES = new Uint8Array(0);

export class ExpressExchange implements GuardedReply, WriterOwner, TurnWriter {
  readonly #owner: ExchangeOwner;
  readonly #writer: ReplyWriter;
  readonly #guard = new VisitGuard(this);
  #stage: Stage = 'silent';
  #status = 0;
  #headers: HeaderList = [];
  /** What the head declares of a body and what was written against it: they must meet, or the connection has lost its place. */
  #declaredBytes: number | null = null;
  #writtenBytes = 0;
  #inBatch = false;

  constructor(owner: ExchangeOwner) {
    this.#owner = owner;
    this.#writer = new ReplyWriter(owner.socket, owner.encrypted, this);
  }

  // ── the way in ──

  /** False: nobody wants the body. */
  enter(door: Door, head: InboundHead): boolean {
    return this.#guard.enter(door, head);
  }

  onWhole(bytes: Uint8Array): void {
    this.#guard.onBody(bytes);
  }

  onRefused(rejection: Rejection): void {
    this.#guard.onBodyRefused(rejection);
  }

  // ── the reply ──

  get answered(): boolean {
    return this.#stage !== 'silent' && this.#stage !== 'headed' && this.#stage !== 'begun';
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  head(status: number, headers: HeaderList): void {
    if (this.#stage !== 'silent') return;
    this.#stage = 'headed';
    this.#status = status;
    this.#headers = headers;
    this.#flushSoon();
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#begin(null)) return true;
    // Asked before the bytes are added: one large answer alone never cuts its reader.
    if (this.#writer.pendingBytes > this.#owner.readerBytesMax) {
      this.#stage = 'muted';
      this.#owner.onCut();
      this.#owner.socket.destroy();
      return false;
    }
    this.#writtenBytes += bytes.length;
    this.#flushSoon();
    return this.#writer.write(bytes);
  }

  end(bytes: Uint8Array = NO_BYTES): void {
    if (this.#stage === 'silent' || this.answered || !this.#begin(bytes.length)) return;
    this.#stage = 'ended';
    this.#writtenBytes += bytes.length;
    this.#owner.onEnded(this);
    this.#flushSoon();
    this.#writer.end(bytes);
  }

  destroy(): void {
    if (this.answered) return;
    this.flush();
    this.#stage = 'destroyed';
    this.#owner.socket.destroy();
  }

  #flushSoon(): void {
    if (this.#inBatch) return;
    this.#inBatch = true;
    turnBatch.add(this);
  }

  onTurnEnd(): void {
    this.#inBatch = false;
    if (this.#stage === 'headed') this.#begin(null);
    this.flush();
  }

  /** What was said, before the connection ends: later it could not be. */
  flush(): void {
    const isSaid = this.#stage === 'begun' || this.#stage === 'ended';
    if (isSaid && !this.#owner.socket.destroyed) this.#writer.flush();
  }

  /** The body came out other than its head said: whoever reads this connection has lost its place. */
  get lostPlace(): boolean {
    return this.#declaredBytes !== null && this.#declaredBytes !== this.#writtenBytes;
  }

  /** Gives the head to the writer; false when none can be sent. `wholeBytes`: null for a body that streams. */
  #begin(wholeBytes: number | null): boolean {
    if (this.#stage !== 'headed') return this.#stage === 'begun';
    const declared = declaredLength(this.#headers);
    const framing = framingOf(this.#status, declared ?? wholeBytes);
    const lines = wholeBytes === null ? this.#owner.keepingLines() : this.#owner.partingLines();
    try {
      const unsaid = declared === null ? wholeBytes : null;
      this.#writer.begin(replyHead(this.#status, this.#headers, framing, unsaid, lines), framing);
    } catch (error) {
      // A header value nobody can send (a line break in a name that somebody configured).
      this.#guard.onBug('reply.head', error);
      return false;
    }
    // A stream may go on for minutes.
    this.#headers = [];
    this.#declaredBytes = framing === 'length' ? declared : null;
    this.#stage = 'begun';
    return true;
  }

  // ── what the writer and the socket say ──

  onDrain(): void {
    this.#writer.onDrain();
  }

  onCaughtUp(): void {
    this.#guard.onDrain();
  }

  onFlushed(): void {
    if (this.#stage === 'ended') this.#over();
  }

  onSocketClosed(): void {
    const told = this.#stage === 'destroyed' || this.#stage === 'over';
    this.#over();
    if (!told) this.#guard.onGone();
  }

  takeBackHead(): boolean {
    if (this.#stage !== 'silent' && this.#stage !== 'headed') return false;
    this.#stage = 'silent';
    return true;
  }

  /** For an error answer in its place: true when nothing was sent. Mutes the reply. */
  silence(): boolean {
    if (!this.takeBackHead()) return false;
    this.#stage = 'muted';
    return true;
  }

  reportBug(where: string, error: unknown): void {
    this.#owner.onBug(where, error);
  }

  #over(): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#owner.onOver(this);
  }
}
