// Whole reader: an answer in one body. Nobody knows whether it is one before its last byte.
import type { FarDialect } from '../dialects/dialect.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import { concatBytes } from '../kernel/web.ts';
import {
  add,
  type AnswerReader,
  type AnswerSum,
  type AnswerTap,
  emptySum,
  type ReaderListener,
  type Rewrite,
  saidNothing,
  troubles,
} from './answer-reader.ts';

export class WholeReader implements AnswerReader {
  readonly sum: AnswerSum;
  readonly #request: CanonicalRequest;
  readonly #dialect: FarDialect;
  readonly #listener: ReaderListener;
  /** How the client's dialect says a canonical answer; null: the far side speaks it. */
  readonly #rewrite: Rewrite | null;
  readonly #tap: AnswerTap | null;
  /** The client wants a stream: a plain body is none. */
  readonly #streams: boolean;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #closed = false;

  constructor(
    request: CanonicalRequest,
    dialect: FarDialect,
    listener: ReaderListener,
    rewrite: Rewrite | null,
    streams: boolean,
    tap: AnswerTap | null,
  ) {
    this.#request = request;
    this.sum = emptySum(dialect);
    this.#dialect = dialect;
    this.#listener = listener;
    this.#rewrite = rewrite;
    this.#streams = streams;
    this.#tap = tap;
  }

  /** Nobody knows before the last byte. */
  get whole(): boolean {
    return false;
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#bytes === 0) {
      // Blank lines before the body are how a busy upstream keeps the connection alive.
      const start = bytes.findIndex((byte) => byte !== 0x0a && byte !== 0x0d && byte !== 0x20);
      if (start !== 0) this.sum.keepAlives++;
      if (start < 0) return;
      bytes = bytes.subarray(start);
    }
    this.#bytes += bytes.length;
    this.#parts.push(bytes);
    if (this.#bytes > limits.answerBytesMax) {
      this.#closed = true;
      this.#listener.onFault(troubles.tooLarge());
    }
  }

  onEnd(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#bytes === 0) return this.#listener.onFault(fault('empty', 'Status 200 with an empty body.'));
    const body = concatBytes(this.#parts);
    const reading = this.#dialect.readAnswer(this.#request.surface, body);
    if (reading.fault !== null) return this.#listener.onFault(reading.fault);
    if (this.#streams) {
      return this.#listener.onFault(fault('malformed', 'A stream was asked for, a plain body came.'));
    }
    add(this.sum, reading);
    if (saidNothing(this.sum, this.#request)) {
      return this.#listener.onFault(troubles.saidNothing());
    }
    this.#listener.onFirstToken();
    const answer = this.#rewrite === null && this.#tap === null ? null : this.#dialect.chatAnswer(body);
    if (answer !== null) this.#tap?.whole(answer);
    this.#listener.onComplete(this.#rewrite === null || answer === null ? body : this.#rewrite(answer));
  }
}
