// Connection: one client socket and the exchanges open on it (more than one only when a client pipelines). It tells them
// when the socket is gone, and its sweep cuts a reader that takes nothing. It must never outlive its socket.
import type { Socket } from 'node:net';
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { Exchange } from './exchange.ts';
import type { ServerLimits } from './server-limits.ts';
import { StuckReader } from './stuck-reader.ts';
import type { WireError } from './wire-error.ts';
import { wireErrorAnswer } from './wire-error.ts';

export class Connection {
  readonly socket: Socket;
  readonly #limits: ServerLimits;
  #exchanges: Exchange[] = [];
  /** After a wire error: when the socket is destroyed, whatever the client still sends. */
  #destroyAt: number = Number.POSITIVE_INFINITY;
  readonly #reader = new StuckReader();

  constructor(socket: Socket, limits: ServerLimits) {
    this.socket = socket;
    this.#limits = limits;
  }

  get idle(): boolean {
    return this.#exchanges.length === 0;
  }

  get full(): boolean {
    return this.#exchanges.length >= this.#limits.pipelinedMax;
  }

  open(exchange: Exchange): void {
    this.#exchanges.push(exchange);
  }

  close(exchange: Exchange): void {
    if (this.#exchanges.length === 1 && this.#exchanges[0] === exchange) this.#exchanges.length = 0;
    else this.#exchanges = this.#exchanges.filter((other) => other !== exchange);
  }

  onSocketClosed(): void {
    const exchanges = this.#exchanges;
    this.#exchanges = [];
    for (const exchange of exchanges) exchange.onSocketClosed();
  }

  /**
   * The parser or its clock gave up. Told in words only when the words cannot be taken for another request's answer: no
   * exchange is open, or the one whose body broke has sent nothing. False when this was told before.
   */
  refuse(error: WireError, now: MonotonicMs): boolean {
    if (this.#destroyAt !== Number.POSITIVE_INFINITY) {
      this.socket.destroy();
      return false;
    }
    const only = this.#exchanges.length === 1 ? this.#exchanges[0] : undefined;
    const mayTell = this.#exchanges.length === 0 || only?.silenceBroken() === true;
    if (mayTell && this.socket.writable) this.lastWords(error, now);
    else this.socket.destroy();
    return true;
  }

  /** Sends `error`, ends the socket, and reads on a little: unread bytes would turn the end into a reset. */
  lastWords(error: WireError, now: MonotonicMs): void {
    this.#destroyAt = now + this.#limits.lingerMsMax;
    this.socket.end(wireErrorAnswer(error));
    this.socket.resume();
  }

  /** True when the reader was cut. */
  sweep(now: MonotonicMs): boolean {
    if (now >= this.#destroyAt) {
      this.socket.destroy();
      return false;
    }
    if (this.#exchanges.length === 0) return false;
    for (const exchange of this.#exchanges) exchange.sweep(now);
    if (!this.#reader.isStuck(this.socket, this.#limits.readerMsMax, now)) return false;
    this.socket.destroy();
    return true;
  }
}
