// Body reader: gathers one request body, of a declared length or chunked, into one piece of memory, within its own maximum
// and the budget of all bodies. A body that lies in one read is not copied. It must never keep a byte that is not in the
// budget, nor take the first byte of the next message.
//
// States: reading → whole | broken (the framing) | tooLarge | noRoom (in the budget). What was held is counted until `release`.
import type { BodyBudget } from '../http-server/body-budget.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';

export type BodyState = 'reading' | 'whole' | 'broken' | 'tooLarge' | 'noRoom';

const NO_BYTES = Buffer.alloc(0);
const FIRST_BYTES = 4 * 1_024;

export class BodyReader {
  state: BodyState = 'reading';
  readonly #bytesMax: number;
  readonly #budget: BodyBudget;
  readonly #declared: number | null;
  readonly #decoder: ChunkedDecoder | null;
  /** Data so far, in a piece of memory that may be larger. */
  #memory: Buffer = NO_BYTES;
  #bytes = 0;
  #counted = 0;

  /** `declared`: null for chunked. */
  constructor(declared: number | null, bytesMax: number, budget: BodyBudget) {
    this.#declared = declared;
    this.#bytesMax = bytesMax;
    this.#budget = budget;
    this.#decoder = declared === null ? new ChunkedDecoder() : null;
  }

  /** The whole body. */
  get body(): Buffer {
    return this.#memory.subarray(0, this.#bytes);
  }

  /** Answers where `chunk` goes on after what belongs to this body. `chunk` is ours from now on: it may be written to. */
  push(chunk: Buffer, at: number): number {
    if (this.#decoder === null) return this.#pushLength(chunk, at);
    const restAt = this.#decoder.decode(chunk, at, chunk.length, chunk, at);
    if (!this.#keep(chunk, at, this.#decoder.targetAt)) return restAt;
    if (this.#decoder.done) this.state = 'whole';
    else if (this.#decoder.broken) this.state = 'broken';
    return restAt;
  }

  /** The exchange no longer needs the bytes. */
  release(): void {
    this.#budget.give(this.#counted);
    this.#counted = 0;
    this.#memory = NO_BYTES;
    this.#bytes = 0;
  }

  #pushLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + (this.#declared ?? 0) - this.#bytes);
    if (this.#keep(chunk, at, end) && this.#bytes === this.#declared) this.state = 'whole';
    return end;
  }

  #keep(chunk: Buffer, at: number, end: number): boolean {
    const length = end - at;
    if (this.#bytes + length > this.#bytesMax) this.state = 'tooLarge';
    else if (!this.#budget.take(length)) this.state = 'noRoom';
    if (this.state !== 'reading') return false;
    this.#counted += length;
    if (this.#bytes === 0) this.#memory = chunk.subarray(at, end);
    else {
      this.#makeRoomFor(length);
      chunk.copy(this.#memory, this.#bytes, at, end);
    }
    this.#bytes += length;
    return true;
  }

  #makeRoomFor(length: number): void {
    const needed = this.#bytes + length;
    // The first piece is a part of a read: it must not grow into what stands behind it there.
    const isOwn = this.#memory.length > this.#bytes;
    if (isOwn && needed <= this.#memory.length) return;
    const wanted = Math.max(FIRST_BYTES, 2 * needed);
    const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(wanted, this.#declared ?? wanted, this.#bytesMax)));
    this.#memory.copy(larger, 0, 0, this.#bytes);
    this.#memory = larger;
  }
}
