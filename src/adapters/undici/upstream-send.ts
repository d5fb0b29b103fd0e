// One send over undici: undici's raw handler on one side, the port's sink and call on the other. It must never call the sink
// from within `send`, nor after `cancel`, nor after the end, whatever undici does.
//
// States: waiting (for a connection) → sent → answering → over. `over` is entered once, by end, trouble or cancel.
import type { Dispatcher } from 'undici';
import type { HeaderRecord } from '../../kernel/headers.ts';
import type { UpstreamCall, UpstreamSink, WireTrouble } from '../../ports/upstream.ts';
import type { DecoderOwner } from './answer-decoder.ts';
import { AnswerDecoder, isDecodable, isPlain } from './answer-decoder.ts';
import { wireTrouble } from './trouble.ts';

type Controller = Dispatcher.DispatchController;
type RawHeaders = Record<string, string | string[] | undefined>;

const cancelled = new Error('cancelled by the gateway');

export class UpstreamSend implements UpstreamCall, Dispatcher.DispatchHandler, DecoderOwner {
  readonly #sink: UpstreamSink;
  readonly #decodedBytesMax: number;
  readonly #onOver: () => void;
  #controller: Controller | null = null;
  #decoder: AnswerDecoder | null = null;
  #decoderFull = false;
  /** `send` has not returned: what goes wrong now is told later. */
  #sending = true;
  #headSeen = false;
  #paused = false;
  #over = false;

  constructor(sink: UpstreamSink, decodedBytesMax: number, onOver: () => void) {
    this.#sink = sink;
    this.#decodedBytesMax = decodedBytesMax;
    this.#onOver = onOver;
  }

  // ── the call ──

  pause(): void {
    this.#paused = true;
    if (this.#decoder !== null) this.#decoder.pause();
    else this.#controller?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // In a microtask: undici goes on parsing at once, which must not happen within a callback of its shared parser, and
    // the caller need not expect bytes from within `resume`.
    queueMicrotask(this.#resumeNow);
  }

  readonly #resumeNow = (): void => {
    if (this.#paused || this.#over) return;
    if (this.#decoder !== null) this.#decoder.resume();
    else this.#controller?.resume();
  };

  cancel(): void {
    if (this.#over) return;
    this.#finish();
    // Still waiting for its connection, it is aborted when it gets one.
    this.#controller?.abort(cancelled);
  }

  // ── what the transport says ──

  onSendReturned(): void {
    this.#sending = false;
  }

  fail(trouble: WireTrouble): void {
    if (this.#over) return;
    if (this.#sending) {
      queueMicrotask(() => {
        this.#sending = false;
        this.fail(trouble);
      });
      return;
    }
    this.#finish();
    this.#sink.onTrouble(trouble);
  }

  // ── what undici says ──

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#over) controller.abort(cancelled);
    else if (this.#paused) controller.pause();
  }

  onResponseStart(controller: Controller, status: number, headers: RawHeaders): void {
    // 102, 103: more heads follow.
    if (this.#over || status < 200) return;
    this.#headSeen = true;
    const record = joinRepeated(headers);
    const encoding = record['content-encoding']?.trim().toLowerCase();
    if (encoding !== undefined && !isPlain(encoding) && mayHaveBody(status)) {
      if (!isDecodable(encoding)) {
        this.#abortWith(`the answer has the unknown content-encoding ${encoding.slice(0, 40)}`);
        return;
      }
      this.#decoder = new AnswerDecoder(encoding, this.#decodedBytesMax, this);
      delete record['content-encoding'];
      delete record['content-length'];
      if (this.#paused) {
        this.#decoder.pause();
        controller.resume();
      }
    }
    this.#sink.onHead(status, record);
  }

  onResponseData(_controller: Controller, bytes: Buffer): void {
    if (this.#over) return;
    if (this.#decoder === null) this.#sink.onBytes(bytes);
    else this.#decoder.write(bytes);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (this.#decoder !== null) {
      this.#decoder.end();
      return;
    }
    this.#finish();
    this.#sink.onEnd();
  }

  onResponseError(controller: Controller | null | undefined, error: Error): void {
    if (this.#over) return;
    this.fail(wireTrouble(error, this.#controller !== null, this.#headSeen));
    // A proxy's 407 is reported while its body still arrives; a request without connection has no controller.
    if (controller?.aborted === false) controller.abort(cancelled);
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
    this.#abortWith(message);
  }

  onFull(): void {
    this.#decoderFull = true;
    this.#controller?.pause();
  }

  onRoom(): void {
    if (!this.#decoderFull || this.#over) return;
    this.#decoderFull = false;
    // A zlib callback: no parser of undici's is running here.
    this.#controller?.resume();
  }

  #abortWith(message: string): void {
    if (this.#over) return;
    this.#finish();
    this.#controller?.abort(cancelled);
    this.#sink.onTrouble({ kind: 'protocol', message });
  }

  #finish(): void {
    this.#over = true;
    this.#decoder?.destroy();
    this.#onOver();
  }
}

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 304;
}

/** undici's record is fresh for each answer and has lower-case names; only repeated headers are arrays. */
function joinRepeated(headers: RawHeaders): Record<string, string | undefined> & HeaderRecord {
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = value.join(', ');
  }
  return headers as Record<string, string | undefined>;
}
