// Chunked decoder: takes the framing of `Transfer-Encoding: chunked` off, strictly and at any split of the bytes. It is as
// strict as llhttp about sizes, extensions and trailers, and stricter about their lengths: what it takes, llhttp reads alike.
// It must never pass on a byte of framing, nor lose its place: broken once, it stays broken.
//
//   size ─[;]─▶ extension ─CR─▶ sizeEnd ─LF─▶ data ─▶ dataEnd (CR LF) ─▶ size …
//                                    └─ size 0 ─▶ trailer ─ empty line ─▶ done
import { headerName } from './header-lines.ts';

type Stage = 'size' | 'extension' | 'sizeEnd' | 'data' | 'dataCr' | 'dataLf' | 'trailer' | 'done' | 'broken';

/** 4 GiB − 1 in one chunk: no body comes near, and the number stays exact. */
const SIZE_DIGITS_MAX = 8;
/** Of all chunks' extensions together; Node allows as much for each. */
const EXTENSION_BYTES_MAX = 16 * 1_024;
const TRAILER_BYTES_MAX = 8 * 1_024;
const TRAILER_LINES_MAX = 64;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const ZERO = 48;

const EXTENSION = /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[\t !#-[\]-~]*"))?)*$/;
const TRAILER_VALUE = /^[\t\x20-\x7e]*$/;
/** These say how the message is read; after its body it is too late, and readers differ. */
const NO_TRAILERS = new Set(['content-length', 'transfer-encoding', 'connection', 'proxy-connection', 'upgrade']);

export class ChunkedDecoder {
  /** Behind the last byte written into `target` by the last `decode`. */
  targetAt = 0;
  #stage: Stage = 'size';
  #size = 0;
  #sizeDigits = 0;
  #left = 0;
  /** Of the extension or the trailer line that is being read. */
  #text = '';
  #extensionBytes = 0;
  #trailerBytes = 0;
  #trailerLines = 0;
  #lineEnding = false;

  get done(): boolean {
    return this.#stage === 'done';
  }

  get broken(): boolean {
    return this.#stage === 'broken';
  }

  /**
   * Copies the data of `bytes` (from `at` to `end`) to `target` from `targetAt` on, which may be the same memory as long as
   * `targetAt` is not behind `at`. Answers where it stopped: at `end`, or behind the message when it is done or broken.
   */
  decode(bytes: Buffer, at: number, end: number, target: Buffer, targetAt: number): number {
    this.targetAt = targetAt;
    let from = at;
    while (from < end) {
      if (this.#stage === 'data') from = this.#copy(bytes, from, end, target);
      else if (this.#stage === 'done' || this.#stage === 'broken') break;
      else this.#step(bytes[from++] as number);
    }
    return from;
  }

  #copy(bytes: Buffer, from: number, end: number, target: Buffer): number {
    const length = Math.min(this.#left, end - from);
    if (target !== bytes || this.targetAt !== from) bytes.copy(target, this.targetAt, from, from + length);
    this.targetAt += length;
    this.#left -= length;
    if (this.#left === 0) this.#stage = 'dataCr';
    return from + length;
  }

  #step(byte: number): void {
    switch (this.#stage) {
      case 'size':
        this.#sizeByte(byte);
        break;
      case 'extension':
        this.#extensionByte(byte);
        break;
      case 'sizeEnd':
        this.#expect(byte, LF, this.#size === 0 ? 'trailer' : 'data');
        this.#left = this.#size;
        this.#size = this.#sizeDigits = 0;
        break;
      case 'dataCr':
        this.#expect(byte, CR, 'dataLf');
        break;
      case 'dataLf':
        this.#expect(byte, LF, 'size');
        break;
      case 'trailer':
        this.#trailerByte(byte);
        break;
      case 'data':
      case 'done':
      case 'broken':
        break;
    }
  }

  #expect(byte: number, wanted: number, then: Stage): void {
    this.#stage = byte === wanted ? then : 'broken';
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit;
      if (++this.#sizeDigits > SIZE_DIGITS_MAX) this.#stage = 'broken';
    } else if (this.#sizeDigits === 0) this.#stage = 'broken';
    else if (byte === CR) this.#stage = 'sizeEnd';
    else if (byte === SEMICOLON) {
      this.#text = ';';
      this.#stage = 'extension';
    } else this.#stage = 'broken';
  }

  #extensionByte(byte: number): void {
    if (byte === CR) {
      this.#stage = EXTENSION.test(this.#text) ? 'sizeEnd' : 'broken';
      this.#text = '';
    } else if (++this.#extensionBytes > EXTENSION_BYTES_MAX) this.#stage = 'broken';
    else this.#text += String.fromCharCode(byte);
  }

  #trailerByte(byte: number): void {
    if (++this.#trailerBytes > TRAILER_BYTES_MAX) this.#stage = 'broken';
    else if (this.#lineEnding) {
      this.#lineEnding = false;
      if (byte !== LF) this.#stage = 'broken';
      else if (this.#text === '') this.#stage = 'done';
      else this.#endTrailerLine();
    } else if (byte === CR) this.#lineEnding = true;
    else this.#text += String.fromCharCode(byte);
  }

  #endTrailerLine(): void {
    const colon = this.#text.indexOf(':');
    const name = colon < 0 ? null : headerName(this.#text.slice(0, colon));
    const good = name !== null && !NO_TRAILERS.has(name) && TRAILER_VALUE.test(this.#text.slice(colon + 1));
    if (!good || ++this.#trailerLines > TRAILER_LINES_MAX) this.#stage = 'broken';
    this.#text = '';
  }
}

/** −1: it is none. */
function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= 57) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
