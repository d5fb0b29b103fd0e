// Answer parser: HTTP/1.1 answers of one connection, cut from its bytes as they come. It exists because an HTTP client for
// everybody costs several times more per chunk than the generator may spend; it knows only what answers to our own requests
// need. Its states: head, then body by length, by chunks (size, data, end of data, trailers) or until the connection ends.
// It must never guess: what does not follow the protocol ends the connection as broken.

export interface AnswerHead {
  readonly status: number;
  /** Lower-case name → value. */
  readonly header: (name: string) => string | null;
}

export interface AnswerOwner {
  onHead(head: AnswerHead): void;
  /** `bytes` are only valid during the call. */
  onBody(bytes: Buffer): void;
  /** `reusable`: the connection may carry another request. */
  onEnd(reusable: boolean): void;
  onBroken(why: string): void;
}

type State = 'head' | 'length' | 'size' | 'data' | 'dataEnd' | 'trailers' | 'untilEnd' | 'broken';

const HEAD_BYTES_MAX = 64 * 1024;
const LINE_BYTES_MAX = 1_024;
const HEAD_END = '\r\n\r\n';

export class AnswerParser {
  readonly #owner: AnswerOwner;
  #state: State = 'head';
  /** An unfinished head or line. */
  #carry = '';
  #left = 0;
  #keepAlive = true;

  constructor(owner: AnswerOwner) {
    this.#owner = owner;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state !== 'broken') at = this.#step(bytes, at);
  }

  /** The far side has closed. Answers false when something was missing still. */
  finish(): boolean {
    if (this.#state !== 'untilEnd') return false;
    this.#begin();
    this.#owner.onEnd(false);
    return true;
  }

  /** Where to go on. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes, at);
      case 'length':
      case 'data':
        return this.#body(bytes, at);
      case 'size':
      case 'dataEnd':
      case 'trailers':
        return this.#line(bytes, at);
      case 'untilEnd':
        this.#owner.onBody(bytes.subarray(at));
        break;
      case 'broken':
    }
    return bytes.length;
  }

  #head(bytes: Buffer, at: number): number {
    // The end may lie across two reads, so the last three characters are looked at again.
    const before = this.#carry.length;
    const text = this.#carry + bytes.toString('latin1', at, Math.min(bytes.length, at + HEAD_BYTES_MAX));
    const end = text.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1));
    if (end < 0) {
      if (text.length >= HEAD_BYTES_MAX) this.#break('the head is too long');
      this.#carry = text;
      return bytes.length;
    }
    this.#carry = '';
    this.#readHead(text.slice(0, end));
    return at + end + HEAD_END.length - before;
  }

  #readHead(text: string): void {
    const found = /^HTTP\/1\.([01]) (\d{3})/.exec(text);
    if (found === null) return this.#break('this is no HTTP/1.1 answer');
    const status = Number(found[2]);
    // A provisional answer: the real one follows.
    if (status < 200) return;
    const lower = text.toLowerCase();
    const header = (name: string): string | null => headerIn(text, lower, name);
    const connection = header('connection')?.toLowerCase() ?? '';
    this.#keepAlive = found[1] === '1' ? connection !== 'close' : connection === 'keep-alive';
    const length = header('content-length');
    const isEmpty = status === 204 || status === 304;
    if (!isEmpty && /\bchunked$/i.test(header('transfer-encoding') ?? '')) this.#state = 'size';
    else if (isEmpty || length === '0') this.#left = 0;
    else if (length === null) this.#state = 'untilEnd';
    else if (/^\d{1,15}$/.test(length)) {
      this.#state = 'length';
      this.#left = Number(length);
    } else return this.#break('the length is no number');
    this.#owner.onHead({ status, header });
    if (this.#state === 'head') this.#end();
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const isChunk = this.#state === 'data';
    if (this.#left === 0) this.#state = isChunk ? 'dataEnd' : 'length';
    this.#owner.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#left === 0 && !isChunk) this.#end();
    return end;
  }

  #line(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) {
      this.#carry += bytes.toString('latin1', at);
      if (this.#carry.length > LINE_BYTES_MAX) this.#break('a line is too long');
      return bytes.length;
    }
    const line = (this.#carry + bytes.toString('latin1', at, end)).replace(/\r$/, '');
    this.#carry = '';
    this.#readLine(line);
    return end + 1;
  }

  #readLine(line: string): void {
    if (this.#state === 'trailers') {
      if (line === '') this.#end();
      return;
    }
    if (this.#state === 'dataEnd') {
      if (line !== '') return this.#break('a chunk is longer than it says');
      this.#state = 'size';
      return;
    }
    const size = /^([\da-f]{1,8})\s*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) return this.#break('a chunk has no size');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'data';
  }

  #end(): void {
    const reusable = this.#keepAlive;
    this.#begin();
    this.#owner.onEnd(reusable);
  }

  #begin(): void {
    this.#state = 'head';
    this.#left = 0;
  }

  #break(why: string): void {
    this.#state = 'broken';
    this.#owner.onBroken(why);
  }
}

function headerIn(head: string, lower: string, name: string): string | null {
  const at = lower.indexOf(`\r\n${name}:`);
  if (at < 0) return null;
  const from = at + name.length + 3;
  const end = head.indexOf('\r\n', from);
  return head.slice(from, end < 0 ? head.length : end).trim();
}
