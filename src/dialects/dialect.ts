// Dialect: a wire format as seen from its two ends. The door speaks a dialect to the caller, a provider speaks one to the
// far side; both ends live in one folder per format with the same file names (request, answer, events, errors). Between them
// stands the canonical chat, which is OpenAI's chat completions: where both ends speak the same dialect nothing is translated,
// else a far side's events become canonical chunks and the door writes those in its caller's words.
import type { AnswerReading, CanonicalRequest } from '../kernel/chat.ts';
import type { DialectName } from '../kernel/dialect-name.ts';
import type { Fault } from '../kernel/fault.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Surface } from '../kernel/lane.ts';
import type { Rejection } from '../kernel/rejection.ts';
import type { Result } from '../kernel/result.ts';
import type { Usage } from '../kernel/usage.ts';
import type { EventParser, StreamEvent } from './framing.ts';

/** What a caller is told when it does not get an answer; a Rejection or a Fault in OpenAI's vocabulary. */
export interface ErrorForm {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
}

/** What an answer of ours is called where no upstream has named it, or another dialect's name does not fit. */
export interface AnswerIdentity {
  /** The exchange's id: letters, digits and `_`. */
  readonly id: string;
  /** The model as the client asked for it. */
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly request: CanonicalRequest;
}

/** An answer's stream as the caller reads it. One per exchange: later legs of a broken answer go on in it. */
export interface DoorStream {
  /** A canonical chunk in the caller's words; null when it says nothing there. */
  write(chunk: JsonObject): Uint8Array | null;
  /** An event of the caller's own dialect goes by as it came: what later ones must agree with is remembered. */
  pass(event: StreamEvent): void;
  /**
   * What ends the stream cleanly: usage, finish and end marker, as far as `pass` has not seen them go by. `usage` is the
   * whole answer's, over all legs; null when nothing shall be told of it.
   */
  end(usage: Usage | null): Uint8Array;
  /** An error inside a stream that has begun; SDKs raise it. */
  error(form: ErrorForm): Uint8Array;
}

/** The caller's side. */
export interface DoorDialect {
  readonly name: DialectName;
  /** Where its SDKs look for the id of a request. */
  readonly requestIdHeader: string;
  /** Parses and checks a body once; nobody checks again. The message names the offending parameter. */
  readRequest(surface: Surface, bytes: Uint8Array): Result<CanonicalRequest, Rejection>;
  /** The status for a form: dialects differ (Anthropic's overload is 529). */
  errorStatus(form: ErrorForm): number;
  /** A whole JSON error body. */
  errorBody(form: ErrorForm, requestId: string): Uint8Array;
  stream(identity: AnswerIdentity): DoorStream;
  /** A canonical whole answer (chat completion) in the caller's words. */
  writeAnswer(answer: JsonObject, identity: AnswerIdentity): Uint8Array;
}

/** Puts a stream's events together into a whole answer of the same dialect. */
export interface Assembly {
  /** Data of one event that was read without a fault. */
  add(data: string): void;
  whole(): Uint8Array;
}

/** One stream of a far side. */
export interface FarStream {
  /** Reads one event. Never throws: what cannot be read is a reading with a `malformed` fault. */
  read(event: StreamEvent): AnswerReading;
  /** The event just read as canonical chunks (`chat.completion.chunk`), usage included; empty when it says nothing there. */
  chunks(): readonly JsonObject[];
}

/** The far side. */
export interface FarDialect {
  readonly name: DialectName;
  /** The stream's content type, lower case; anything else in answer to a stream is a whole body. */
  readonly streamType: string;
  parser(eventBytesMax: number): EventParser;
  stream(surface: Surface): FarStream;
  /** Reads a whole 200 body (leading blank lines allowed). Never throws. */
  readAnswer(surface: Surface, body: Uint8Array): AnswerReading;
  /** A whole answer that was read without a fault, as a canonical one (`chat.completion`). */
  chatAnswer(body: Uint8Array): JsonObject;
  /** For chat: gathers a stream for a caller of the same dialect who did not ask for one. */
  assembly(): Assembly;
  /** Classifies a non-2xx answer by status first, then by what the body says. `body` may be any bytes, cut short. */
  readFault(status: number, headers: HeaderRecord, body: Uint8Array): Fault;
}
