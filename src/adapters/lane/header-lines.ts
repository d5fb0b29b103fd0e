// Header lines: what stands between the first line of a head and the empty line, read strictly. One form is taken, the one
// that every HTTP implementation reads alike: `name: value CRLF`, names of token characters, no folding, no control
// characters, no bare CR or LF. It must never guess: whatever is not of that form is not read at all.
import type { HeaderRecord } from '../../kernel/headers.ts';

/** Found anywhere in a request's head, it is not of the strict form. */
export const irregularRequest = /[^\t\r\n\x20-\x7e]|\r[^\n]|[^\r]\n/;
/** Answers may hold Latin-1 besides: real servers send it in values, and llhttp takes it. */
export const irregularAnswer = /[^\t\r\n\x20-\x7e\x80-\xff]|\r[^\n]|[^\r]\n/;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/**
 * How these are written decides how the message is read. llhttp takes `chunked` with a tab behind it for another coding, and
 * then shows it without the tab: so no tab stands anywhere near them.
 */
const DECIDING = new Set(['content-length', 'transfer-encoding', 'connection', 'host']);
const SPACE = 32;
const TAB = 9;

interface KnownName {
  /** With its colon. */
  readonly sent: string;
  readonly lower: string;
}

/** Names are few and come again. Full, it is left as it is. */
const known = new Map<string, KnownName>();
const KNOWN_MAX = 1_024;
const KNOWN_LENGTH_MAX = 64;

/** In lower case; null when it is no name. */
export function headerName(sent: string): string | null {
  return knownName(sent)?.lower ?? null;
}

function knownName(sent: string): KnownName | null {
  const name = known.get(sent);
  if (name !== undefined) return name;
  if (!TOKEN.test(sent)) return null;
  const fresh = { sent: `${sent}:`, lower: sent.toLowerCase() };
  // Not `sent` itself: a piece of a string keeps all of it alive, and here that is a head with somebody's secret.
  if (known.size < KNOWN_MAX && sent.length <= KNOWN_LENGTH_MAX) known.set(fresh.sent.slice(0, -1), fresh);
  return fresh;
}

/**
 * The names of the last head, line by line. Heads of one kind are much alike, and comparing a line with a name costs less
 * than cutting the name out of it and looking that up. A wrong guess costs a comparison.
 */
export type LastNames = KnownName[];

/** No prototype to inherit from: a header may be called `constructor`. V8 keeps `{ __proto__: null }` in a slower form. */
class Headers {
  [name: string]: string | undefined;
}
Reflect.deleteProperty(Headers.prototype, 'constructor');
Object.setPrototypeOf(Headers.prototype, null);

/**
 * The lines of `text` from `from` on, which end with the empty line that ends `text`. Repeated headers are joined by ", ".
 * Null when a line is not of the strict form, when there are more than `linesMax`, or when a header of `single` is sent twice.
 * `text` was found regular before.
 */
export function readHeaderLines(
  text: string,
  from: number,
  linesMax: number,
  single: ReadonlySet<string>,
  lastNames: LastNames,
): HeaderRecord | null {
  const headers = new Headers();
  const hasTab = text.includes('\t');
  let lines = 0;
  for (let at = from; ;) {
    const end = text.indexOf('\r', at);
    if (end === at) return end + 2 === text.length ? headers : null;
    if (end < 0 || lines === linesMax) return null;
    const name = nameOfLine(text, at, end, lines++, lastNames);
    if (name === null) return null;
    const valueAt = at + name.sent.length;
    const value = trimmed(text, valueAt, end);
    const { lower } = name;
    if (hasTab && DECIDING.has(lower) && text.slice(valueAt, end).includes('\t')) return null;
    const before = headers[lower];
    if (before === undefined) headers[lower] = value;
    else if (single.has(lower)) return null;
    else headers[lower] = `${before}, ${value}`;
    at = end + 2;
  }
}

function nameOfLine(text: string, at: number, end: number, line: number, lastNames: LastNames): KnownName | null {
  const last = lastNames[line];
  if (last !== undefined && text.startsWith(last.sent, at)) return last;
  const colon = text.indexOf(':', at);
  if (colon < 0 || colon > end) return null;
  const name = knownName(text.slice(at, colon));
  if (name !== null && name.sent.length <= KNOWN_LENGTH_MAX) lastNames[line] = name;
  return name;
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;
