// Errors in OpenAI's wire format: how we tell one to the caller, and how we read one from a far side. SDKs raise the same form
// in a stream's event; after a 200 head that is the only honest way to fail. Reading never throws.
import type { Fault } from '../../kernel/fault.ts';
import type { HeaderRecord } from '../../kernel/headers.ts';
import type { JsonValue } from '../../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { ErrorForm } from '../dialect.ts';
import { retryAfterMs } from '../retry-after.ts';
import { classify, readSaid } from './trouble.ts';
import type { Said } from './trouble.ts';

export function errorBody(form: ErrorForm): Uint8Array {
  return utf8Encode(errorJson(form));
}

export function errorJson({ message, type, param, code }: ErrorForm): string {
  return JSON.stringify({ error: { message: code === TOO_LONG ? knownWords(message) : message, type, param, code } });
}

const TOO_LONG = 'context_length_exceeded';

/** LangChain and others know a prompt that is too long by OpenAI's words alone. */
const knownWords = (message: string): string =>
  /maximum context length|exceeds the context window/i.test(message)
    ? message
    : `This model's maximum context length is exceeded: ${message}`;

/** Classifies an answer that is not 2xx; `body` may be any bytes, cut short. */
export function readFault(status: number, headers: HeaderRecord, body: Uint8Array): Fault {
  const text = utf8Decode(body).trim();
  const words = text.startsWith('<') ? null : readJson(text);
  const fault = classify(status, words ?? plainWords(status, text), retryAfterMs(headers));
  // A page where JSON was promised: not this API's 4xx but a proxy's or a wrong base URL; the request is not to blame.
  const isPage = words === null && text.startsWith('<') && fault.kind === 'badRequest';
  return isPage || (status === 403 && text.startsWith('<') && fault.kind === 'credential')
    ? { ...fault, kind: 'malformed' }
    : fault;
}

function readJson(text: string): Said | null {
  try {
    const value: JsonValue = JSON.parse(text);
    return readSaid(value);
  } catch {
    return null;
  }
}

/** An HTML page is told by its title, any other text by its beginning. */
function plainWords(status: number, text: string): Said {
  // No pattern with two stretches of space around the words: 64 KiB of spaces would take it hours.
  const title = /<title>([^<]{1,1000})<\/title>/i.exec(text)?.[1]?.trim().slice(0, 200) ?? '';
  const page = title === '' ? 'an HTML page' : `an HTML page: ${title}`;
  const message = text.startsWith('<') ? `The upstream answered ${status} with ${page}` : text.slice(0, 500);
  return { message, type: null, code: null, param: null, status: null };
}
