// Errors in Anthropic's wire format: how we tell one to the caller, and how we read one from a far side. Reading never throws.
import type { Fault } from '../../kernel/fault.ts';
import type { HeaderRecord } from '../../kernel/headers.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { ErrorForm } from '../dialect.ts';
import { readFault as readAnyFault } from '../openai/errors.ts';
import { retryAfterMs } from '../retry-after.ts';
import { readJson } from './values.ts';
import { faultOfStatus, saidIn } from './trouble.ts';

/** The API has no 503: it says 529, and its SDKs know that as `OverloadedError`. */
export const errorStatus = ({ status }: ErrorForm): number => (status === 503 ? 529 : status);

const types: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [409, 'conflict_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
]);

function typeOf(status: number): string {
  return types.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

/** Claude Code compacts a conversation when it reads these words, and no others. */
const TOO_LONG = 'prompt is too long';

function errorOf({ status, message, code }: ErrorForm): { readonly type: string; readonly message: string } {
  const isTooLong = code === 'context_length_exceeded' && !message.toLowerCase().includes(TOO_LONG);
  return { type: typeOf(status), message: isTooLong ? `${TOO_LONG}: ${message}` : message };
}

export function errorBody(form: ErrorForm, requestId: string): Uint8Array {
  return utf8Encode(JSON.stringify({ type: 'error', error: errorOf(form), request_id: requestId }));
}

/** SDKs raise what this writes; after a 200 head it is the only honest way to fail a stream. */
export function errorEvent(form: ErrorForm, requestId: string): Uint8Array {
  const event = { type: 'error', error: errorOf(form), request_id: requestId };
  return utf8Encode(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}

/** Classifies an answer that is not 2xx; `body` may be any bytes, cut short. Pages and plain text are a proxy's. */
export function readFault(status: number, headers: HeaderRecord, body: Uint8Array): Fault {
  const value = readJson(utf8Decode(body).trim());
  const said = typeof value === 'string' ? null : saidIn(value);
  return said === null ? readAnyFault(status, headers, body) : faultOfStatus(status, said, retryAfterMs(headers));
}
