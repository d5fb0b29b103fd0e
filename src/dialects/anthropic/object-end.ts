// Object end: tells when a JSON object that comes in pieces is whole, reading each character once. It counts braces outside
// strings and checks nothing else: whether the text is JSON at all is for whoever parses it.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE_MAX = 0x20;

export class ObjectEnd {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #closed = false;

  /** The object that began has ended, and nothing but white space came after it. */
  get reached(): boolean {
    return this.#closed;
  }

  read(text: string): void {
    for (let at = 0; at < text.length; at++) this.#take(text.charCodeAt(at));
  }

  #take(code: number): void {
    if (this.#inString) return this.#takeInString(code);
    if (code <= SPACE_MAX) return;
    if (code === QUOTE) this.#inString = true;
    else if (code === OPEN) this.#depth++;
    else if (code === CLOSE) this.#depth--;
    // What follows the end opens the question again.
    this.#closed = code === CLOSE && this.#depth === 0;
  }

  #takeInString(code: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (code === BACKSLASH) this.#escaped = true;
    else if (code === QUOTE) this.#inString = false;
  }
}
