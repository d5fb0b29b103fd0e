// Request head: Node's parsed head → the InboundHead the door sees. Everything ambiguous is refused here, so that nobody
// inside has to ask which of two Authorization headers counts, or whether a path climbs out of its folder.
import type { IncomingMessage } from 'node:http';
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { HeaderRecord } from '../../kernel/headers.ts';
import type { Result } from '../../kernel/result.ts';
import { fail, ok } from '../../kernel/result.ts';
import type { InboundHead } from '../../ports/door.ts';
import type { WireError } from './wire-error.ts';
import { badRequest } from './wire-error.ts';

/** Two of these never have one meaning; proxies differ in which they take, and smuggling lives of the difference. */
const SINGLE = new Set(['content-length', 'host', 'authorization', 'transfer-encoding']);

export function readHead(
  request: IncomingMessage,
  headersMax: number,
  receivedAt: MonotonicMs,
  listener: 'main' | 'admin',
): Result<InboundHead, WireError> {
  const headers = readHeaders(request.rawHeaders, headersMax);
  if (!headers.ok) return headers;
  if (headers.value['host'] === undefined && request.httpVersion === '1.1') return fail(badRequest('Host is missing.'));
  const target = originForm(request.url ?? '');
  const mark = target.indexOf('?');
  const path = readPath(mark < 0 ? target : target.slice(0, mark));
  if (path === null) return fail(badRequest('The path is not a valid URL path.'));
  return ok({
    method: request.method ?? '',
    path,
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: headers.value,
    receivedAt,
    remote: remoteOf(request.socket.remoteAddress),
    listener,
  });
}

/** [name, value, name, value, …] as they came → lower-case names, repeated ones joined. */
function readHeaders(raw: readonly string[], headersMax: number): Result<HeaderRecord, WireError> {
  if (raw.length > 2 * headersMax) {
    return fail({ status: 431, code: 'headers_too_large', message: `More than ${headersMax} headers.` });
  }
  // Without a prototype: a header may be called `constructor`.
  const headers = { __proto__: null } as unknown as Record<string, string | undefined>;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const value = raw[at + 1] as string;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (SINGLE.has(name)) return fail(badRequest(`Header ${name} is sent more than once.`));
    else headers[name] = `${before}, ${value}`;
  }
  return ok(headers);
}

/** `http://host/path` (what a client sends to a forward proxy) → `/path`. */
function originForm(target: string): string {
  if (target.startsWith('/') || !/^https?:\/\//i.test(target)) return target;
  const slash = target.indexOf('/', target.indexOf('//') + 2);
  return slash < 0 ? '/' : target.slice(slash);
}

/** Decoded once; doubled slashes (a base URL with a trailing one) become one; null for anything that could climb or hide. */
function readPath(encoded: string): string | null {
  if (!encoded.startsWith('/')) return null;
  let path = encoded;
  if (encoded.includes('%')) {
    try {
      path = decodeURIComponent(encoded);
    } catch {
      return null;
    }
  }
  if (path.includes('//')) path = path.replaceAll(/\/{2,}/g, '/');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001f\u007f\\]|\/\.{1,2}(?:\/|$)/.test(path) ? null : path;
}

export function remoteOf(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
