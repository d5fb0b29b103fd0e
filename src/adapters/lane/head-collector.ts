// Head collector: finds the end of a head that may come in any number of pieces. A head that lies in one read is not
// copied; of one in pieces, all that was seen is kept, so that it can be handed on. Its work is linear in the bytes, however
// small the pieces are. It must never keep more than `bytesMax`.
const CR = 13;
const LF = 10;
const NO_BYTES = Buffer.alloc(0);
const FIRST_BYTES = 1_024;

export class HeadCollector {
  /** The head: `bytes` from `from` to `to`, its empty line included. Good until the next `collect`. */
  bytes: Buffer = NO_BYTES;
  from = 0;
  to = 0;
  readonly #bytesMax: number;
  #kept: Buffer = NO_BYTES;
  #keptBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What was seen of a head that is not whole; empty when none has begun. */
  get kept(): Buffer {
    return this.#kept.subarray(0, this.#keptBytes);
  }

  get begun(): boolean {
    return this.#keptBytes > 0;
  }

  /** Where `chunk` goes on after the head; −1: more must come, and `chunk` was kept; −2: the head is longer than `bytesMax`. */
  collect(chunk: Buffer, at: number, end: number): number {
    if (this.#keptBytes === 0) {
      const headEnd = endOfHead(chunk, at, end);
      if (headEnd < 0) return this.#keep(chunk, at, end) ? -1 : -2;
      if (headEnd - at > this.#bytesMax) return -2;
      this.bytes = chunk;
      this.from = at;
      this.to = headEnd;
      return headEnd;
    }
    const before = this.#keptBytes;
    // No head needs more than this, and what comes after one is not kept here.
    const taken = Math.min(end - at, this.#bytesMax - before);
    if (!this.#keep(chunk, at, at + taken)) return -2;
    const headEnd = endOfHead(this.#kept, Math.max(0, before - 3), this.#keptBytes);
    if (headEnd < 0) {
      if (taken === end - at) return -1;
      this.#keptBytes = before;
      return -2;
    }
    this.bytes = this.#kept;
    this.from = 0;
    this.to = headEnd;
    this.#keptBytes = before;
    return at + headEnd - before;
  }

  /** Forgets what was kept; to be called when a head was used. */
  clear(): void {
    this.bytes = this.#kept = NO_BYTES;
    this.#keptBytes = 0;
  }

  #keep(chunk: Buffer, at: number, end: number): boolean {
    const length = this.#keptBytes + end - at;
    if (length > this.#bytesMax) return false;
    if (length > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#bytesMax, Math.max(FIRST_BYTES, 2 * length)));
      this.#kept.copy(larger, 0, 0, this.#keptBytes);
      this.#kept = larger;
    }
    chunk.copy(this.#kept, this.#keptBytes, at, end);
    this.#keptBytes = length;
    return true;
  }
}

/** Behind the first CR LF CR LF; −1: there is none. Looks at every fourth byte as long as none of them is CR or LF. */
function endOfHead(bytes: Buffer, from: number, to: number): number {
  for (let at = from + 3; at < to;) {
    const byte = bytes[at];
    if (byte === LF) {
      if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
      at += 2;
    } else at += byte === CR ? 1 : 4;
  }
  return -1;
}
