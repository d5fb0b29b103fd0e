// Open streams: many connections, each with one streamed request, read to the last event. Used as a process of its own.
// Nothing is dropped quietly: a stream is done well only when every event came, once and in order, and the
// end was said. `delays` are from the mock upstream's send to here, on the machine's own clock.
import { connect } from 'node:net';
import { chatPath, chatRequest, machineMicros } from '../payload.ts';
import { quantileOf } from '../statistics.ts';
import { serveOrders } from '../worker.ts';
import { type Aim, messageBytes } from './closed-loop.ts';
import { EventReader } from './event-reader.ts';

export interface StreamsOptions {
  readonly streams: number;
  readonly eventsPerStream: number;
  readonly bytes: number;
}

export type StreamsOrder =
  | { readonly open: { readonly aim: Aim; readonly options: StreamsOptions } }
  | { readonly state: true }
  | { readonly close: true };

export interface StreamsState {
  readonly answered: number;
  readonly events: number;
  readonly done: number;
  readonly errors: number;
  readonly firstError: string;
}

export interface StreamsResult extends StreamsState {
  readonly delayP50Us: number;
  readonly delayP99Us: number;
}

/** Streams without an answer at once: fewer than any listen queue or waiting room holds. */
const UNANSWERED_MAX = 64;

// One for all: what is read is worked through before the next read.
const readBuffer = Buffer.allocUnsafe(64 * 1_024);

export class OpenStreams {
  readonly #request: Buffer;
  readonly #port: number;
  readonly #options: StreamsOptions;
  readonly #delays: number[] = [];
  readonly #closers: (() => void)[] = [];
  #started = 0;
  answered = 0;
  events = 0;
  done = 0;
  errors = 0;
  firstError = '';

  constructor(aim: Aim, options: StreamsOptions) {
    this.#request = messageBytes(aim, `POST ${chatPath}`, chatRequest(options.bytes, true));
    this.#port = aim.port;
    this.#options = options;
    for (let count = 0; count < UNANSWERED_MAX; count += 1) this.#openNext();
  }

  state(): StreamsState {
    const { answered, events, done, errors, firstError } = this;
    return { answered, events, done, errors, firstError };
  }

  /** Cuts what is still open. */
  close(): StreamsResult {
    for (const close of this.#closers) close();
    const delays = Float64Array.from(this.#delays).toSorted();
    return { ...this.state(), delayP50Us: quantileOf(delays, 0.5), delayP99Us: quantileOf(delays, 0.99) };
  }

  #openNext(): void {
    if (this.#started >= this.#options.streams) return;
    this.#started += 1;
    let now = 0;
    let isAnswered = false;
    const reader = new EventReader((sentAt) => {
      this.events += 1;
      this.#delays.push(now - sentAt);
    });
    const read = (length: number): boolean => {
      now = machineMicros();
      reader.push(readBuffer.subarray(0, length));
      if (reader.isAnswered && !isAnswered) {
        isAnswered = true;
        this.answered += 1;
        this.#openNext();
      }
      if (reader.isDone) socket.destroy();
      return true;
    };
    const onread = { buffer: readBuffer, callback: read };
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true, onread }, () =>
      socket.write(this.#request),
    );
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', () => this.#end(reader));
    this.#closers.push(() => socket.destroy());
  }

  #end({ isDone, trouble, events }: EventReader): void {
    this.done += 1;
    const { eventsPerStream } = this.#options;
    if (trouble !== '') this.#fail(trouble);
    else if (!isDone) this.#fail(`a stream was cut after ${events} of ${eventsPerStream} events`);
    else if (events !== eventsPerStream) this.#fail(`a stream ended after ${events} of ${eventsPerStream} events`);
  }

  #fail(why: string): void {
    this.errors += 1;
    if (this.firstError === '') this.firstError = why;
  }
}

if (import.meta.main) {
  let streams: OpenStreams | null = null;
  await serveOrders((order: StreamsOrder) => {
    if ('open' in order) streams = new OpenStreams(order.open.aim, order.open.options);
    if (streams === null) throw new Error('no streams were opened');
    return 'close' in order ? streams.close() : streams.state();
  });
}
