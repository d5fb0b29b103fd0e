// Reply head: status and headers as they go over the wire. It must never let a value break out of its line: what cannot be
// sent throws, as node:http does, and becomes a reported bug.
import { STATUS_CODES } from '../node-http.ts';
import type { HeaderList } from '../../kernel/headers.ts';
import { headerName } from './header-lines.ts';

/** How the reader finds the end of the body. `none`: this status has no body. */
export type Framing = 'none' | 'length' | 'chunked';

const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;
const CONTENT_LENGTH = 'content-length';
const statusLines = new Map<number, string>();

/** `bytes`: the body's length, declared or at hand; null: it streams. */
export function framingOf(status: number, bytes: number | null): Framing {
  if (status === 204 || status === 304 || status < 200) return 'none';
  return bytes === null ? 'chunked' : 'length';
}

/**
 * `unsaid`: the body's length where the headers do not say it. `more`: whole lines about the connection. Throws when a name
 * or a value cannot be sent.
 */
export function replyHead(
  status: number,
  headers: HeaderList,
  framing: Framing,
  unsaid: number | null,
  more: string,
): string {
  let text = statusLine(status);
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    const value = headers[at + 1] as string;
    if (headerName(name) === null) throw new TypeError(`a reply has a header name that cannot be sent`);
    if (UNSENDABLE.test(value)) throw new TypeError(`the value of the header ${name} cannot be sent`);
    text += `${name}: ${value}\r\n`;
  }
  if (framing === 'chunked') text += 'transfer-encoding: chunked\r\n';
  else if (framing === 'length' && unsaid !== null) text += `content-length: ${unsaid}\r\n`;
  return `${text}${more}\r\n`;
}

/** The length that the headers declare; null when they declare none. */
export function declaredLength(headers: HeaderList): number | null {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    if (name.length === CONTENT_LENGTH.length && name.toLowerCase() === CONTENT_LENGTH) return Number(headers[at + 1]);
  }
  return null;
}

function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    statusLines.set(status, line);
  }
  return line;
}
