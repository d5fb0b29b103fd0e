// Trouble: undici's and Node's errors → the four kinds the classifier knows. Decided by whether the request had been put on
// a connection, then by code or class.
import type { WireTrouble } from '../../ports/upstream.ts';
import { cannotConnect, cannotSend, describe, lost, notHttp, transportClosed } from '../wire-trouble.ts';

interface CodedError extends Error {
  readonly code?: unknown;
  /** On undici's socket errors: what went over the connection before it broke. */
  readonly socket?: { readonly bytesRead?: number } | null;
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
  if (CLOSED.has(code)) return transportClosed;
  if (UNSENDABLE.has(code)) return cannotSend(error.message);
  if (!sent) return cannotConnect(describe(error));
  if (isCut(coded, code)) return lost(null, true, false);
  if (isParserError(coded) || code === 'UND_ERR_HEADERS_OVERFLOW') return notHttp(describe(error));
  // undici calls an answer that may not stand here (101 unasked, bytes before the request) a socket error.
  if (error.message.startsWith('bad ')) return { kind: 'protocol', message: 'the answer is not one to this request' };
  return lost(error, headSeen, (coded.socket?.bytesRead ?? 0) > 0);
}

/** With undici's default parser the code is missing (8.13), so the class has to say it. */
function isParserError(error: CodedError): boolean {
  return error.name === 'HTTPParserError';
}

/** The parser's words for an answer that stops in the middle: there is no wrong byte. Cut, not garbled. */
function isCut(error: CodedError, code: string): boolean {
  return code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || (isParserError(error) && error.data === '');
}
