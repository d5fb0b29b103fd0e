// Upstream link: one connection to an origin, and the answer on its way over it. Requests follow each other; one is open at a
// time. All links read into one buffer, which is free again when the read callback returns: what is kept of it is copied.
// It must never carry a second request before the first answer is whole, nor after anything that was not expected.
//
//   connecting ─▶ busy ⇄ idle ─▶ closed
//                  ▲       │
//                  └ taken ┘   taken: given a request that goes out at the end of this turn of the event loop
//
// What happens to a link that is taken happens to an idle one: the request was not sent, and another link carries it.
import type { Socket } from 'node:net';
import { connect as connectPlain } from 'node:net';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { limits } from '../../kernel/limits.ts';
import type { Timer, Timers } from '../../ports/clock.ts';
import type { WireTrouble } from '../../ports/upstream.ts';
import { cannotConnect, describe, lost, notHttp, transportClosed } from '../wire-trouble.ts';
import type { AnswerHead } from './answer-head-parser.ts';
import { type AnswerOwner, AnswerParser } from './answer-parser.ts';
import type { Carrier, ExpressSend } from './express-send.ts';
import { type TurnWriter, turnBatch } from './turn-batch.ts';

/** Where a link goes. */
export interface LinkAim {
  readonly host: string;
  readonly port: number;
  /** Null: plain. */
  readonly tls: { readonly context: SecureContext; readonly servername: string | null } | null;
  readonly connectMs: number;
}

/** What a link needs of its pool. */
export interface LinkOwner {
  readonly aim: LinkAim;
  readonly timers: Timers;
  /** Of an earlier connection, to be taken up. */
  session: Buffer | null;
  /** The answer is whole and the link may carry another. */
  onIdle(link: UpstreamLink): void;
  /** The link ended before anything of this was sent. */
  carry(send: ExpressSend): void;
  onClosed(link: UpstreamLink): void;
}

