// Gather reader: a stream put together for a client that did not ask for one: the clocks and early faults of a stream, an
// answer in one piece.
import type { Assembly, FarDialect } from '../dialects/dialect.ts';
import { type SseEvent, SseParser, type SseSink } from '../dialects/sse.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { type Fault, fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import { add, type AnswerReader, emptySum, isWhole, type ReaderListener, troubles } from './answer-reader.ts';

export class GatherReader implements AnswerReader, SseSink {
  readonly sum = emptySum();
  readonly #request: CanonicalRequest;
  readonly #dialect: FarDialect;
  readonly #listener: ReaderListener;
  readonly #parser = new SseParser(limits.eventBytesMax);
  readonly #assembly: Assembly;
  #bytes = 0;
  #closed = false;

  constructor(request: CanonicalRequest, dialect: FarDialect, listener: ReaderListener) {
    this.#request = request;
    this.#dialect = dialect;
    this.#listener = listener;
    this.#assembly = dialect.assembly();
  }

  get whole(): boolean {
    return isWhole(this.sum, this.#request);
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#bytes += bytes.length;
    if (this.#bytes > limits.answerBytesMax) return this.#fail(troubles.tooLarge());
    this.#parser.push(bytes, this);
  }

  onEnd(): void {
    if (this.#closed) return;
    this.#parser.end(this);
    if (!this.#closed) this.#conclude();
  }

  onComment(): void {
    this.sum.keepAlives++;
  }

  onOverflow(): void {
    this.#fail(troubles.eventTooLarge());
  }

  onEvent(event: SseEvent): void {
    if (this.#closed) return;
    const reading = this.#dialect.readEvent(this.#request.surface, event.data);
    if (reading.fault !== null) return this.#fail(reading.fault);
    if (reading.done) return this.#conclude();
    const before = this.sum.said;
    add(this.sum, reading);
    if (event.data.trim() !== '') this.#assembly.add(event.data);
    if (!this.sum.said) {
      if (this.whole) this.#listener.onProgress();
      return;
    }
    if (before) this.#listener.onProgress();
    else this.#listener.onFirstToken();
  }

  #conclude(): void {
    if (this.sum.finishReason === null) return this.#fail(fault('cut', 'The stream ended without a finish reason.'));
    if (!this.whole) return this.#fail(troubles.saidNothing());
    this.#closed = true;
    this.#listener.onComplete(this.#assembly.whole());
  }

  #fail(trouble: Fault): void {
    if (this.whole) return this.#conclude();
    this.#closed = true;
    this.#listener.onFault(trouble);
  }
}
