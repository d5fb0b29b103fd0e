// Errors as Bedrock answers them: the name in `x-amzn-errortype` or the body's `__type`, the words in `message`. What bears no
// name (a proxy's page, a gateway in between) is read as any other far side's error. Reading never throws.
import type { Fault } from '../../kernel/fault.ts';
import type { HeaderRecord } from '../../kernel/headers.ts';
import { isObject, type JsonValue } from '../../kernel/json.ts';
import { utf8Decode } from '../../kernel/web.ts';
import { readFault as readPlainFault } from '../openai/errors.ts';
import { retryAfterMs } from '../retry-after.ts';
import { exceptionName, faultOf, messageOf } from './trouble.ts';

/** Classifies an answer that is not 2xx; `body` may be any bytes, cut short. */
export function readFault(status: number, headers: HeaderRecord, body: Uint8Array): Fault {
  const value = parse(utf8Decode(body));
  const inBody = isObject(value) ? (value['__type'] ?? value['code']) : undefined;
  const name = exceptionName(headers['x-amzn-errortype']) ?? exceptionName(inBody);
  const read =
    name === null ? null : faultOf({ name, message: messageOf(value), status, retryAfterMs: retryAfterMs(headers) });
  return read ?? readPlainFault(status, headers, body);
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}
