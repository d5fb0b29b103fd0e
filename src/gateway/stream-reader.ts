// Stream reader: a stream's events on their way through. It holds back what comes before the first content, and unfinished
// tool calls where they could still be made anew elsewhere; all else leaves as it came, at most spelled for a later leg.
import type { DoorStream, FarDialect, FarStream } from '../dialects/dialect.ts';
import type { EventParser, EventSink, StreamEvent } from '../dialects/framing.ts';
import type { Speller } from '../dialects/openai/speller.ts';
import { type AnswerReading, type CanonicalRequest, silentReading } from '../kernel/chat.ts';
import { type Fault, fault } from '../kernel/fault.ts';
import type { JsonObject } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import { concatBytes, utf8Encode } from '../kernel/web.ts';
import {
  add,
  type AnswerReader,
  type AnswerSum,
  type AnswerTap,
  emptySum,
  isFinished,
  isWhole,
  type ReaderListener,
  says,
  troubles,
} from './answer-reader.ts';
import type { Said, Transcript } from './transcript.ts';

/** An event on its way to the client, with what the client would miss of it. */
interface Outgoing {
  readonly event: StreamEvent;
  /** What is written in its place; null: it goes by as it came. */
  readonly chunks: readonly JsonObject[] | null;
  /** The same for who reads along. */
  readonly tapped: readonly JsonObject[];
  readonly said: Said;
}

export interface StreamTerms {
  /** What the client reads; asked for when the first event leaves. */
  readonly answer: () => DoorStream;
  /** The far side speaks the client's dialect: events go by as they come. */
  readonly verbatim: boolean;
  /** Spells a later leg's chunks; null: nothing came before. */
  readonly speller: Speller | null;
  /** What the client has read; kept up to date as events leave. */
  readonly transcript: Transcript;
  /** Who reads along; null: nobody. */
  readonly tap: AnswerTap | null;
  /** Tool calls are held until they are whole, while they could still be made anew elsewhere. */
  readonly holdsToolCalls: () => boolean;
}

export class StreamReader implements AnswerReader, EventSink {
  readonly sum: AnswerSum;
  readonly #request: CanonicalRequest;
  readonly #stream: FarStream;
  readonly #listener: ReaderListener;
  readonly #terms: StreamTerms;
  readonly #parser: EventParser;
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
    this.sum = emptySum(dialect);
    this.#stream = dialect.stream(request.surface);
    this.#parser = dialect.parser(limits.eventBytesMax);
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

  onBroken(why: string): void {
    this.#fail(fault('malformed', why));
  }

  onEvent(event: StreamEvent): void {
    if (this.#closed) return;
    const reading = this.#stream.read(event);
    if (reading.fault !== null) return this.#fail(reading.fault);
    const { transcript, speller, verbatim } = this.#terms;
    if (reading.done) {
      const passes = verbatim && speller === null && event.data.trim() !== '[DONE]';
      return this.#conclude('said its end without a finish reason', passes ? event : null);
    }
    const before = this.sum.said;
    add(this.sum, reading);
    if (reading.usageOnly) {
      // Of several legs none knows the whole usage, and other dialects tell it elsewhere: it is owed.
      if (!this.#request.includeUsage || speller !== null || !verbatim) return;
      this.#usageShown = true;
    }
    if (reading.toolCall && !this.#holdsCall && !transcript.toolCall && this.#terms.holdsToolCalls()) {
      this.#holdsCall = true;
      this.#held ??= [];
    }
    this.#forward(event, reading);
    if (this.sum.said && !before) this.#listener.onFirstToken();
    else if (this.whole || (before && says(reading))) this.#listener.onProgress();
  }

  #forward(event: StreamEvent, reading: AnswerReading): void {
    const outgoing = this.#outgoing(event, reading);
    if (outgoing === null) return;
    if (this.#held === null) return this.#send(outgoing);
    this.#held.push(outgoing);
    this.#heldBytes += event.raw.length;
    const over =
      this.#heldBytes > limits.heldBytesMax || (!this.#holdsCall && this.#held.length > limits.heldEventsMax);
    if (over || isFinished(this.sum, this.#request) || (this.sum.said && !this.#holdsCall)) this.#release();
  }

  /** Null: nothing of it is for the client. */
  #outgoing(event: StreamEvent, reading: AnswerReading): Outgoing | null {
    const { speller, verbatim, tap } = this.#terms;
    if (speller === null && verbatim) {
      return { event, chunks: null, tapped: tap === null ? [] : this.#stream.chunks(), said: reading };
    }
    const chunks = this.#stream.chunks();
    if (speller === null) return chunks.length === 0 ? null : { event, chunks, tapped: chunks, said: reading };
    const spelled = chunks.map(speller);
    const left = spelled.flatMap(({ chunk }) => (chunk === null ? [] : [chunk]));
    if (left.length === 0) return null;
    const said = { ...reading, text: spelled.map(({ text }) => text).join('') };
    return { event, chunks: left, tapped: left, said };
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    this.#holdsCall = false;
    for (const outgoing of held ?? []) this.#send(outgoing);
  }

  #send({ event, chunks, tapped, said }: Outgoing): void {
    const answer = this.#terms.answer();
    this.#terms.transcript.add(said);
    this.#terms.tap?.chunks(tapped, event.raw.length);
    if (chunks === null) {
      answer.pass(event);
      this.#out.push(asItCame(event));
      return;
    }
    for (const chunk of chunks) {
      const bytes = answer.write(chunk);
      if (bytes !== null) this.#out.push(bytes);
    }
  }

  /** One write per chunk; events that lie side by side in the chunk need no copy. */
  #flush(): void {
    if (this.#out.length === 0 || this.#closed) return;
    const out = this.#out;
    this.#out = [];
    this.#listener.onOutput(joinAdjacent(out));
  }

  /** `end`: the event that ends the stream in the client's own dialect, and may say more (Bedrock's metrics). */
  #conclude(trouble: string, end: StreamEvent | null = null): void {
    if (this.sum.finishReason === null) return this.#fail(fault('cut', `The stream ${trouble}.`));
    const begun = this.#terms.transcript.text !== '';
    if (!isFinished(this.sum, this.#request) && !begun) return this.#fail(troubles.saidNothing());
    this.#release();
    if (end !== null) this.#send({ event: end, chunks: null, tapped: [], said: silentReading });
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

function asItCame({ plain, raw, name, data }: StreamEvent): Uint8Array {
  if (plain) return raw;
  const named = name === null ? '' : `event: ${name}\n`;
  return utf8Encode(`${named}data: ${data.replaceAll('\n', '\ndata: ')}\n\n`);
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
