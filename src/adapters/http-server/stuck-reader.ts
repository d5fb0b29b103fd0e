// Stuck reader: tells when a socket with bytes to take has taken none for too long. Asked now and then (the sweep), it costs
// nothing between. It must never cut anybody itself.
import type { Socket } from 'node:net';
import type { MonotonicMs } from '../../kernel/brands.ts';

export class StuckReader {
  #takenBytes = 0;
  /** Since when bytes are pending and none was taken; null while there are none. */
  #since: number | null = null;

  isStuck(socket: Socket, msMax: number, now: MonotonicMs): boolean {
    const pendingBytes = socket.writableLength;
    const takenBytes = socket.bytesWritten - pendingBytes;
    if (pendingBytes === 0) this.#since = null;
    else if (this.#since === null || takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#since = now;
    } else return now - this.#since >= msMax;
    return false;
  }
}
