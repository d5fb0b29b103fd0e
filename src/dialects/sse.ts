// Server-sent events, read incrementally from whatever chunks the wire delivers (WHATWG HTML §9.2.6). It exists because
// every stream passes here once per chunk: bytes are searched once, only the data is decoded, and what is held back never
// exceeds the cap. It must never rescan what it has searched, and never buffer without bound (peers' buffers grew to GBs).
import { utf8Decode } from '../kernel/web.ts';
import type { EventParser, EventSink } from './framing.ts';

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;
const NOTHING = new Uint8Array(0);

export class SseParser implements EventParser {
  readonly #eventBytesMax: number;
  /** The current chunk, or a buffer of our own while an event spans chunks; `#length` bytes of it are filled. */
  #bytes: Uint8Array = NOTHING;
  #length = 0;
  #owned = false;
  /** Where the event, and its last line, begin. Before `#eventStart` nothing is needed any more. */
  #eventStart = 0;
  #lineStart = 0;
  /** Lines with content seen in this event: any, and `data` ones. The first data value stays undecoded. */
  #fields = 0;
  #dataLines = 0;
  #valueStart = 0;
  #valueEnd = 0;
  #data = '';
  #name: string | null = null;
  #plain = true;
  #afterComment = false;
  /** A CR ended the last chunk: a LF that follows belongs to it. */
  #swallowLf = false;
  #atStreamStart = true;
  #dead = false;

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
  }

  /** Bytes of an event that has begun and not ended. */
  get buffered(): number {
    return this.#length - this.#eventStart;
  }

  push(chunk: Uint8Array, sink: EventSink): void {
    if (this.#dead || chunk.length === 0) return;
    const searched = this.#take(chunk);
    if (this.#atStreamStart && !this.#skipByteOrderMark()) return;
    this.#scan(Math.max(searched, this.#eventStart), sink);
    // Nothing is pending: a stream at rest keeps no chunk, which may be a piece of much more memory, from being freed.
    if (this.buffered === 0) this.#bytes = NOTHING;
    if (!this.#dead && this.buffered > this.#eventBytesMax) this.#overflow(sink);
  }

  /**
   * The stream is over. An event whose data is whole but whose blank line never came is still told (OpenAI-compatible
   * servers end with `data: [DONE]` and EOF); a torn one is not, and `buffered` stays above zero. Whole means that the data
   * ends by itself, as JSON does: a line end alone does not say that no more lines were to come.
   */
  end(sink: EventSink): void {
    if (this.#dead || this.buffered === 0) return;
    const bytes = this.#filled();
    // A last line that was torn counts when it is data; any other tells nothing of the data before it.
    if (this.#fieldNameLength(bytes, this.#lineStart, this.#length) === 4) {
      this.#field(bytes, this.#lineStart, this.#length);
      this.#lineStart = this.#length;
    }
    if (this.#dataLines === 0 || !isWhole(this.#told(bytes))) return;
    this.#plain = false;
    this.#emit(bytes, this.#length, sink);
    this.#begin(this.#length);
  }

  /** Puts the chunk behind what is pending; answers where the search goes on. Each byte is copied O(1) times. */
  #take(chunk: Uint8Array): number {
    const pending = this.buffered;
    if (pending === 0) {
      this.#bytes = chunk;
      this.#length = chunk.length;
      this.#owned = false;
      this.#rebase(this.#eventStart);
      return 0;
    }
    const needed = this.#length + chunk.length;
    if (!this.#owned || needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * pending, pending + chunk.length));
      grown.set(this.#bytes.subarray(this.#eventStart, this.#length));
      this.#bytes = grown;
      this.#owned = true;
      this.#length = pending;
      this.#rebase(this.#eventStart);
    }
    const searched = this.#length;
    this.#bytes.set(chunk, searched);
    this.#length += chunk.length;
    return searched;
  }

  #rebase(by: number): void {
    this.#eventStart -= by;
    this.#lineStart -= by;
    this.#valueStart -= by;
    this.#valueEnd -= by;
  }

  #filled(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
  }

  /** False: too few bytes yet to tell. */
  #skipByteOrderMark(): boolean {
    for (let index = 0; index < 3; index++) {
      if (index >= this.#length) return false;
      if (this.#bytes[index] !== BYTE_ORDER_MARK[index]) {
        this.#atStreamStart = false;
        // The mark's first bytes had been held back unsearched; nothing before this chunk was a line.
        return true;
      }
    }
    this.#atStreamStart = false;
    this.#begin(3);
    return true;
  }

  #scan(from: number, sink: EventSink): void {
    const bytes = this.#filled();
    let at = this.#swallowLf ? this.#swallow(bytes, from) : from;
    let lf = bytes.indexOf(LF, at);
    let cr = bytes.indexOf(CR, at);
    for (;;) {
      const byCr = cr !== -1 && (lf === -1 || cr < lf);
      const end = byCr ? cr : lf;
      if (end === -1) return;
      at = end + 1;
      if (byCr) {
        this.#plain = false;
        if (at === bytes.length) this.#swallowLf = true;
        else if (bytes[at] === LF) at++;
      }
      this.#line(bytes, end, at, sink);
      if (this.#dead) return;
      if (lf !== -1 && lf < at) lf = bytes.indexOf(LF, at);
      if (cr !== -1 && cr < at) cr = bytes.indexOf(CR, at);
    }
  }

  #swallow(bytes: Uint8Array, from: number): number {
    this.#swallowLf = false;
    if (bytes[from] !== LF) return from;
    if (this.#eventStart === from) this.#eventStart++;
    this.#lineStart = from + 1;
    return from + 1;
  }

  /** One whole line: `#lineStart` to `end` without its end, `next` behind it. */
  #line(bytes: Uint8Array, end: number, next: number, sink: EventSink): void {
    const start = this.#lineStart;
    this.#lineStart = next;
    if (next - this.#eventStart > this.#eventBytesMax) return this.#overflow(sink);
    if (end === start) {
      if (this.#dataLines > 0) this.#emit(bytes, next, sink);
      else if (this.#fields === 0 && !this.#afterComment) sink.onComment();
      return this.#begin(next);
    }
    if (bytes[start] !== COLON) {
      this.#field(bytes, start, end);
      return;
    }
    sink.onComment();
    this.#afterComment = true;
    // A comment before the event's first field is not part of the event; one inside keeps it from being forwarded as is.
    if (this.#fields > 0) this.#plain = false;
    else {
      this.#eventStart = next;
      this.#plain = true;
    }
  }

  #field(bytes: Uint8Array, start: number, end: number): void {
    this.#fields++;
    this.#afterComment = false;
    const nameLength = this.#fieldNameLength(bytes, start, end);
    if (nameLength === 4) {
      const from = valueStart(bytes, start + nameLength, end);
      if (this.#dataLines > 0) {
        if (this.#dataLines === 1) this.#data = utf8Decode(bytes.subarray(this.#valueStart, this.#valueEnd));
        this.#data += `\n${utf8Decode(bytes.subarray(from, end))}`;
      }
      this.#dataLines++;
      this.#valueStart = from;
      this.#valueEnd = end;
    } else if (nameLength === 5)
      this.#name = utf8Decode(bytes.subarray(valueStart(bytes, start + nameLength, end), end));
  }

  /** 4 for `data`, 5 for `event`, 0 for every other field: `id` and `retry` mean nothing here. */
  #fieldNameLength(bytes: Uint8Array, start: number, end: number): 0 | 4 | 5 {
    if (isNamed(bytes, start, end, DATA)) return 4;
    return isNamed(bytes, start, end, EVENT) ? 5 : 0;
  }

  #emit(bytes: Uint8Array, next: number, sink: EventSink): void {
    // One data line, at most one name before or after it, LF line ends, nothing else.
    const plain = this.#plain && this.#dataLines === 1 && this.#fields === (this.#name === null ? 1 : 2);
    sink.onEvent({ data: this.#told(bytes), name: this.#name, raw: bytes.subarray(this.#eventStart, next), plain });
  }

  #told(bytes: Uint8Array): string {
    return this.#dataLines === 1 ? utf8Decode(bytes.subarray(this.#valueStart, this.#valueEnd)) : this.#data;
  }

  #begin(at: number): void {
    this.#eventStart = at;
    this.#lineStart = at;
    this.#fields = 0;
    this.#dataLines = 0;
    this.#valueStart = at;
    this.#valueEnd = at;
    this.#data = '';
    this.#name = null;
    this.#plain = true;
    this.#afterComment = false;
  }

  #overflow(sink: EventSink): void {
    this.#dead = true;
    this.#bytes = NOTHING;
    this.#length = 0;
    this.#begin(0);
    sink.onOverflow();
  }
}

const DATA = [0x64, 0x61, 0x74, 0x61] as const;
const EVENT = [0x65, 0x76, 0x65, 0x6e, 0x74] as const;

/** The line is `name`, alone or before a colon. */
function isNamed(bytes: Uint8Array, start: number, end: number, name: readonly number[]): boolean {
  const after = start + name.length;
  if (after > end || (after < end && bytes[after] !== COLON)) return false;
  for (let index = 0; index < name.length; index++) if (bytes[start + index] !== name[index]) return false;
  return true;
}

/**
 * Where the value begins: behind the colon that ends the name, and one space if there is one. The colon is where the name
 * ends or nowhere: searching for it would go through the whole chunk for each line without one.
 */
function valueStart(bytes: Uint8Array, nameEnd: number, end: number): number {
  if (nameEnd >= end) return end;
  return nameEnd + 1 < end && bytes[nameEnd + 1] === SPACE ? nameEnd + 2 : nameEnd + 1;
}

function isWhole(data: string): boolean {
  if (data.trim() === '[DONE]') return true;
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}
