// One send over the lane: the link's answer on one side, the port's sink and call on the other. It must never call the sink
// from within `send`, nor after `cancel`, nor after the end.
//
// States: waiting (for a link) → sent → answering → over. `over` is entered once, by end, trouble or cancel.
import type { HeaderRecord } from '../../kernel/headers.ts';
import type { UpstreamCall, UpstreamSink, WireTrouble } from '../../ports/upstream.ts';
import type { DecoderOwner } from '../undici/answer-decoder.ts';
import { AnswerDecoder, isDecodable, isPlain } from '../undici/answer-decoder.ts';
import type { AnswerHead } from './answer-head-parser.ts';

/** What carries a send. */
export interface Carrier {
  /** Stops reading, as soon as the head is there. */
  pause(): void;
  resume(): void;
  /** The answer is not wanted any more. */
  abort(): void;
}

export class ExpressSend implements UpstreamCall, DecoderOwner {
  /** The request: head and body. */
  #text: string;
  #body: Uint8Array | null;
  readonly #sink: UpstreamSink;
  readonly #decodedBytesMax: number;
  readonly #onOver: () => void;
  #carrier: Carrier | null = null;
  #decoder: AnswerDecoder | null = null;
  #decoderFull = false;
  #paused = false;
  #over = false;

  constructor(text: string, body: Uint8Array | null, sink: UpstreamSink, decodedBytesMax: number, onOver: () => void) {
    this.#text = text;
    this.#body = body;
    this.#sink = sink;
    this.#decodedBytesMax = decodedBytesMax;
    this.#onOver = onOver;
  }

  get over(): boolean {
    return this.#over;
  }

  /** What is to be written, for the link that writes it now: it is not kept while the answer comes. */
  takeRequest(): { readonly text: string; readonly body: Uint8Array | null } {
    const request = { text: this.#text, body: this.#body };
    this.#text = '';
    this.#body = null;
    return request;
  }

  /** The link shall not read on. */
  get held(): boolean {
    return this.#decoder === null ? this.#paused : this.#decoderFull;
  }

  // ── the call ──

  pause(): void {
    if (this.#over) return;
    this.#paused = true;
    if (this.#decoder === null) this.#carrier?.pause();
    else this.#decoder.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#over) return;
    if (this.#decoder === null) this.#carrier?.resume();
    else this.#decoder.resume();
  }

  cancel(): void {
    if (this.#over) return;
    this.#finish();
    this.#carrier?.abort();
  }

  // ── what the transport and the link say ──

  /** Waiting counts as carried: what carries it can be told to stop. */
  onCarrier(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  /** Later: `send` has not returned. */
  failSoon(trouble: WireTrouble): void {
    queueMicrotask(() => this.fail(trouble));
  }

  fail(trouble: WireTrouble): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.onTrouble(trouble);
  }

  onHead({ status, headers, framing }: AnswerHead): void {
    const encoding = headers['content-encoding']?.trim().toLowerCase();
    if (encoding === undefined || isPlain(encoding) || framing === 0) this.#sink.onHead(status, headers);
    else if (isDecodable(encoding)) this.#beginDecoding(encoding, status, headers);
    else this.onUndecodable(`the answer has the unknown content-encoding ${encoding.slice(0, 40)}`);
  }

  onData(bytes: Buffer): void {
    if (this.#decoder === null) this.#sink.onBytes(bytes);
    else this.#decoder.write(bytes);
  }

  onEnd(): void {
    if (this.#decoder !== null) this.#decoder.end();
    else this.onDecodedEnd();
  }

  #beginDecoding(encoding: string, status: number, headers: HeaderRecord): void {
    this.#decoder = new AnswerDecoder(encoding, this.#decodedBytesMax, this);
    if (this.#paused) this.#decoder.pause();
    this.#sink.onHead(status, { ...headers, 'content-encoding': undefined, 'content-length': undefined });
  }

  // ── what the decoder says ──

  onDecoded(bytes: Uint8Array): void {
    if (!this.#over) this.#sink.onBytes(bytes);
  }

  onDecodedEnd(): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.onEnd();
  }

  onUndecodable(message: string): void {
    if (this.#over) return;
    this.fail({ kind: 'protocol', message });
    this.#carrier?.abort();
  }

  onFull(): void {
    this.#decoderFull = true;
    this.#carrier?.pause();
  }

  onRoom(): void {
    if (!this.#decoderFull) return;
    this.#decoderFull = false;
    if (!this.#over) this.#carrier?.resume();
  }

  #finish(): void {
    this.#over = true;
    this.#decoder?.destroy();
    this.#onOver();
  }
}
