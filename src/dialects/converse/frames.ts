// Frames: `application/vnd.amazon.eventstream` read incrementally from whatever chunks the wire delivers. Frames that lie
// whole in a chunk are not copied. It must never trust a length whose checksum has not been seen, nor buffer above its cap.
//
// An event's name is its `:event-type`. What went wrong has a prefix, which no event type can have: `exception:` and the
// `:exception-type` for what the service's model knows, `error:` and the `:error-code` for what it does not. A frame that
// says none of the three has no name.
import { utf8Decode } from '../../kernel/web.ts';
import type { EventParser, EventSink, StreamEvent } from '../framing.ts';
import { type Frame, PRELUDE_BYTES, readFrame, readPrelude } from './frame.ts';

export const EXCEPTION = 'exception:';
export const ERROR = 'error:';

export class EventStreamParser implements EventParser {
  readonly #eventBytesMax: number;
  /** A frame that spans chunks; `#filled` bytes of it are here. */
  #bytes = new Uint8Array(PRELUDE_BYTES);
  #filled = 0;
  /** Its whole length; null until its prelude is here. */
  #length: number | null = null;
  #dead = false;

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
  }

  /** Bytes of a frame that has begun and not ended. Above zero at the end, the stream was cut. */
  get buffered(): number {
    return this.#filled;
  }

  push(chunk: Uint8Array, sink: EventSink): void {
    let at = 0;
    while (at < chunk.length && !this.#dead) {
      at = this.#filled === 0 ? this.#whole(chunk, at, sink) : this.#more(chunk, at, sink);
    }
  }

  /** A frame says how long it is: what has not ended is torn, and nothing of it is told. */
  end(): void {
    // Nothing to do.
  }

  /** A frame begins at `at`: told as a view if all of it is there, else what there is of it is kept. */
  #whole(chunk: Uint8Array, at: number, sink: EventSink): number {
    if (chunk.length - at < PRELUDE_BYTES) return this.#keep(chunk, at, PRELUDE_BYTES);
    const length = this.#lengthAt(chunk, at, sink);
    if (length === null) return chunk.length;
    if (chunk.length - at < length) {
      this.#length = length;
      return this.#keep(chunk, at, length);
    }
    this.#tell(chunk.subarray(at, at + length), sink);
    return at + length;
  }

  /** Goes on with the frame that has begun. */
  #more(chunk: Uint8Array, at: number, sink: EventSink): number {
    const next = this.#keep(chunk, at, this.#length ?? PRELUDE_BYTES);
    if (this.#length === null) {
      if (this.#filled === PRELUDE_BYTES) this.#length = this.#lengthAt(this.#bytes, 0, sink);
    } else if (this.#filled === this.#length) {
      const whole = this.#bytes.subarray(0, this.#length);
      // The event keeps the buffer: the next frame needs one of its own.
      this.#bytes = new Uint8Array(PRELUDE_BYTES);
      this.#filled = 0;
      this.#length = null;
      this.#tell(whole, sink);
    }
    return next;
  }

  /** Keeps bytes from `at` until `wanted` are here. Grows by doubling: a length alone allocates nothing. */
  #keep(chunk: Uint8Array, at: number, wanted: number): number {
    const end = Math.min(chunk.length, at + wanted - this.#filled);
    const needed = this.#filled + end - at;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(wanted, Math.max(2 * this.#bytes.length, needed)));
      grown.set(this.#bytes.subarray(0, this.#filled));
      this.#bytes = grown;
    }
    this.#bytes.set(chunk.subarray(at, end), this.#filled);
    this.#filled = needed;
    return end;
  }

  /** Null: the parser is dead. */
  #lengthAt(bytes: Uint8Array, at: number, sink: EventSink): number | null {
    const prelude = readPrelude(bytes, at);
    if (!prelude.ok) {
      this.#break(prelude.error, sink);
      return null;
    }
    if (prelude.value.frame <= this.#eventBytesMax) return prelude.value.frame;
    this.#die();
    sink.onOverflow();
    return null;
  }

  #tell(raw: Uint8Array, sink: EventSink): void {
    const frame = readFrame(raw);
    if (frame.ok) sink.onEvent(eventOf(frame.value, raw));
    else this.#break(frame.error, sink);
  }

  #break(what: string, sink: EventSink): void {
    this.#die();
    sink.onBroken(`The upstream sent ${what}.`);
  }

  #die(): void {
    this.#dead = true;
    this.#bytes = new Uint8Array(0);
    this.#filled = 0;
  }
}

function eventOf({ headers, payload }: Frame, raw: Uint8Array): StreamEvent {
  const text = (name: string): string => {
    const value = headers.get(name);
    return value?.type === 'string' ? value.value : '';
  };
  const data = utf8Decode(payload);
  switch (text(':message-type')) {
    case 'event':
      return { name: text(':event-type'), data, raw, plain: false };
    case 'exception':
      return { name: EXCEPTION + text(':exception-type'), data, raw, plain: false };
    case 'error': {
      // Says its words in a header, and has no payload.
      const message = text(':error-message');
      const told = data === '' && message !== '' ? JSON.stringify({ message }) : data;
      return { name: ERROR + text(':error-code'), data: told, raw, plain: false };
    }
    default:
      return { name: null, data, raw, plain: false };
  }
}
