// Answer readers: turn the bytes of a 2xx answer into what the relay may show and what the settlement must know. One for
// streams, one for whole bodies. Each event is parsed once. A reader never talks to the client and never decides about
// another attempt: it reports to its listener.
import type { Assembly, FarDialect, Speller } from '../dialects/dialect.ts';
import { type SseEvent, SseParser, type SseSink } from '../dialects/sse.ts';
import type { AnswerReading, CanonicalRequest } from '../kernel/chat.ts';
import { type Fault, fault } from '../kernel/fault.ts';
import { limits } from '../kernel/limits.ts';
import type { Usage } from '../kernel/usage.ts';
import { concatBytes, utf8Encode } from '../kernel/web.ts';
import type { Said, Transcript } from './transcript.ts';

/** What an answer said, summed over its events. */
export interface AnswerSum {
  /** Text, reasoning or a tool call has been seen. */
  said: boolean;
  /** The last thing said was reasoning: models may think long between two words. */
  thinking: boolean;
  characters: number;
  finishReason: string | null;
  usage: Usage | null;
  keepAlives: number;
}

export interface ReaderListener {
  /** The first text, reasoning or tool call. */
  onFirstToken(): void;
  /** Any further one. */
  onProgress(): void;
  /** Bytes for the client, in order. Called at most once per chunk read. */
  onOutput(bytes: Uint8Array): void;
  /** Complete and good. `body` is the whole answer; null when it went through `onOutput`. */
  onComplete(body: Uint8Array | null): void;
  onFault(fault: Fault): void;
}

export interface AnswerReader {
  readonly sum: AnswerSum;
  /** Finished and said something: whatever the wire does now, the answer is whole. */
  readonly whole: boolean;
  onBytes(bytes: Uint8Array): void;
  onEnd(): void;
}

const emptySum = (): AnswerSum => ({
  said: false,
  thinking: false,
  characters: 0,
  finishReason: null,
  usage: null,
  keepAlives: 0,
});

function add(sum: AnswerSum, reading: AnswerReading): void {
  sum.characters += reading.characters;
  if (reading.usage !== null) sum.usage = reading.usage;
  if (reading.finishReason !== null) sum.finishReason = reading.finishReason;
  if (reading.content || reading.toolCall) sum.thinking = false;
  else if (reading.reasoning) sum.thinking = true;
  if (reading.content || reading.reasoning || reading.toolCall) sum.said = true;
}

/**
 * "Stop" with nothing said is no answer; running out of tokens or a filter with nothing said is one, and so is silence
 * that the caller's own stop sequence may have caused.
 */
const saidNothing = (sum: AnswerSum, { body }: CanonicalRequest): boolean =>
  !sum.said && (sum.finishReason === null || (sum.finishReason === 'stop' && (body['stop'] ?? null) === null));

/** An event on its way to the client, with what the client would miss of it. */
interface Outgoing {
  readonly bytes: Uint8Array;
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
    return this.sum.finishReason !== null && !saidNothing(this.sum, this.#request);
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
    this.#fail(fault('malformed', `An event is larger than ${limits.eventBytesMax} bytes.`));
  }

  onEvent(event: SseEvent): void {
    if (this.#closed) return;
    const reading = this.#dialect.readEvent(this.#request.surface, event.data);
    if (reading.fault !== null) return this.#fail(reading.fault);
    if (reading.done) return this.#conclude('said [DONE] without a finish reason');
    const { transcript, speller } = this.#terms;
    transcript.firstData ??= event.data;
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
    if (!this.sum.said) return;
    if (before) this.#listener.onProgress();
    else this.#listener.onFirstToken();
  }

  #forward(event: SseEvent, reading: AnswerReading): void {
    const { speller } = this.#terms;
    const spelled = speller?.(event.data);
    const bytes = spelled === undefined ? verbatim(event) : spelled.bytes;
    if (bytes === null) return;
    const outgoing = { bytes, said: spelled === undefined ? reading : { ...reading, text: spelled.text } };
    if (this.#held === null) return this.#send(outgoing);
    this.#held.push(outgoing);
    this.#heldBytes += bytes.length;
    const over =
      this.#heldBytes > limits.heldBytesMax || (!this.#holdsCall && this.#held.length > limits.heldEventsMax);
    if (over || this.whole || (this.sum.said && !this.#holdsCall)) this.#release();
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    this.#holdsCall = false;
    for (const outgoing of held ?? []) this.#send(outgoing);
  }

  #send({ bytes, said }: Outgoing): void {
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
    if (!this.whole && !begun) return this.#fail(fault('empty', 'The stream finished, but said nothing.'));
    this.#release();
    this.#flush();
    this.#closed = true;
    this.#listener.onComplete(null);
  }

  #fail(trouble: Fault): void {
    // What was complete before the trouble is the client's; what was held is nobody's.
    this.#flush();
    this.#closed = true;
    this.#listener.onFault(trouble);
  }
}

const verbatim = (event: SseEvent): Uint8Array =>
  event.plain ? event.raw : utf8Encode(`data: ${event.data.replaceAll('\n', '\ndata: ')}\n\n`);

/** A stream gathered for a client that did not ask for one: clocks and faults of a stream, an answer in one piece. */
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
    return this.sum.finishReason !== null && !saidNothing(this.sum, this.#request);
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#bytes += bytes.length;
    if (this.#bytes > limits.answerBytesMax) return this.#fail(tooLarge());
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
    this.#fail(fault('malformed', `An event is larger than ${limits.eventBytesMax} bytes.`));
  }

  onEvent(event: SseEvent): void {
    if (this.#closed) return;
    const reading = this.#dialect.readEvent(this.#request.surface, event.data);
    if (reading.fault !== null) return this.#fail(reading.fault);
    if (reading.done) return this.#conclude();
    const before = this.sum.said;
    add(this.sum, reading);
    if (event.data.trim() !== '') this.#assembly.add(event.data);
    if (!this.sum.said) return;
    if (before) this.#listener.onProgress();
    else this.#listener.onFirstToken();
  }

  #conclude(): void {
    if (this.sum.finishReason === null) return this.#fail(fault('cut', 'The stream ended without a finish reason.'));
    if (!this.whole) return this.#fail(fault('empty', 'The stream finished, but said nothing.'));
    this.#closed = true;
    this.#listener.onComplete(this.#assembly.whole());
  }

  #fail(trouble: Fault): void {
    this.#closed = true;
    this.#listener.onFault(trouble);
  }
}

const tooLarge = (): Fault => fault('malformed', `The answer is larger than ${limits.answerBytesMax} bytes.`);

export class WholeReader implements AnswerReader {
  readonly sum = emptySum();
  readonly #request: CanonicalRequest;
  readonly #dialect: FarDialect;
  readonly #listener: ReaderListener;
  /** The client wants a stream: a plain body is none. */
  readonly #streams: boolean;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #closed = false;

  constructor(request: CanonicalRequest, dialect: FarDialect, listener: ReaderListener, streams: boolean) {
    this.#request = request;
    this.#dialect = dialect;
    this.#listener = listener;
    this.#streams = streams;
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
      this.#listener.onFault(tooLarge());
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
      return this.#listener.onFault(fault('empty', 'The answer finished, but said nothing.'));
    }
    this.#listener.onFirstToken();
    this.#listener.onComplete(body);
  }
}

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
