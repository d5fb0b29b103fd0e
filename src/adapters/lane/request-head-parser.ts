// Request head parser: bytes → the head of one request that the lane serves, or the word that it is not for the lane. The
// subset is strict: POST, a fixed route, HTTP/1.1, one Host, one Content-Length or `Transfer-Encoding: chunked`, an
// ordinary Connection. It must never refuse: what it does not know, node:http judges (with one wording of every refusal),
// and must never take what node:http would read in another way.
import type { HeaderRecord } from '../../kernel/headers.ts';
import { HeadCollector } from './head-collector.ts';
import { irregularRequest, type LastNames, readHeaderLines } from './header-lines.ts';

export interface HeadRules {
  readonly headBytesMax: number;
  readonly headersMax: number;
  /** Paths served, as they stand in a request line; each takes POST only. */
  readonly routes: ReadonlySet<string>;
}

export interface RequestHead {
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly headers: HeaderRecord;
  /** 0: there is none; null: chunked. */
  readonly bodyBytes: number | null;
  readonly keepAlive: boolean;
}

/** `handOver`: node:http shall read this head, from its first byte on. */
export type HeadOutcome = RequestHead | 'more' | 'handOver';

const METHOD = 'POST ';
const VERSION = ' HTTP/1.1\r\n';
/** Two of these never have one meaning. */
const SINGLE = new Set(['content-length', 'host', 'authorization', 'transfer-encoding']);
/** Headers that ask for something beyond a plain exchange. llhttp reads `proxy-connection` like `connection`. */
const BEYOND = ['upgrade', 'expect', 'content-encoding', 'proxy-connection'] as const;
const QUERY = /^[\w\-.~!$&'()*+,;=:@/?%]*$/;
/** More digits than any body has. Node's parser lets leading zeros through, and so does this. */
const LENGTH = /^\d{1,15}$/;
const lastNames: LastNames = [];

export class RequestHeadParser {
  /** Where the bytes of the last `push` go on after the head that it answered. */
  restAt = 0;
  readonly #rules: HeadRules;
  readonly #collector: HeadCollector;
  #chunkIsKept = false;

  constructor(rules: HeadRules) {
    this.#rules = rules;
    this.#collector = new HeadCollector(rules.headBytesMax);
  }

  /** A part of a head has come. */
  get begun(): boolean {
    return this.#collector.begun;
  }

  push(chunk: Buffer, at: number, end: number): HeadOutcome {
    const collector = this.#collector;
    const seen = collector.kept.length;
    const restAt = collector.collect(chunk, at, end);
    this.#chunkIsKept = restAt === -1;
    if (restAt === -1) return mayBecomeHead(collector.kept, seen) ? 'more' : 'handOver';
    if (restAt === -2) return 'handOver';
    const head = parse(collector.bytes.toString('latin1', collector.from, collector.to), this.#rules);
    if (head === null) return 'handOver';
    this.restAt = restAt;
    collector.clear();
    return head;
  }

  /** After `handOver`: every byte from the head's first on. `chunk` and `at` as they were given to `push`. */
  unread(chunk: Buffer, at: number): Buffer {
    const { kept } = this.#collector;
    if (this.#chunkIsKept) return kept;
    return kept.length === 0 ? chunk.subarray(at) : Buffer.concat([kept, chunk.subarray(at)]);
  }
}

/** Of a head that has not ended: false as soon as it cannot be one of ours. `from`: what was looked at before. */
function mayBecomeHead(kept: Buffer, from: number): boolean {
  const begin = kept.toString('latin1', 0, METHOD.length);
  if (!METHOD.startsWith(begin)) return false;
  return !irregularRequest.test(kept.toString('latin1', Math.max(0, from - 1)));
}

function parse(text: string, rules: HeadRules): RequestHead | null {
  if (!text.startsWith(METHOD) || irregularRequest.test(text)) return null;
  const targetEnd = text.indexOf(' ', METHOD.length);
  if (!text.startsWith(VERSION, targetEnd)) return null;
  const target = text.slice(METHOD.length, targetEnd);
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (!rules.routes.has(path) || !QUERY.test(query)) return null;
  const headers = readHeaderLines(text, targetEnd + VERSION.length, rules.headersMax, SINGLE, lastNames);
  if (headers === null || headers['host'] === undefined) return null;
  for (const name of BEYOND) if (headers[name] !== undefined) return null;
  const bodyBytes = bodyBytesOf(headers);
  const keepAlive = keepsAlive(headers['connection']);
  return bodyBytes === undefined || keepAlive === undefined ? null : { path, query, headers, bodyBytes, keepAlive };
}

/** Undefined when the framing is not one of the two that have one meaning. */
function bodyBytesOf(headers: HeaderRecord): number | null | undefined {
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) return length === undefined && coding.toLowerCase() === 'chunked' ? null : undefined;
  if (length === undefined) return 0;
  return LENGTH.test(length) ? Number(length) : undefined;
}

function keepsAlive(connection: string | undefined): boolean | undefined {
  if (connection === undefined) return true;
  const said = connection.toLowerCase();
  if (said === 'keep-alive') return true;
  return said === 'close' ? false : undefined;
}
