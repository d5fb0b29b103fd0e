// Answer parser: the bytes of one connection → head, data and end of one answer, interim heads skipped. Data is copied out of
// the read buffer, once per read, so that whoever gets it may keep it while the buffer is read into again. It must never
// pass on a byte that is not of this answer's body.
//
//   head ─(1xx)─▶ head ─▶ length | chunked | close ─▶ done          anything else ─▶ broken
import { type AnswerHead, AnswerHeadParser } from './answer-head-parser.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';

export interface AnswerOwner {
  /** False: stop here; the rest is pushed again later. */
  onHead(head: AnswerHead): boolean;
  /** The bytes may be kept. */
  onData(bytes: Buffer): void;
  /** `exact`: nothing came after the answer. */
  onEnd(exact: boolean): void;
  onBroken(why: string): void;
  /** Nobody wants the rest. */
  readonly over: boolean;
}

type Stage = 'head' | 'length' | 'chunked' | 'close' | 'done' | 'broken';

/** 100, 102, 103: more of them than any server sends for one request is a way to never answer. */
const INTERIM_MAX = 32;

export class AnswerParser {
  readonly #owner: AnswerOwner;
  readonly #heads: AnswerHeadParser;
  #stage: Stage = 'head';
  #leftBytes = 0;
  #decoder: ChunkedDecoder | null = null;
  #interim = 0;

  constructor(owner: AnswerOwner, headBytesMax: number, headersMax: number) {
    this.#owner = owner;
    this.#heads = new AnswerHeadParser(headBytesMax, headersMax);
  }

  /** Whether the answer is whole when the connection ends now. */
  get endsWithConnection(): boolean {
    return this.#stage === 'close';
  }

  /** For the next answer on the same connection. */
  reset(): void {
    this.#stage = 'head';
    this.#decoder = null;
    this.#interim = 0;
  }

  /** Answers where it stopped: at `end`, or earlier when the owner wants no more now or the answer was over. */
  push(bytes: Buffer, at: number, end: number): number {
    let from = at;
    while (from < end && !this.#owner.over) {
      if (this.#stage === 'head') {
        const next = this.#pushHead(bytes, from, end);
        if (next < 0) return -next;
        from = next;
      } else if (this.#stage === 'length') from = this.#pushLength(bytes, from, end);
      else if (this.#stage === 'chunked') from = this.#pushChunked(bytes, from, end);
      else if (this.#stage === 'close') {
        this.#owner.onData(copied(bytes, from, end));
        from = end;
      } else break;
    }
    return from;
  }

  /** Negative: stop here. */
  #pushHead(bytes: Buffer, at: number, end: number): number {
    const head = this.#heads.push(bytes, at, end);
    if (head === 'more') return end;
    if (head === 'broken') return this.#break('a head that is not one', end);
    const { restAt } = this.#heads;
    if (head.status === 101) return this.#break('protocols switched unasked', end);
    if (head.status < 200) {
      const goesOn = isPlainInterim(head) && ++this.#interim <= INTERIM_MAX;
      return goesOn ? restAt : this.#break('an interim answer after which none can follow', end);
    }
    this.#begin(head);
    if (!this.#owner.onHead(head)) return -restAt;
    if (head.framing === 0) this.#end(restAt === end);
    return restAt;
  }

  #begin({ framing }: AnswerHead): void {
    if (framing === 'chunked') this.#decoder = new ChunkedDecoder();
    this.#leftBytes = typeof framing === 'number' ? framing : 0;
    this.#stage = typeof framing === 'number' ? 'length' : framing;
  }

  /** A body without bytes that was held back with its head. */
  endEmpty(): void {
    if (this.#stage === 'length' && this.#leftBytes === 0) this.#end(true);
  }

  #pushLength(bytes: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#leftBytes);
    this.#leftBytes -= stop - at;
    if (stop > at) this.#owner.onData(copied(bytes, at, stop));
    if (this.#leftBytes === 0) this.#end(stop === end);
    return stop;
  }

  #pushChunked(bytes: Buffer, at: number, end: number): number {
    const decoder = this.#decoder;
    if (decoder === null) return end;
    const target = Buffer.allocUnsafe(end - at);
    const stop = decoder.decode(bytes, at, end, target, 0);
    if (decoder.targetAt > 0) this.#owner.onData(target.subarray(0, decoder.targetAt));
    if (decoder.broken) return this.#break('chunks that are not framed right', end);
    if (decoder.done) this.#end(stop === end);
    return stop;
  }

  #end(exact: boolean): void {
    this.#stage = 'done';
    if (!this.#owner.over) this.#owner.onEnd(exact);
  }

  #break(why: string, end: number): number {
    this.#stage = 'broken';
    if (!this.#owner.over) this.#owner.onBroken(why);
    return end;
  }
}

/** After one that says the connection ends, or that has a body, llhttp reads no other. */
function isPlainInterim({ keepAlive, headers }: AnswerHead): boolean {
  return keepAlive && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
}

function copied(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}
