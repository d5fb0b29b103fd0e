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

/** Names are few and come again: as they were sent → lower case. Full, it is left as it is. */
const known = new Map<string, string>();
const KNOWN_MAX = 1_024;
const KNOWN_LENGTH_MAX = 64;

/** Null when it is no name. */
export function headerName(sent: string): string | null {
  const name = known.get(sent);
  if (name !== undefined) return name;
  if (!TOKEN.test(sent)) return null;
  const lower = sent.toLowerCase();
  if (known.size < KNOWN_MAX && sent.length <= KNOWN_LENGTH_MAX) known.set(sent, lower);
  return lower;
}

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
): HeaderRecord | null {
  // Without a prototype: a header may be called `constructor`.
  const headers = { __proto__: null } as unknown as Record<string, string | undefined>;
  const hasTab = text.includes('\t');
  let lines = 0;
  for (let at = from; ;) {
    const end = text.indexOf('\r', at);
    if (end === at) return end + 2 === text.length ? headers : null;
    const colon = text.indexOf(':', at);
    if (end < 0 || colon < 0 || colon > end || ++lines > linesMax) return null;
    const name = headerName(text.slice(at, colon));
    if (name === null) return null;
    const value = trimmed(text, colon + 1, end);
    if (hasTab && DECIDING.has(name) && text.slice(colon, end).includes('\t')) return null;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (single.has(name)) return null;
    else headers[name] = `${before}, ${value}`;
    at = end + 2;
  }
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;
