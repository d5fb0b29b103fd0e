// EventReader: reads one answer of a streaming subject off its connection and checks every event: none lost, none twice, none
// out of order, the end properly said. Takes the bytes in whatever pieces they come. Costs a few µs an event, less than what
// it measures. Never for use outside bench: it trusts its peer.
import { EVENT_NUMBER_DIGITS, EVENT_TIME_DIGITS, eventMark } from '../payload.ts';

/** Told of each content event as it arrives; `sentAtMicros` as the mock upstream stamped it. */
export type OnEvent = (sentAtMicros: number) => void;

const HEAD_END = '\r\n\r\n';
const MARKED = eventMark.length + EVENT_TIME_DIGITS + 1 + EVENT_NUMBER_DIGITS;

export class EventReader {
  readonly #onEvent: OnEvent;
  #state: 'head' | 'size' | 'data' | 'done' = 'head';
  /** Bytes of an unfinished head or chunk size. */
  #rest: Buffer | null = null;
  /** Of the present chunk, with its line end. */
  #left = 0;
  /** The end of the text so far: a mark may go on in the next piece. */
  #tail = '';
  #saidDone = false;
  events = 0;
  /** What is wrong with the answer; empty so far. */
  trouble = '';

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent;
  }

  /** Status and headers were read. */
  get isAnswered(): boolean {
    return this.#state !== 'head';
  }

  /** The last byte was read, whatever it said. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Takes the next bytes, which may be reused afterwards. */
  push(bytes: Buffer): void {
    const buffer = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = null;
    let at = 0;
    while (at < buffer.length && this.#state !== 'done') {
      const next = this.#step(buffer, at);
      if (next < 0) {
        this.#rest = Buffer.from(buffer.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** Where it goes on; negative: more bytes are needed. */
  #step(buffer: Buffer, at: number): number {
    if (this.#state === 'head') return this.#readHead(buffer, at);
    if (this.#state === 'size') return this.#readSize(buffer, at);
    const end = Math.min(buffer.length, at + this.#left);
    this.#left -= end - at;
    // The chunk's own line end is no text: inside a mark that goes on in the next chunk it would be in the way.
    const textEnd = Math.max(at, end - Math.max(0, 2 - this.#left));
    if (this.#left === 0) this.#state = 'size';
    this.#scan(buffer.toString('latin1', at, textEnd));
    return end;
  }

  #readHead(buffer: Buffer, at: number): number {
    const end = buffer.indexOf(HEAD_END, at, 'latin1');
    if (end < 0) return -1;
    const head = buffer.toString('latin1', at, end);
    if (!head.startsWith('HTTP/1.1 200 ')) this.#fail(refusalOf(head, buffer.toString('latin1', end)));
    else if (!/\r\ntransfer-encoding: *chunked/i.test(head)) this.#fail('the answer is not chunked');
    else this.#state = 'size';
    return end + HEAD_END.length;
  }

  #readSize(buffer: Buffer, at: number): number {
    const end = buffer.indexOf('\r\n', at, 'latin1');
    if (end < 0) return -1;
    const size = Number.parseInt(buffer.toString('latin1', at, end), 16);
    if (size === 0) this.#finish();
    else {
      this.#left = size + 2;
      this.#state = 'data';
    }
    return end + 2;
  }

  #scan(piece: string): void {
    const text = this.#tail + piece;
    let at = 0;
    for (;;) {
      const mark = text.indexOf(eventMark, at);
      if (mark < 0 || mark + MARKED > text.length) break;
      at = mark + MARKED;
      const stamp = text.slice(mark + eventMark.length, at);
      if (Number(stamp.slice(EVENT_TIME_DIGITS + 1)) !== this.events)
        this.#fail(`event ${this.events} became ${stamp}`);
      this.events += 1;
      this.#onEvent(Number(stamp.slice(0, EVENT_TIME_DIGITS)));
    }
    if (!this.#saidDone) this.#saidDone = text.includes('[DONE]', at);
    this.#tail = text.slice(Math.max(at, text.length - MARKED + 1));
  }

  #finish(): void {
    if (!this.#saidDone) this.#fail(`the stream ended without [DONE] after ${this.events} events`);
    this.#state = 'done';
  }

  #fail(why: string): void {
    if (this.trouble === '') this.trouble = why;
    this.#state = 'done';
  }
}

/** What people need to see why; usually the body came along. */
function refusalOf(head: string, body: string): string {
  return `${head.split('\r\n', 1)[0] ?? ''} ${body.trim().slice(0, 200)}`.replaceAll(/\s+/g, ' ').trim();
}
