// Request text: an upstream request's head as it goes over the wire. It must never let a value break out of its line, and
// leaves requests whose headers speak about the connection or the framing to the other transport.
import type { UpstreamRequest } from '../../ports/upstream.ts';
import { headerName } from './header-lines.ts';

/** `odd`: not for the lane. `unsendable`: for nobody, and why. */
export type RequestText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'odd' }
  | { readonly kind: 'unsendable'; readonly why: string };

const UNSENDABLE_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const UNSENDABLE_PATH = /[^\x21-\x7e\x80-\xff]/;
const ODD = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const odd = { kind: 'odd' } as const;

/** `start`: the lines up to and with `host` and `connection`; see `startLines`. */
export function requestText({ headers, body, method }: UpstreamRequest, start: string): RequestText {
  let text = start;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const sent = headers[at] as string;
    const value = headers[at + 1] as string;
    const name = headerName(sent);
    if (name === null) return { kind: 'unsendable', why: 'a header has no valid name' };
    if (ODD.has(name)) return odd;
    if (UNSENDABLE_VALUE.test(value)) return { kind: 'unsendable', why: `the header ${name} has no valid value` };
    text += `${sent}: ${value}\r\n`;
  }
  if (body !== null) text += `content-length: ${body.length}\r\n\r\n`;
  else text += method === 'POST' ? 'content-length: 0\r\n\r\n' : '\r\n';
  return { kind: 'text', text };
}

/** Null when the path cannot be sent. */
export function startLines(method: string, path: string, host: string): string | null {
  if (!path.startsWith('/') || UNSENDABLE_PATH.test(path)) return null;
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
}
