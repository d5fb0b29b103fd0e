// One request and its reply on the lane: hands the body to the visit, writes what the door says, and tells the visit once
// when the client is gone. The same duties as the exchange over node:http has (http-server/exchange.ts), and the same words
// to the door. It must never throw, never answer twice, and never keep a body that nobody needs.
//
// Reply: silent → headed (a head was given, held to go out with the first bytes) → begun → ended → over (flushed or
// broken). Instead of `ended`: `destroyed`, when the door cut the connection itself, or `muted`, when the server did; a
// muted exchange still tells its visit that the client is gone. From `ended` on the door's calls are ignored.
import type { Socket } from 'node:net';
import type { HeaderList } from '../../kernel/headers.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import type { Door, InboundHead, Reply, Visit } from '../../ports/door.ts';
import { bugError, wireErrorBody } from '../http-server/wire-error.ts';
import { declaredLength, type Framing, framingOf, replyHead } from './reply-head.ts';
import { ReplyWriter, type WriterOwner } from './reply-writer.ts';

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

export class ExpressExchange implements Reply, WriterOwner {
  readonly #owner: ExchangeOwner;
  readonly #writer: ReplyWriter;
  #stage: Stage = 'silent';
  #visit: Visit | null = null;
  #status = 0;
  #headers: HeaderList = [];
  #framing: Framing = 'none';
  /** What the head declares and what was written against it; the two must meet, or the connection has lost its place. */
  #declaredBytes: number | null = null;
  #writtenBytes = 0;

  constructor(owner: ExchangeOwner) {
    this.#owner = owner;
    this.#writer = new ReplyWriter(owner.socket, owner.encrypted, this);
  }

  // ── the way in ──

  /** False: nobody wants the body. */
  enter(door: Door, head: InboundHead): boolean {
    let visit: Visit | null = null;
    try {
      visit = door.enter(head, this);
    } catch (error) {
      this.#onBug('door.enter', error);
    }
    if (visit === null || this.answered) return false;
    this.#visit = visit;
    return true;
  }

  onWhole(bytes: Uint8Array): void {
    if (this.#visit === null || this.answered) return;
    try {
      this.#visit.onBody(bytes);
    } catch (error) {
      this.#onBug('visit.onBody', error);
    }
  }

  onRefused(rejection: Rejection): void {
    if (this.#visit === null || this.answered) return;
    try {
      this.#visit.onBodyRefused(rejection);
    } catch (error) {
      this.#onBug('visit.onBodyRefused', error);
    }
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
    // Held until the first bytes, to share their write; a head alone goes out at the end of this turn.
    process.nextTick(flushHead, this);
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
    return this.#writer.write(bytes);
  }

  end(bytes: Uint8Array = NO_BYTES): void {
    if (this.#stage === 'silent' || this.answered || !this.#begin(bytes.length)) return;
    this.#stage = 'ended';
    this.#writtenBytes += bytes.length;
    this.#owner.onEnded(this);
    this.#writer.end(bytes);
  }

  destroy(): void {
    if (this.answered) return;
    this.#stage = 'destroyed';
    this.#owner.socket.destroy();
  }

  flushHead(): void {
    if (this.#stage === 'headed' && this.#begin(null)) this.#writer.flushHead();
  }

  /** The body came out other than its head said: whoever reads this connection has lost its place. */
  get lostPlace(): boolean {
    return this.#framing === 'length' && this.#declaredBytes !== null && this.#declaredBytes !== this.#writtenBytes;
  }

  /** Gives the head to the writer; false when none can be sent. `wholeBytes`: null for a body that streams. */
  #begin(wholeBytes: number | null): boolean {
    if (this.#stage !== 'headed') return this.#stage === 'begun';
    const framing = framingOf(this.#status, this.#headers, wholeBytes);
    const lines = wholeBytes === null ? this.#owner.keepingLines() : this.#owner.partingLines();
    try {
      this.#writer.begin(replyHead(this.#status, this.#headers, framing, wholeBytes, lines), framing);
    } catch (error) {
      // A header value nobody can send (a line break in a name that somebody configured).
      this.#onBug('reply.head', error);
      return false;
    }
    this.#framing = framing;
    this.#declaredBytes = declaredLength(this.#headers);
    this.#stage = 'begun';
    return true;
  }

  // ── what the writer and the socket say ──

  onDrain(): void {
    this.#writer.onDrain();
  }

  onCaughtUp(): void {
    this.#tell('visit.onDrain', onDrain);
  }

  onFlushed(): void {
    if (this.#stage === 'ended') this.#over();
  }

  onSocketClosed(): void {
    const told = this.#stage === 'destroyed' || this.#stage === 'over';
    this.#over();
    if (!told) this.#tell('visit.onGone', onGone);
  }

  /** For an error answer in its place: true when nothing was sent. Mutes the reply. */
  silence(): boolean {
    if (this.#stage !== 'silent' && this.#stage !== 'headed') return false;
    this.#stage = 'muted';
    return true;
  }

  #over(): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#owner.onOver(this);
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
    this.#owner.onBug(where, error);
    const visit = this.#visit;
    this.#visit = null;
    if (this.#stage === 'silent' || this.#stage === 'headed') {
      this.#stage = 'silent';
      this.head(bugError.status, ['content-type', 'application/json']);
      this.end(wireErrorBody(bugError));
    } else this.destroy();
    // Later: the door may be in the middle of the very call that failed.
    if (visit !== null && where !== 'visit.onGone') process.nextTick(tellGone, visit, this.#owner);
  }
}

function tellGone(visit: Visit, owner: ExchangeOwner): void {
  try {
    visit.onGone();
  } catch (error) {
    owner.onBug('visit.onGone', error);
  }
}

function flushHead(exchange: ExpressExchange): void {
  exchange.flushHead();
}

function onDrain(visit: Visit): void {
  visit.onDrain();
}

function onGone(visit: Visit): void {
  visit.onGone();
}
