// Closed loop: N keep-alive connections, each sends its next request when the last one is answered. Used as a process of
// its own (load.ts). It never gives up on a connection quietly: whatever is not a 200 is an error in the count, and every
// request sent is waited for, so that both ends count the same and no abort is in the figures.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { HttpMessages } from '../http-messages.ts';
import { chatPath, chatRequest, requestMark } from '../payload.ts';
import { quantileOf } from '../statistics.ts';
import { serveOrders } from '../worker.ts';

export interface Aim {
  readonly port: number;
  /** Whole header lines that this subject wants, without line ends. */
  readonly headers: readonly string[];
}

export interface LoopOptions {
  readonly connections: number;
  readonly secondsMax: number;
  /** Stop after this many, when the time has not run out before. */
  readonly requestsMax?: number;
  /** Of each request body. */
  readonly bytes: number;
  /** Always the very same request: what a cache would have. */
  readonly repeated?: boolean;
  /** Share of the connections that begin with a request off the beaten track (`GET /v1/models`, uncounted). */
  readonly handedOver?: number;
}

/** What one burst of load did. */
export interface Burst {
  readonly requests: number;
  /** Answers that were not 200, and connections lost. */
  readonly errors: number;
  /** The first of them; empty when there was none. */
  readonly firstError: string;
  readonly seconds: number;
  /** From the send to the last byte of the answer. */
  readonly p50Us: number;
  readonly p99Us: number;
}

export async function runClosedLoop(aim: Aim, options: LoopOptions): Promise<Burst> {
  const loop = new ClosedLoop(aim, options);
  const started = performance.now();
  await Promise.all(Array.from({ length: options.connections }, (_, at) => loop.runConnection(at)));
  const seconds = (performance.now() - started) / 1_000;
  const micros = Float64Array.from(loop.micros).toSorted();
  const { requests, errors, firstError } = loop;
  return { requests, errors, firstError, seconds, p50Us: quantileOf(micros, 0.5), p99Us: quantileOf(micros, 0.99) };
}

class ClosedLoop {
  readonly micros: number[] = [];
  requests = 0;
  errors = 0;
  firstError = '';
  #sent = 0;
  readonly #aim: Aim;
  readonly #options: LoopOptions;
  readonly #until: number;
  readonly #request: Buffer;
  readonly #markAt: number;

  constructor(aim: Aim, options: LoopOptions) {
    this.#aim = aim;
    this.#options = options;
    this.#until = performance.now() + options.secondsMax * 1_000;
    this.#request = messageBytes(aim, `POST ${chatPath}`, chatRequest(options.bytes));
    this.#markAt = this.#request.indexOf(requestMark) + 1;
  }

  async runConnection(at: number): Promise<void> {
    const greets = at < this.#options.connections * (this.#options.handedOver ?? 0);
    await new Promise<void>((resolve) => {
      let isDone = false;
      let sentAt = 0;
      const next = (): void => {
        if (this.#sendNext(socket)) sentAt = performance.now();
        else {
          isDone = true;
          socket.end();
        }
      };
      let counts = !greets;
      const messages = new HttpMessages((head) => {
        if (counts) this.#count(head, performance.now() - sentAt);
        else if (!isFine(head)) this.#fail(head);
        counts = true;
        next();
      });
      const onread = {
        buffer: Buffer.allocUnsafe(64 * 1_024),
        callback: (length: number, buffer: Uint8Array): boolean => {
          messages.push(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      };
      const socket = connect({ port: this.#aim.port, host: '127.0.0.1', noDelay: true, onread });
      socket.on('connect', () => (greets ? socket.write(messageBytes(this.#aim, 'GET /v1/models', '')) : next()));
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        if (!isDone) this.#fail('connection lost');
        resolve();
      });
    });
  }

  /** False when this connection has done its part. */
  #sendNext(socket: Socket): boolean {
    if (this.#sent >= (this.#options.requestsMax ?? Infinity) || performance.now() >= this.#until) return false;
    this.#sent += 1;
    socket.write(this.#options.repeated === true ? this.#request : this.#freshRequest());
    return true;
  }

  /** With a number that was not sent before; a copy, since the last one may still be on its way out. */
  #freshRequest(): Buffer {
    const request = Buffer.from(this.#request);
    numbersSent += 1;
    request.write(String(numbersSent).padStart(requestMark.length - 1, '0'), this.#markAt, 'latin1');
    return request;
  }

  #count(head: string, ms: number): void {
    this.requests += 1;
    this.micros.push(ms * 1_000);
    if (!isFine(head)) this.#fail(head);
  }

  #fail(why: string): void {
    this.errors += 1;
    if (this.firstError === '') this.firstError = why.split('\r\n', 1)[0] ?? '';
  }
}

/** Of this process, in all bursts. */
let numbersSent = 0;

function isFine(head: string): boolean {
  return head.startsWith('HTTP/1.1 200 ');
}

export function messageBytes({ port, headers }: Aim, startLine: string, body: string): Buffer {
  const lines = [`${startLine} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers];
  if (body !== '') lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

if (import.meta.main) {
  await serveOrders(({ aim, options }: { aim: Aim; options: LoopOptions }) => runClosedLoop(aim, options));
}
