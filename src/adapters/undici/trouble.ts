// Trouble: undici's and Node's errors → the four kinds the classifier knows. Decided by whether the request had been put on
// a connection, then by code or class. The message may reach a caller: it names addresses and codes only.
import type { WireTrouble } from '../../ports/upstream.ts';

interface CodedError extends Error {
  readonly code?: unknown;
  /** On undici's socket errors: what went over the connection before it broke. */
  readonly socket?: { readonly bytesRead?: number } | null;
  readonly errors?: readonly unknown[];
  /** On undici's parser errors: the bytes from the wrong one on. */
  readonly data?: unknown;
}

/** What is wrong with the request itself, before any connection: our bug, or a header nobody can send. */
const UNSENDABLE = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH']);
const CLOSED = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/** `sent`: the request was on a connection. `headSeen`: the answer's head had come. */
export function wireTrouble(error: Error, sent: boolean, headSeen: boolean): WireTrouble {
  const coded: CodedError = error;
  const code = typeof coded.code === 'string' ? coded.code : '';
  if (CLOSED.has(code)) return { kind: 'cancelled', message: 'the transport was closed' };
  if (UNSENDABLE.has(code)) return { kind: 'protocol', message: `the request cannot be sent: ${error.message}` };
  if (!sent) return { kind: 'connect', message: `cannot connect: ${describe(coded, code)}` };
  if (isCut(coded, code)) return { kind: 'reset', message: 'the connection was closed in the middle of the answer' };
  if (isParserError(coded) || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { kind: 'protocol', message: `the answer is not valid HTTP: ${describe(coded, code)}` };
  }
  // undici calls an answer that may not stand here (101 unasked, bytes before the request) a socket error.
  if (error.message.startsWith('bad ')) return { kind: 'protocol', message: 'the answer is not one to this request' };
  return { kind: 'reset', message: `the connection was lost ${when(coded, headSeen)}: ${describe(coded, code)}` };
}

/** With undici's default parser the code is missing (8.13), so the class has to say it. */
function isParserError(error: CodedError): boolean {
  return error.name === 'HTTPParserError';
}

/** The parser's words for an answer that stops in the middle: there is no wrong byte. Cut, not garbled. */
function isCut(error: CodedError, code: string): boolean {
  return code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || (isParserError(error) && error.data === '');
}

/** A kept connection that the far side closed just then says nothing about its health, unlike a fresh one. */
function when(error: CodedError, headSeen: boolean): string {
  if (headSeen) return 'in the middle of the answer';
  const reused = (error.socket?.bytesRead ?? 0) > 0;
  return reused ? 'before any answer (a kept connection the far side had closed)' : 'before any answer';
}

function describe(error: CodedError, code: string): string {
  // Several addresses were tried: the outer error has no words of its own.
  const inner = error.errors?.find((one) => one instanceof Error);
  const words = error.message === '' && inner instanceof Error ? inner.message : error.message;
  const named = code === '' || words.includes(code) ? words : `${words} (${code})`;
  return named.length > 300 ? `${named.slice(0, 299)}…` : named;
}
