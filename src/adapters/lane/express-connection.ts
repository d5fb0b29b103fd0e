// One client connection on the lane: reads one message at a time, answers it, and only then looks at the next. What it does
// not fully recognise leaves for node:http, bytes and all, and only from the head of a message with no earlier answer
// pending. It must never hold more than a read or two of what a client pipelines, and must never outlive its socket.
//
//   head ─▶ body ─▶ answer ─▶ head …      answer: the body is whole, the reply is not flushed
//    │       ├─▶ discard ─▶ answer, head  discard: nobody wants what is left of the body
//    │       └─▶ linger ─▶ gone           linger: answered, and the connection ends; what comes is thrown away
//    └─▶ gone                             gone: handed over, or closed
import type { Socket } from 'node:net';
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Door, InboundHead } from '../../ports/door.ts';
import { type BodyRoom, refuseLate, refuseOverload, refuseTooLarge, refuseUnread } from '../http-server/intake.ts';
import { remoteOf } from '../http-server/request-head.ts';
import { StuckReader } from '../http-server/stuck-reader.ts';
import type { WireError } from '../http-server/wire-error.ts';
import { badRequest, wireErrorAnswer } from '../http-server/wire-error.ts';
import { BodyReader } from './body-reader.ts';
import { type ExchangeOwner, ExpressExchange } from './express-exchange.ts';
import { type HeadRules, type RequestHead, RequestHeadParser } from './request-head-parser.ts';

/** What a connection needs of its server. */
export interface ConnectionHost extends BodyRoom {
  readonly door: Door;
  readonly headRules: HeadRules;
  readonly clock: Clock;
  readonly listener: InboundHead['listener'];
  readonly draining: boolean;
  /** Whole header lines: `date` and, unless the connection ends, `keep-alive`. */
  replyLines(keeps: boolean): string;
  onBug(where: string, error: unknown): void;
  onCut(): void;
  onRequestRefused(): void;
  onExchange(difference: 1 | -1): void;
  onClosed(connection: ExpressConnection): void;
  /** The socket is no longer ours; `bytes` were read from it and come first. */
  onHandOver(connection: ExpressConnection, bytes: Buffer): void;
}

type Stage = 'head' | 'body' | 'discard' | 'answer' | 'linger' | 'gone';
type Parting = 'keep' | 'close' | 'linger';

/** What a client may pipeline beyond the message being answered; then it is not read until the answer is out. */
const HELD_BYTES_MAX = 64 * 1_024;
const NO_BYTES = Buffer.alloc(0);
const NEVER = Number.POSITIVE_INFINITY;

const lateError: WireError = {
  status: 408,
  code: 'request_timeout',
  message: 'The request did not arrive in time.',
};

export class ExpressConnection implements ExchangeOwner {
  readonly socket: Socket;
  readonly encrypted: boolean;
  readonly #host: ConnectionHost;
  readonly #heads: RequestHeadParser;
  readonly #remote: string;
  #stage: Stage = 'head';
  #exchange: ExpressExchange | null = null;
  #body: BodyReader | null = null;
  /** Declared bytes of the body that are still to come; null for chunked. */
  #leftBytes: number | null = 0;
  #keepAlive = true;
  #refused = false;
  #after: Parting = 'keep';
  #held: Buffer | null = null;
  #reading = false;
  #requests = 0;
  /** Since when this stage waits for the client; NaN: the next sweep stamps it. */
  #since = Number.NaN;
  #bodyUntil: number = NEVER;
  #lingerUntil: number = NEVER;
  #discardedBytes = 0;
  readonly #reader = new StuckReader();

  constructor(socket: Socket, encrypted: boolean, host: ConnectionHost) {
    this.socket = socket;
    this.encrypted = encrypted;
    this.#host = host;
    this.#heads = new RequestHeadParser(host.headRules);
    this.#remote = remoteOf(socket.remoteAddress);
    this.#since = host.clock.now();
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
  }

  get idle(): boolean {
    return this.#exchange === null;
  }

  get readerBytesMax(): number {
    return this.#host.limits.readerBytesMax;
  }

  // ── what the socket says ──

