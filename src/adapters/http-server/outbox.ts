// Outbox: what one reply has yet to hand to the kernel. A reader that is behind gets small slices as it drains, so that
// progress shows and `pendingBytes` is exact; only what the socket cannot take yet waits here. It must never drop a byte
// or reorder two, and it knows no limits: who owns the reply looks at `pendingBytes` and cuts.
import type { ServerResponse } from 'node:http';

const SLICE_BYTES = 64 * 1024;

export class Outbox {
  readonly #response: ServerResponse;
  readonly #onDrain: () => void;
  #queue: Uint8Array[] = [];
  #queueAt = 0;
  #queuedBytes = 0;
  #behind = false;
  #listening = false;
  #ended = false;
  #held = false;
  #tailTaken = false;

  /** `onDrain`: the reader caught up after `write` answered false. */
  constructor(response: ServerResponse, onDrain: () => void) {
    this.#response = response;
    this.#onDrain = onDrain;
  }

  get pendingBytes(): number {
    return this.#queuedBytes + this.#response.writableLength;
  }

  /** Everything, the end included, was taken by the kernel. */
  get flushed(): boolean {
    return this.#response.writableFinished || this.#tailTaken;
  }

  write(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return !this.#behind;
    if (!this.#behind && bytes.length <= SLICE_BYTES) {
      if (this.#response.write(bytes)) return true;
      this.#fallBehind();
      return false;
    }
    this.#enqueue(bytes);
    if (!this.#behind) this.#pump();
    return !this.#behind;
  }

  /** With `hold` the bytes go out, but the response is not ended until `letGo`: the connection stays readable. */
  end(bytes: Uint8Array | undefined, hold: boolean): void {
    this.#held = hold;
    this.#ended = true;
    if (!hold && !this.#behind && (bytes === undefined || bytes.length <= SLICE_BYTES)) {
      if (bytes === undefined) this.#response.end();
      else this.#response.end(bytes);
      return;
    }
    if (bytes !== undefined && bytes.length > 0) this.#enqueue(bytes);
    else if (hold && !this.#behind) {
      // Nothing follows the head, so the head has to be pushed out by itself.
      this.#response.flushHeaders();
      this.#tailTaken = true;
    }
    if (!this.#behind) this.#pump();
  }

  letGo(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.#queuedBytes === 0) this.#response.end();
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #fallBehind(): void {
    this.#behind = true;
    if (this.#listening) return;
    this.#listening = true;
    this.#response.on('drain', () => {
      this.#behind = false;
      this.#pump();
      if (!this.#behind && !this.#ended) this.#onDrain();
    });
  }

  #pump(): void {
    while (this.#queuedBytes > 0) {
      const slice = this.#nextSlice();
      const last = this.#ended && this.#held && this.#queuedBytes === 0;
      const room = last ? this.#response.write(slice, this.#onTail) : this.#response.write(slice);
      if (!room) {
        this.#fallBehind();
        break;
      }
    }
    if (this.#queuedBytes === 0 && this.#ended && !this.#held) this.#response.end();
  }

  readonly #onTail = (error?: Error | null): void => {
    this.#tailTaken = error === undefined || error === null;
  };

  #nextSlice(): Uint8Array {
    const first = this.#queue[this.#queueAt] as Uint8Array;
    const slice = first.length <= SLICE_BYTES ? first : first.subarray(0, SLICE_BYTES);
    if (slice === first) this.#queueAt++;
    else this.#queue[this.#queueAt] = first.subarray(SLICE_BYTES);
    this.#queuedBytes -= slice.length;
    if (this.#queuedBytes === 0) {
      this.#queue = [];
      this.#queueAt = 0;
    }
    return slice;
  }
}
