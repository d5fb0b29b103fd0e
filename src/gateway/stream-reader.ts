// Stream reader: a stream's events on their way through. It holds back what comes before the first content, and unfinished
// tool calls where they could still be made anew elsewhere; all else leaves as it came, at most spelled for a later leg.
import type { FarDialect, Speller } from '../dialects/dialect.ts';
import { type SseEvent, SseParser, type SseSink } from '../dialects/sse.ts';
import type { AnswerReading, CanonicalRequest } from '../kernel/chat.ts';
import { type Fault, fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import { concatBytes, utf8Encode } from '../kernel/web.ts';
import {
  add,
  type AnswerReader,
  emptySum,
  isFinished,
  isWhole,
  type ReaderListener,
  troubles,
} from './answer-reader.ts';
import type { Said, Transcript } from './transcript.ts';

/** An event on its way to the client, with what the client would miss of it. */
interface Outgoing {
  readonly bytes: Uint8Array;
  readonly data: string;
  readonly said: Said;
}

export interface StreamTerms {
  /** Spells a later leg's events; null: they go through as they come. */
  readonly speller: Speller | null;
  /** What the client has read; kept up to date as events leave. */
  readonly transcript: Transcript;
  /** Tool calls are held until they are whole, while they could still be made anew elsewhere. */
  readonly holdsToolCalls: () => boolean;
}

export class StreamReader implements AnswerReader, SseSink {
  readonly sum = emptySum();
  readonly #request: CanonicalRequest;
  readonly #dialect: FarDialect;
  readonly #listener: ReaderListener;
  readonly #terms: StreamTerms;
  readonly #parser = new SseParser(limits.eventBytesMax);
  /** Events of the chunk being read that go on to the client. */
  #out: Uint8Array[] = [];
  /** Events before the first content, or of an unfinished tool call: shown whole, or never if the attempt fails before. */
  #held: Outgoing[] | null = [];
  #heldBytes = 0;
  #holdsCall = false;
  #usageShown = false;
  #closed = false;

  constructor(request: CanonicalRequest, dialect: FarDialect, listener: ReaderListener, terms: StreamTerms) {
    this.#request = request;
    this.#dialect = dialect;
    this.#listener = listener;
    this.#terms = terms;
  }

  get whole(): boolean {
    return isWhole(this.sum, this.#request);
  }

  /** The client asked for usage, and no event shown carried it alone. */
  get usageOwed(): boolean {
    return this.#request.includeUsage && !this.#usageShown;
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#parser.push(bytes, this);
    this.#flush();
  }

  onEnd(): void {
    if (this.#closed) return;
    this.#parser.end(this);
    this.#flush();
    if (this.#closed) return;
    this.#conclude('ended without a finish reason');
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
    if (reading.done) return this.#conclude('said [DONE] without a finish reason');
    const { transcript, speller } = this.#terms;
    const before = this.sum.said;
    add(this.sum, reading);
    if (reading.usageOnly) {
      // Of several legs none knows the whole usage: it is owed.
      if (!this.#request.includeUsage || speller !== null) return;
      this.#usageShown = true;
    }
    if (reading.toolCall && !this.#holdsCall && !transcript.toolCall && this.#terms.holdsToolCalls()) {
      this.#holdsCall = true;
      this.#held ??= [];
    }
    this.#forward(event, reading);
    if (!this.sum.said) {
      if (this.whole) this.#listener.onProgress();
      return;
    }
    if (before) this.#listener.onProgress();
    else this.#listener.onFirstToken();
  }

  #forward(event: SseEvent, reading: AnswerReading): void {
    const { speller } = this.#terms;
    const spelled = speller?.(event.data);
    const bytes = spelled === undefined ? verbatim(event) : spelled.bytes;
    if (bytes === null) return;
    const outgoing = {
      bytes,
      data: event.data,
      said: spelled === undefined ? reading : { ...reading, text: spelled.text },
    };
    if (this.#held === null) return this.#send(outgoing);
    this.#held.push(outgoing);
    this.#heldBytes += bytes.length;
    const over =
      this.#heldBytes > limits.heldBytesMax || (!this.#holdsCall && this.#held.length > limits.heldEventsMax);
    if (over || isFinished(this.sum, this.#request) || (this.sum.said && !this.#holdsCall)) this.#release();
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    this.#holdsCall = false;
    for (const outgoing of held ?? []) this.#send(outgoing);
  }

  #send({ bytes, data, said }: Outgoing): void {
    this.#terms.transcript.firstData ??= data;
    this.#terms.transcript.add(said);
    this.#out.push(bytes);
  }

  /** One write per chunk; events that lie side by side in the chunk need no copy. */
  #flush(): void {
    if (this.#out.length === 0 || this.#closed) return;
    const out = this.#out;
    this.#out = [];
    this.#listener.onOutput(joinAdjacent(out));
  }

  #conclude(trouble: string): void {
    if (this.sum.finishReason === null) return this.#fail(fault('cut', `The stream ${trouble}.`));
    const begun = this.#terms.transcript.text !== '';
    if (!isFinished(this.sum, this.#request) && !begun) return this.#fail(troubles.saidNothing());
    this.#release();
    this.#flush();
    this.#closed = true;
    this.#listener.onComplete(null);
  }

  #fail(trouble: Fault): void {
    // Nothing that follows the finish can unsay the answer.
    if (this.whole) return this.#conclude('');
    // What was complete before the trouble is the client's; what was held is nobody's.
    this.#flush();
    this.#closed = true;
    this.#listener.onFault(trouble);
  }
}

const verbatim = (event: SseEvent): Uint8Array =>
  event.plain ? event.raw : utf8Encode(`data: ${event.data.replaceAll('\n', '\ndata: ')}\n\n`);

/** Joins views that follow each other in one buffer without copying; copies only across gaps. */
function joinAdjacent(parts: readonly Uint8Array[]): Uint8Array {
  const runs: Uint8Array[] = [];
  for (const part of parts) {
    const last = runs.at(-1);
    if (last !== undefined && last.buffer === part.buffer && last.byteOffset + last.length === part.byteOffset) {
      runs[runs.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + part.length);
    } else runs.push(part);
  }
  return concatBytes(runs);
}