/** Up to here copying into one piece costs less than a write of several; above it Buffer's pool gives none. */
const COPY_BYTES_MAX = 4_000;
const READ_BYTES = 64 * 1_024;
const HEADERS_MAX = 200;
const KEEP_ALIVE_PROBE_MS = 60_000;
const NO_BYTES = Buffer.alloc(0);
/** A read callback runs to its end before the next read, on whatever socket, so one buffer serves all links. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export class UpstreamLink implements AnswerOwner, Carrier, TurnWriter {
  readonly openedAt: number;
  idleSince = 0;
  /** The far side's own word on how long it keeps an idle connection, in seconds; null: it said nothing. */
  keptSeconds: number | null = null;
  readonly #owner: LinkOwner;
  readonly #socket: Socket;
  readonly #parser: AnswerParser;
  #connectTimer: Timer | null;
  #send: ExpressSend | null;
  /** Taken by it: nothing of it was sent. */
  #unsent: ExpressSend | null = null;
  #connected = false;
  #requests = 0;
  #headSeen = false;
  #keepAlive = false;
  #closed = false;
  /** Read, but not parsed: who reads the answer does not want it yet. */
  #held: Buffer = NO_BYTES;
  #readingStopped = false;
  /** The connection ended while the answer was not wanted. */
  #endedEarly = false;
  #error: Error | null = null;

  constructor(owner: LinkOwner, send: ExpressSend, now: number) {
    this.#owner = owner;
    this.#send = send;
    this.openedAt = now;
    this.#parser = new AnswerParser(this, limits.headBytesMax, HEADERS_MAX);
    this.#socket = this.#connect();
    this.#connectTimer = owner.timers.after(owner.aim.connectMs, () => this.#onLate());
    send.onCarrier(this);
  }

  get usable(): boolean {
    return !this.#closed && !this.#socket.destroyed && this.#socket.writable && this.#socket.readable;
  }

  /** For an idle link only. */
  carry(send: ExpressSend): void {
    this.#unsent = send;
    this.#headSeen = false;
    this.#parser.reset();
    send.onCarrier(this);
    turnBatch.add(this);
  }

  onTurnEnd(): void {
    const send = this.#unsent;
    if (send === null) return;
    if (!this.usable) {
      this.#end();
      return;
    }
    this.#unsent = null;
    this.#send = send;
    this.#write(send);
  }

  close(trouble: WireTrouble = transportClosed): void {
    const send = this.#send ?? this.#unsent;
    this.#send = null;
    this.#unsent = null;
    this.#end();
    send?.fail(trouble);
  }

  // ── the socket ──

  #connect(): Socket {
    const { host, port, tls } = this.#owner.aim;
    const way = { host, port, onread: { buffer: readBuffer, callback: this.#onRead } };
    const socket = tls === null ? connectPlain(way) : connectTls(this.#tlsOptions(way, tls));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    socket.on(tls === null ? 'connect' : 'secureConnect', () => this.#onConnect());
    if (tls !== null) socket.on('session', (fresh: Buffer) => (this.#owner.session = fresh));
    socket.on('end', () => this.#onSocketEnd());
    socket.on('error', (error: Error) => (this.#error = error));
    socket.on('close', () => this.#onClose());
    return socket;
  }

  #tlsOptions(way: object, { context, servername }: NonNullable<LinkAim['tls']>): ConnectionOptions {
    const { session } = this.#owner;
    return {
      ...way,
      secureContext: context,
      ALPNProtocols: ['http/1.1'],
      ...(servername === null ? {} : { servername }),
      ...(session === null ? {} : { session }),
    };
  }

  #onConnect(): void {
    this.#connectTimer?.cancel();
    this.#connectTimer = null;
    this.#connected = true;
    const { alpnProtocol } = this.#socket as Partial<TLSSocket>;
    if (typeof alpnProtocol === 'string' && alpnProtocol !== 'http/1.1') {
      this.close(cannotConnect(`the far side speaks ${alpnProtocol}`));
    } else if (this.#send === null) this.#end();
    else this.#write(this.#send);
  }

  #onLate(): void {
    this.close(cannotConnect(`connect timeout: no connection within ${this.#owner.aim.connectMs} ms`));
  }

  #write(send: ExpressSend): void {
    this.#requests++;
    const { text, body } = send.takeRequest();
    const socket = this.#socket;
    const length = text.length + (body?.length ?? 0);
    if (body === null || body.length === 0) socket.write(text, 'latin1');
    else if (length <= COPY_BYTES_MAX) {
      const whole = Buffer.allocUnsafe(length);
      whole.write(text, 0, 'latin1');
      whole.set(body, text.length);
      socket.write(whole);
    } else {
      socket.cork();
      socket.write(text, 'latin1');
      socket.write(body);
      socket.uncork();
    }
    if (send.held) this.pause();
  }

  readonly #onRead = (length: number, buffer: Uint8Array): boolean => {
    const send = this.#send;
    // Nobody asked: a connection that speaks by itself has lost its place.
    if (send === null) this.#end();
    else if (this.#readingStopped) this.#held = Buffer.concat([this.#held, buffer.subarray(0, length)]);
    else this.#parse(buffer as Buffer, length);
    return !this.#readingStopped;
  };

  #parse(bytes: Buffer, length: number): void {
    const stop = this.#parser.push(bytes, 0, length);
    if (stop < length && this.#readingStopped) this.#held = Buffer.from(bytes.subarray(stop, length));
  }

  #onSocketEnd(): void {
    if (this.#readingStopped) this.#endedEarly = true;
    else if (this.#send !== null && this.#parser.endsWithConnection) this.onEnd(false);
    else this.#socket.destroy();
  }

  #onClose(): void {
    // What was read before is still the answer's, once it is wanted.
    if (this.#readingStopped && this.#send !== null && this.#error === null) {
      this.#endedEarly = true;
      return;
    }
    const send = this.#send;
    this.#send = null;
    this.#end();
    if (send === null || send.over) return;
    if (this.#connected) send.fail(lost(this.#error, this.#headSeen, this.#requests > 1));
    else send.fail(cannotConnect(this.#error === null ? 'the connection was closed' : describe(this.#error)));
  }

  /** The end of the link: it is told once. */
  #end(): void {
    this.#connectTimer?.cancel();
    this.#connectTimer = null;
    this.#socket.destroy();
    if (this.#closed) return;
    this.#closed = true;
    // A session that did not lead to a connection is not tried again.
    if (!this.#connected) this.#owner.session = null;
    this.#owner.onClosed(this);
    const unsent = this.#unsent;
    this.#unsent = null;
    if (unsent !== null && !unsent.over) this.#owner.carry(unsent);
  }

  // ── the answer ──

  get over(): boolean {
    return this.#send === null || this.#send.over;
  }

  onHead(head: AnswerHead): boolean {
    this.#headSeen = true;
    this.#keepAlive = head.keepAlive && head.framing !== 'close';
    const kept = head.headers['keep-alive'];
    if (kept !== undefined) this.keptSeconds = keptSecondsOf(kept);
    this.#send?.onHead(head);
    if (this.#send?.held !== true) return true;
    this.pause();
    return false;
  }

  onData(bytes: Buffer): void {
    this.#send?.onData(bytes);
  }

  onEnd(exact: boolean): void {
    const send = this.#send;
    if (send === null) return;
    this.#send = null;
    // An answer before the request was taken whole: what is left of it would be read as the next one's.
    const reusable = exact && this.#keepAlive && this.#socket.writableLength === 0 && this.usable;
    if (!reusable) this.#end();
    else {
      this.#startReading();
      this.#owner.onIdle(this);
    }
    send.onEnd();
  }

  onBroken(why: string): void {
    this.close(notHttp(why));
  }

  // ── what the send says ──

  pause(): void {
    // Before the head there is nothing to hold back but the head itself.
    if (this.#readingStopped || !this.#headSeen) return;
    this.#readingStopped = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#readingStopped) return;
    // Later: who resumes does not expect bytes from within.
    queueMicrotask(this.#resumeNow);
  }

  abort(): void {
    const isUntouched = this.#unsent !== null && this.usable;
    this.#send = null;
    this.#unsent = null;
    if (isUntouched) this.#owner.onIdle(this);
    else this.#end();
  }

  readonly #resumeNow = (): void => {
    if (this.#send === null || this.#send.held || !this.#readingStopped) return;
    const held = this.#held;
    this.#held = NO_BYTES;
    this.#startReading();
    if (held.length > 0) this.#parse(held, held.length);
    if (!this.over) this.#parser.endEmpty();
    if (!this.#endedEarly || this.over || this.#readingStopped) return;
    this.#onSocketEnd();
    if (!this.over) this.#onClose();
  };

  #startReading(): void {
    if (!this.#readingStopped) return;
    this.#readingStopped = false;
    this.#socket.resume();
  }
}

/** `timeout=5, max=100`. */
function keptSecondsOf(said: string): number | null {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})\b/i.exec(said)?.[1];
  return seconds === undefined ? null : Number(seconds);
}
