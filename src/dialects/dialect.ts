// Dialect: a wire format as seen from its two ends. The door speaks a dialect to the caller, a provider speaks one to the
// far side; both ends live in one folder per format with the same file names (request, answer, events, errors).
import type { AnswerReading, CanonicalRequest } from '../kernel/chat.ts';
import type { Fault } from '../kernel/fault.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import type { Surface } from '../kernel/lane.ts';
import type { Rejection } from '../kernel/rejection.ts';
import type { Result } from '../kernel/result.ts';
import type { Usage } from '../kernel/usage.ts';

/** What a caller is told when it does not get an answer; a Rejection or a Fault in the caller's vocabulary. */
export interface ErrorForm {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
}

/** Where a later leg of an answer joins what was shown: what may pass of its text. */
export interface Join {
  pass(text: string): string;
  end(): string;
}

/** An event of a later leg, spelled as one of the first. */
export interface Spelled {
  /** Null: nothing of it is for the client. */
  readonly bytes: Uint8Array | null;
  /** The text that the client will read. */
  readonly text: string;
}
export type Speller = (data: string) => Spelled;

/** The caller's side. */
export interface DoorDialect {
  readonly name: string;
  /** Parses and checks a body once; nobody checks again. The message names the offending parameter. */
  readRequest(surface: Surface, bytes: Uint8Array): Result<CanonicalRequest, Rejection>;
  /** A whole JSON error body. */
  errorBody(form: ErrorForm): Uint8Array;
  /** An error inside a stream that has begun; SDKs raise it. */
  errorEvent(form: ErrorForm): Uint8Array;
  /** A usage event for a caller that asked for usage whose upstream put it elsewhere or said none. */
  usageEvent(usage: Usage, model: string, id: string, created: number): Uint8Array;
  /** `firstData`: the first leg's first event; `join` null when no text was shown before. */
  speller(firstData: string | null, join: Join | null, keepsReasoning: boolean): Speller;
  /** The stream's end marker. */
  readonly endEvent: Uint8Array;
}

/** Puts a stream's events together into a whole answer. */
export interface Assembly {
  /** Data of one event that was read without a fault. */
  add(data: string): void;
  whole(): Uint8Array;
}

/** The far side. */
export interface FarDialect {
  readonly name: string;
  /** Reads one event's data. Never throws: what cannot be read is a reading with a `malformed` fault. */
  readEvent(surface: Surface, data: string): AnswerReading;
  /** Reads a whole 200 body (leading blank lines allowed). Never throws. */
  readAnswer(surface: Surface, body: Uint8Array): AnswerReading;
  /** For chat: gathers a stream for a caller who did not ask for one. */
  assembly(): Assembly;
  /** Classifies a non-2xx answer by status first, then by what the body says. `body` may be any bytes, cut short. */
  readFault(status: number, headers: HeaderRecord, body: Uint8Array): Fault;
}