  readonly #onData = (chunk: Buffer): void => {
    const held = this.#held;
    this.#held = null;
    this.#read(held === null ? chunk : Buffer.concat([held, chunk]));
  };

  /** The client has said all it will: as over node:http, it is taken for gone unless its answer is on its way. */
  readonly #onEnd = (): void => {
    if (this.#stage === 'body' || (this.#stage === 'head' && this.#heads.begun)) {
      this.#breakOff(badRequest('The request ends in the middle.'));
      return;
    }
    this.#exchange?.flush();
    this.socket.end();
  };

  readonly #onDrain = (): void => this.#exchange?.onDrain();

  readonly #onClose = (): void => {
    this.#stage = 'gone';
    this.#held = null;
    this.#exchange?.onSocketClosed();
    this.#body?.release();
    this.#host.onClosed(this);
  };

  // ── reading ──

  #read(chunk: Buffer): void {
    let at = 0;
    this.#reading = true;
    while (at < chunk.length) {
      if (this.#stage === 'head') at = this.#readHead(chunk, at);
      else if (this.#stage === 'body') at = this.#readBody(chunk, at);
      else if (this.#stage === 'discard') at = this.#discard(chunk, at);
      else break;
    }
    this.#reading = false;
    if (at < chunk.length) this.#leave(chunk, at);
  }

  /** What cannot be looked at now. */
  #leave(chunk: Buffer, at: number): void {
    if (this.#stage === 'linger') {
      this.#discardedBytes += chunk.length - at;
      if (this.#discardedBytes > this.#host.limits.lingerBytesMax) this.socket.destroy();
    } else if (this.#stage === 'answer') {
      this.#held = chunk.subarray(at);
      if (this.#held.length > HELD_BYTES_MAX) this.socket.pause();
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const head = this.#heads.push(chunk, at, chunk.length);
    if (head === 'more') {
      if (Number.isNaN(this.#since)) this.#since = this.#host.clock.now();
      return chunk.length;
    }
    if (head === 'handOver') {
      this.#handOver(this.#heads.unread(chunk, at));
      return chunk.length;
    }
    this.#open(head);
    return this.#heads.restAt;
  }

  #open(head: RequestHead): void {
    const host = this.#host;
    const receivedAt = host.clock.now();
    const exchange = new ExpressExchange(this);
    this.#exchange = exchange;
    this.#requests++;
    this.#keepAlive = head.keepAlive;
    this.#refused = false;
    this.#leftBytes = head.bodyBytes;
    this.#discardedBytes = 0;
    this.#stage = head.bodyBytes === 0 ? 'answer' : 'body';
    host.onExchange(1);
    const { path, query, headers } = head;
    const inbound = { method: 'POST', path, query, headers, receivedAt, remote: this.#remote, listener: host.listener };
    const wanted = exchange.enter(host.door, inbound);
    if (head.bodyBytes === 0) {
      if (wanted) exchange.onWhole(NO_BYTES);
    } else if (this.#stage === 'body') this.#beginBody(head.bodyBytes, wanted, receivedAt);
  }

  #beginBody(declared: number | null, wanted: boolean, now: MonotonicMs): void {
    const { limits, budget } = this.#host;
    if (!wanted) return this.#discardRest();
    const rejection = refuseUnread(declared ?? 0, this.#host);
    if (rejection !== null) return this.#refuseBody(rejection);
    this.#bodyUntil = now + limits.bodyMsMax;
    this.#body = new BodyReader(declared, limits.bodyBytesMax, budget);
  }

  #readBody(chunk: Buffer, at: number): number {
    const body = this.#body;
    if (body === null) return chunk.length;
    const restAt = body.push(chunk, at);
    if (this.#leftBytes !== null) this.#leftBytes -= restAt - at;
    if (body.state === 'whole') {
      this.#stage = 'answer';
      this.#bodyUntil = NEVER;
      this.#exchange?.onWhole(body.body);
    } else if (body.state === 'tooLarge') this.#refuseBody(refuseTooLarge(this.#host.limits.bodyBytesMax));
    else if (body.state === 'noRoom') this.#refuseBody(refuseOverload());
    else if (body.state === 'broken') this.#breakOff(badRequest('This is not a valid HTTP/1.1 request.'));
    return restAt;
  }

  #refuseBody(rejection: Rejection): void {
    this.#refused = true;
    this.#discardRest();
    this.#exchange?.onRefused(rejection);
  }

  #discardRest(): void {
    this.#releaseBody();
    if (this.#stage === 'body') this.#stage = 'discard';
  }

  /** Counts off what is left of a body that nobody wants; of an endless one, and for nobody, only so much is read. */
  #discard(chunk: Buffer, at: number): number {
    const length = Math.min(chunk.length - at, this.#leftBytes ?? NEVER);
    this.#discardedBytes += length;
    if (this.#discardedBytes > this.#host.limits.lingerBytesMax) this.socket.destroy();
    if (this.#leftBytes === null) return at + length;
    this.#leftBytes -= length;
    if (this.#leftBytes === 0) {
      this.#stage = 'answer';
      if (this.#exchange === null) this.#next();
    }
    return at + length;
  }

  #releaseBody(): void {
    this.#body?.release();
    this.#body = null;
    this.#bodyUntil = NEVER;
  }

  // ── what exchanges say ──

  onBug(where: string, error: unknown): void {
    this.#host.onBug(where, error);
  }

  onCut(): void {
    this.#host.onCut();
  }

  keepingLines(): string {
    return this.#host.replyLines(this.#keepAlive && !this.#host.draining);
  }

  partingLines(): string {
    return this.#host.replyLines(this.#parting() === 'keep');
  }

  /** What becomes of the connection when the reply ends now, which depends on how much of the request is unread. */
  #parting(): Parting {
    const keeps = this.#keepAlive && !this.#host.draining;
    if (this.#stage === 'answer') return keeps ? 'keep' : 'close';
    if (this.#stage !== 'body' && this.#stage !== 'discard') return 'linger';
    const { leftoverBytesMax } = this.#host.limits;
    const isLittle = this.#leftBytes !== null && this.#leftBytes <= leftoverBytesMax && !this.#refused;
    return keeps && isLittle ? 'keep' : 'linger';
  }

  onEnded(exchange: ExpressExchange): void {
    this.#after = exchange.lostPlace ? 'close' : this.#parting();
    if (this.#after === 'linger') this.#linger();
    else this.#discardRest();
  }

  onOver(_exchange: ExpressExchange): void {
    this.#exchange = null;
    this.#releaseBody();
    this.#host.onExchange(-1);
    if (this.#stage === 'gone' || this.socket.destroyed) return;
    if (this.#after === 'linger') this.socket.end();
    else if (this.#after === 'close' || this.#host.draining) this.#close();
    else if (this.#stage === 'answer') this.#next();
  }

  #next(): void {
    this.#stage = 'head';
    this.#since = Number.NaN;
    if (this.#held === null) return;
    // Not from within: the door is in the middle of ending the reply.
    if (!this.#reading) process.nextTick(this.#readHeld);
    if (this.socket.isPaused()) this.socket.resume();
  }

  readonly #readHeld = (): void => {
    if (this.#held !== null && this.#stage === 'head') this.#onData(NO_BYTES);
  };

  // ── the end ──

  /** Unread bytes would turn the end into a reset, which may swallow the answer: then it is a slower one. */
  #close(): void {
    if (this.#held === null && this.#stage === 'answer') {
      this.socket.destroySoon();
      return;
    }
    this.#linger();
    this.socket.end();
  }

  #linger(): void {
    this.#releaseBody();
    this.#stage = 'linger';
    this.#held = null;
    this.#lingerUntil = this.#host.clock.now() + this.#host.limits.lingerMsMax;
    if (this.socket.isPaused()) this.socket.resume();
  }

  /** The message broke: told in words only when they cannot be taken for the rest of an answer. */
  #breakOff(error: WireError): void {
    this.#host.onRequestRefused();
    this.#exchange?.flush();
    const mayTell = this.#exchange?.silence() ?? true;
    if (!mayTell || !this.socket.writable) {
      this.socket.destroy();
      return;
    }
    this.#linger();
    this.socket.end(wireErrorAnswer(error));
  }

  #handOver(bytes: Buffer): void {
    this.#stage = 'gone';
    const { socket } = this;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('error', ignore);
    socket.off('close', this.#onClose);
    this.#host.onHandOver(this, bytes);
  }

  /** True when the reader was cut. */
  sweep(now: MonotonicMs): boolean {
    const { limits } = this.#host;
    if (now >= this.#lingerUntil) {
      this.socket.destroy();
      return false;
    }
    if (this.#stage === 'head') this.#sweepHead(now);
    if (now >= this.#bodyUntil) this.#refuseBody(refuseLate(limits.bodyMsMax));
    if (!this.#reader.isStuck(this.socket, limits.readerMsMax, now)) return false;
    this.socket.destroy();
    return true;
  }

  #sweepHead(now: MonotonicMs): void {
    if (Number.isNaN(this.#since)) this.#since = now;
    const { headMsMax, keepAliveMsMax } = this.#host.limits;
    const waitedMs = now - this.#since;
    if (this.#heads.begun) {
      if (waitedMs >= headMsMax) this.#breakOff(lateError);
    } else if (waitedMs >= (this.#requests === 0 ? headMsMax : keepAliveMsMax)) this.socket.destroy();
  }
}

function ignore(): void {}
