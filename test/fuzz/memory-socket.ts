// Memory socket: what a server or client takes for a socket, without a network: pieces go in one by one, what is written is
// kept. Enough of net.Socket for node:http, undici and the lane.
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

const QUIET_TURNS = 2;

/** When none of them has written anything for two turns of the event loop. */
export async function settled(sockets: readonly MemorySocket[]): Promise<void> {
  let before = -1;
  for (let quiet = 0; quiet < QUIET_TURNS;) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const written = sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0);
    quiet = written === before ? quiet + 1 : 0;
    before = written;
  }
}

export class MemorySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly encrypted = false;
  bytesWritten = 0;
  bytesRead = 0;
  written = '';
  readonly closedFully: Promise<void>;

  constructor() {
    super({ allowHalfOpen: true, autoDestroy: true });
    this.closedFully = new Promise((resolve) => this.once('close', () => resolve()));
    this.on('error', () => {});
  }

  /** As net.Socket: the interfaces are many, and none of them beyond these is used. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  feed(parts: readonly Buffer[]): void {
    for (const part of parts) {
      this.bytesRead += part.length;
      this.push(part);
    }
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.bytesWritten += chunk.length;
    this.written += chunk.toString('latin1');
    done();
    setImmediate(() => this.emit('written'));
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
