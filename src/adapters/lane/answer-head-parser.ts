// Answer head parser: bytes → the head of one upstream answer, read as strictly as a request's. An answer cannot be handed
// to another parser, for the request has been sent: what has more than one meaning is broken. It must never take an answer
// that llhttp would frame in another way: the bytes after it belong to somebody else's request.
import type { HeaderRecord } from '../../kernel/headers.ts';
import { HeadCollector } from './head-collector.ts';
import { irregularAnswer, type LastNames, readHeaderLines } from './header-lines.ts';

export interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly framing: AnswerFraming;
  /** The far side lets the connection live after this answer. */
  readonly keepAlive: boolean;
}

/** The body's length; `chunked`; or all there is until the connection ends. */
export type AnswerFraming = number | 'chunked' | 'close';

export type AnswerHeadOutcome = AnswerHead | 'more' | 'broken';

const VERSION = 'HTTP/1.';
const STATUS_AT = 9;
const STATUS_END = 12;
const SINGLE = new Set(['content-length', 'transfer-encoding']);
const LENGTH = /^\d{1,15}$/;
const lastNames: LastNames = [];

export class AnswerHeadParser {
  /** Where the bytes of the last `push` go on after the head that it answered. */
  restAt = 0;
  readonly #headersMax: number;
  readonly #collector: HeadCollector;

  constructor(headBytesMax: number, headersMax: number) {
    this.#headersMax = headersMax;
    this.#collector = new HeadCollector(headBytesMax);
  }

  push(bytes: Buffer, at: number, end: number): AnswerHeadOutcome {
    const collector = this.#collector;
    const restAt = collector.collect(bytes, at, end);
    if (restAt === -1) return mayBecomeHead(collector.kept) ? 'more' : 'broken';
    if (restAt === -2) return 'broken';
    const head = parse(collector.bytes.toString('latin1', collector.from, collector.to), this.#headersMax);
    if (head === null) return 'broken';
    this.restAt = restAt;
    collector.clear();
    return head;
  }
}

/** Other protocols are told apart by their first bytes: they may never send an empty line. */
const mayBecomeHead = (kept: Buffer): boolean => VERSION.startsWith(kept.toString('latin1', 0, VERSION.length));

function parse(text: string, headersMax: number): AnswerHead | null {
  if (!text.startsWith(VERSION) || irregularAnswer.test(text)) return null;
  const minor = text[VERSION.length];
  if (minor !== '1' && minor !== '0') return null;
  const status = statusOf(text);
  const lineEnd = text.indexOf('\r');
  if (status === 0 || (lineEnd !== STATUS_END && text[STATUS_END] !== ' ')) return null;
  const headers = readHeaderLines(text, lineEnd + 2, headersMax, SINGLE, lastNames);
  if (headers === null) return null;
  const framing = framingOf(status, headers);
  return framing === null ? null : { status, headers, framing, keepAlive: minor === '1' && !saysClose(headers) };
}

/** 0: none stands where it must. */
function statusOf(text: string): number {
  const digits = text.slice(STATUS_AT - 1, STATUS_END);
  return /^ [1-9]\d\d$/.test(digits) ? Number(digits) : 0;
}

/** Null when the headers do not agree on one. */
function framingOf(status: number, headers: HeaderRecord): AnswerFraming | null {
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (length !== undefined || coding.toLowerCase() !== 'chunked')) return null;
  if (length !== undefined && !LENGTH.test(length)) return null;
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== undefined) return 'chunked';
  return length === undefined ? 'close' : Number(length);
}

function saysClose(headers: HeaderRecord): boolean {
  const said = headers['connection'];
  return said !== undefined && said !== 'keep-alive' && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(said);
}
