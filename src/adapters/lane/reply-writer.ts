// Reply writer: what one reply has yet to hand to the kernel. It goes there when the owner says `flush`, at the end of a turn,
// small pieces in one write together with what frames them; much of it at once. A reader that is behind gets slices as it
// drains, so that progress shows and `pendingBytes` is exact. It must never drop a byte, reorder two, or look at limits: who
// owns the reply cuts.
import type { Socket } from 'node:net';
import type { Framing } from './reply-head.ts';

const SLICE_BYTES = 64 * 1_024;
/** Up to here copying into one piece costs less than a write of several; above it Buffer's pool gives none. */
const COPY_BYTES_MAX = 4_000;
const NO_BYTES = Buffer.alloc(0);
const CR = 13;
const LF = 10;
const LAST_CHUNK = '0\r\n\r\n';

export interface WriterOwner {
  /** The reader caught up after `write` answered false. */
  onCaughtUp(): void;
  /** The kernel has taken everything, the end included. */
  onFlushed(): void;
}

export class ReplyWriter {
  readonly #socket: Socket;
  readonly #owner: WriterOwner;
  /** Encrypted bytes are never taken at once. */
  readonly #encrypted: boolean;
  /** The head, until the first bytes take it along. */
  #head = '';
  #framing: Framing = 'none';
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #behind = false;
  #ended = false;
  #lastSent = false;

  constructor(socket: Socket, encrypted: boolean, owner: WriterOwner) {
    this.#socket = socket;
    this.#encrypted = encrypted;
    this.#owner = owner;
  }

  get pendingBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  begin(head: string, framing: Framing): void {
    this.#head = head;
    this.#framing = framing;
  }

  /** False: the reader is behind. */
  write(bytes: Uint8Array): boolean {
    if (bytes.length > 0 && this.#framing !== 'none') this.#enqueue(bytes);
    return !this.#behind;
  }

  end(bytes: Uint8Array): void {
    this.#ended = true;
    if (bytes.length > 0 && this.#framing !== 'none') this.#enqueue(bytes);
  }

  /** Hands over what the reader has room for; a head alone, when there is nothing to take it along. */
  flush(): void {
    if (this.#behind) return;
    if (this.#queue.length > 0 || this.#ended) this.#pump();
    else if (this.#head !== '') {
      const head = this.#head;
      this.#head = '';
      if (!this.#socket.write(head, 'latin1')) this.#behind = true;
    }
  }

  /** The socket's buffer is empty again. */
  onDrain(): void {
    if (!this.#behind) return;
    this.#behind = false;
    this.#pump();
    if (!this.#behind && !this.#ended) this.#owner.onCaughtUp();
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queuedBytes += bytes.length;
    if (bytes.length <= SLICE_BYTES) this.#queue.push(bytes);
    else for (let at = 0; at < bytes.length; at += SLICE_BYTES) this.#queue.push(bytes.subarray(at, at + SLICE_BYTES));
    if (this.#queuedBytes > SLICE_BYTES && !this.#behind) this.#pump();
  }

  #pump(): void {
    if (this.#queue.length > 1 && this.#queuedBytes <= COPY_BYTES_MAX) this.#queue = [Buffer.concat(this.#queue)];
    let at = 0;
    while (at < this.#queue.length && !this.#behind) {
      const slice = this.#queue[at++] as Uint8Array;
      this.#queuedBytes -= slice.length;
      this.#send(slice, this.#ended && this.#queuedBytes === 0);
    }
    if (at === this.#queue.length) this.#queue = [];
    else this.#queue.splice(0, at);
    // Ended while it was behind, with nothing more to say.
    if (this.#ended && !this.#lastSent && !this.#behind) this.#send(NO_BYTES, true);
  }

  #send(bytes: Uint8Array, last: boolean): void {
    const head = this.#head;
    this.#head = '';
    this.#lastSent = last;
    const chunked = this.#framing === 'chunked';
    const before = chunked && bytes.length > 0 ? `${head}${bytes.length.toString(16)}\r\n` : head;
    const after = chunkEnd(chunked, bytes.length > 0, last);
    const socket = this.#socket;
    const length = before.length + bytes.length + after.length;
    if (length > 0 && length <= COPY_BYTES_MAX) this.#writeOne(joined(before, bytes, after, length), last);
    else {
      socket.cork();
      if (before !== '') socket.write(before, 'latin1');
      if (after === '') this.#writeOne(bytes, last);
      else {
        socket.write(bytes);
        this.#writeOne(Buffer.from(after, 'latin1'), last);
      }
      socket.uncork();
    }
    if (last && !this.#encrypted) this.#finish();
  }

  #writeOne(bytes: Uint8Array, last: boolean): void {
    const room = last && this.#encrypted ? this.#socket.write(bytes, this.#onTaken) : this.#socket.write(bytes);
    if (!room) this.#behind = true;
  }

  /** Without a callback, which costs a turn: a plain socket says at once whether the kernel took everything. */
  #finish(): void {
    if (this.#socket.writableLength === 0) this.#owner.onFlushed();
    else this.#socket.write(NO_BYTES, this.#onTaken);
  }

  readonly #onTaken = (error?: Error | null): void => {
    if (error === undefined || error === null) this.#owner.onFlushed();
  };
}

function chunkEnd(chunked: boolean, hasData: boolean, last: boolean): string {
  if (!chunked) return '';
  const data = hasData ? '\r\n' : '';
  return last ? data + LAST_CHUNK : data;
}

function joined(before: string, bytes: Uint8Array, after: string, length: number): Buffer {
  const whole = Buffer.allocUnsafe(length);
  whole.write(before, 0, 'latin1');
  whole.set(bytes, before.length);
  let at = before.length + bytes.length;
  if (after.length === 2) {
    whole[at++] = CR;
    whole[at] = LF;
  } else if (after !== '') whole.write(after, at, 'latin1');
  return whole;
}
