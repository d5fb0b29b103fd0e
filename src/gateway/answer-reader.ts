// Answer readers: turn the bytes of a 2xx answer into what the relay may show and what the settlement must know. There is one
// for streams, one for streams that are gathered, one for whole bodies (same names, same listener). Each event is parsed once.
// A reader never talks to the client and never decides about another attempt: it reports to its listener.
import type { FarDialect } from '../dialects/dialect.ts';
import type { AnswerReading, CanonicalRequest } from '../kernel/chat.ts';
import { type Fault, fault } from '../kernel/fault.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import type { Usage } from '../kernel/usage.ts';

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
  /** The far side speaks a dialect in which Claude is served. */
  readonly isClaude: boolean;
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

/** A canonical whole answer in the client's dialect. */
export type Rewrite = (answer: JsonObject) => Uint8Array;

/** Who else wants to know what is read, in the canonical form. */
export interface AnswerTap {
  /** Of a stream, as they leave for the client; `bytes`: how large they came. */
  chunks(chunks: readonly JsonObject[], bytes: number): void;
  /** A whole answer, once it is complete and good. */
  whole(answer: JsonObject): void;
}

export interface AnswerReader {
  readonly sum: AnswerSum;
  /** Finished and said something: whatever the wire does now, the answer is whole. */
  readonly whole: boolean;
  onBytes(bytes: Uint8Array): void;
  onEnd(): void;
}

export const emptySum = ({ name }: FarDialect): AnswerSum => ({
  said: false,
  thinking: false,
  characters: 0,
  finishReason: null,
  usage: null,
  keepAlives: 0,
  isClaude: name === 'anthropic' || name === 'converse',
});

/** Adds one event, or a whole answer. */
export function add(sum: AnswerSum, reading: AnswerReading): void {
  sum.characters += reading.characters;
  if (reading.usage !== null) sum.usage = reading.usage;
  if (reading.finishReason !== null) sum.finishReason = reading.finishReason;
  if (reading.content || reading.toolCall) sum.thinking = false;
  else if (reading.reasoning) sum.thinking = true;
  if (reading.content || reading.reasoning || reading.toolCall) sum.said = true;
}

/** Anything but a keep-alive: pings and empty deltas are no progress, however many come. */
export const says = ({ content, reasoning, toolCall, finishReason, usage }: AnswerReading): boolean =>
  content || reasoning || toolCall || finishReason !== null || usage !== null;

/**
 * "Stop" with nothing said is no answer; running out of tokens or a filter with nothing said is one, and so is silence
 * that the caller's own stop sequence may have caused.
 */
export const saidNothing = (sum: AnswerSum, { body }: CanonicalRequest): boolean =>
  !sum.said && (sum.finishReason === null || (sum.finishReason === 'stop' && !mayBeSilent(sum, body)));

/**
 * Claude ends its turn without a word where the results of tools leave nothing to say; Anthropic documents it, and counts
 * the tokens of that end. A far side that gave up counts none.
 */
const mayBeSilent = ({ isClaude, usage }: AnswerSum, body: JsonObject): boolean =>
  (body['stop'] ?? null) !== null ||
  (isClaude && (usage === null || usage.completionTokens > 0) && endsWithResults(body['messages']));

/** Results of tools stand behind the last turn of the assistant. */
function endsWithResults(messages: JsonValue | undefined): boolean {
  for (const message of Array.isArray(messages) ? messages.toReversed() : []) {
    if (!isObject(message) || message['role'] === 'assistant') return false;
    if (message['role'] === 'tool') return true;
  }
  return false;
}

/** A finish was read, and something was said. */
export const isFinished = (sum: AnswerSum, request: CanonicalRequest): boolean =>
  sum.finishReason !== null && !saidNothing(sum, request);

/** Finished, and it is the only answer asked for: whatever the wire does now, it is whole. */
export const isWhole = (sum: AnswerSum, request: CanonicalRequest): boolean =>
  isFinished(sum, request) && request.choices === 1 && !Array.isArray(request.body['prompt']);

export const troubles = {
  tooLarge: (): Fault => fault('malformed', `The answer is larger than ${limits.answerBytesMax} bytes.`),
  eventTooLarge: (): Fault => fault('malformed', `An event is larger than ${limits.eventBytesMax} bytes.`),
  saidNothing: (): Fault => fault('empty', 'The answer finished, but said nothing.'),
};
