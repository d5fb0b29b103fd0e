// Gather reader: a stream put together for a client that did not ask for one: the clocks and early faults of a stream, an
// answer in one piece.
import type { Assembly, FarDialect, FarStream } from '../dialects/dialect.ts';
import type { EventParser, EventSink, StreamEvent } from '../dialects/framing.ts';
import { ChatAssembly } from '../dialects/openai/assembly.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { type Fault, fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import {
  add,
  type AnswerReader,
  type AnswerSum,
  type AnswerTap,
  emptySum,
  isWhole,
  type ReaderListener,
  type Rewrite,
  says,
  troubles,
} from './answer-reader.ts';

export class GatherReader implements AnswerReader, EventSink {
  readonly sum: AnswerSum;
  readonly #request: CanonicalRequest;
  readonly #stream: FarStream;
  readonly #listener: ReaderListener;
  readonly #parser: EventParser;
  readonly #gathering: Gathering;
  #bytes = 0;
  #closed = false;

  /** `rewrite`: how the client's dialect says a canonical answer; null: the far side speaks it. */
  constructor(
    request: CanonicalRequest,
    dialect: FarDialect,
    listener: ReaderListener,
    rewrite: Rewrite | null,
    tap: AnswerTap | null,
  ) {
    this.#request = request;
    this.sum = emptySum(dialect);
    this.#stream = dialect.stream(request.surface);
    this.#parser = dialect.parser(limits.eventBytesMax);
    this.#listener = listener;
    this.#gathering =
      rewrite === null ? asItCame(dialect, tap) : rewritten(new ChatAssembly(), this.#stream, rewrite, tap);
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

  onBroken(why: string): void {
    this.#fail(fault('malformed', why));
  }

  onEvent(event: StreamEvent): void {
    if (this.#closed) return;
    const reading = this.#stream.read(event);
    if (reading.fault !== null) return this.#fail(reading.fault);
    if (reading.done) return this.#conclude();
    const before = this.sum.said;
    add(this.sum, reading);
    this.#gathering.add(event);
    if (this.sum.said && !before) this.#listener.onFirstToken();
    else if (this.whole || (before && says(reading))) this.#listener.onProgress();
  }

  #conclude(): void {
    if (this.sum.finishReason === null) return this.#fail(fault('cut', 'The stream ended without a finish reason.'));
    if (!this.whole) return this.#fail(troubles.saidNothing());
    this.#closed = true;
    this.#listener.onComplete(this.#gathering.whole());
  }

  #fail(trouble: Fault): void {
    if (this.whole) return this.#conclude();
    this.#closed = true;
    this.#listener.onFault(trouble);
  }
}

interface Gathering {
  add(event: StreamEvent): void;
  whole(): Uint8Array;
}

function asItCame(dialect: FarDialect, tap: AnswerTap | null): Gathering {
  const assembly: Assembly = dialect.assembly();
  return {
    add: ({ data }) => {
      if (data.trim() !== '') assembly.add(data);
    },
    whole: () => {
      const body = assembly.whole();
      tap?.whole(dialect.chatAnswer(body));
      return body;
    },
  };
}

/** `stream` has just read the event that is added. */
const rewritten = (assembly: ChatAssembly, stream: FarStream, rewrite: Rewrite, tap: AnswerTap | null): Gathering => ({
  add: () => {
    for (const chunk of stream.chunks()) assembly.addChunk(chunk);
  },
  whole: () => {
    const answer = assembly.answer();
    tap?.whole(answer);
    return rewrite(answer);
  },
});
