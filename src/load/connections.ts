// Connections: sends requests to one address over connections that are kept, with as little work per byte as Node allows. All
// plain connections read into one buffer: Node hands it out synchronously, so nothing lies in it when the next one reads.
// It must never send a request twice that may have been read: only a kept connection that was closed before it gave a single
// byte is replaced by a new one, as every client does.
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type AnswerHead, AnswerParser } from './answer-parser.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** `onHead`, then `onBody` any number of times, then `onEnd`; or `onLost` at any time. Never after `cancel`. */
export interface CallOwner {
  onHead(head: AnswerHead): void;
  /** `bytes` are only valid during the call. */
  onBody(bytes: Buffer): void;
  onEnd(): void;
  onLost(why: string): void;
}

export interface Call {
  /** Closes the connection: that is how a client leaves. */
  cancel(): void;
}

const READ_BYTES = 64 * 1024;
const readBuffer = Buffer.allocUnsafe(READ_BYTES);

export class Connections {
  readonly #address: Address;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(address: Address) {
    this.#address = address;
  }

  send(request: string, owner: CallOwner): Call {
    const connection = this.#idle.pop() ?? this.#open();
    return connection.send(request, owner);
  }

  close(): void {
    for (const connection of this.#all) connection.cancel();
  }

  #open(): Connection {
    const connection = new Connection(this.#address, {
      onIdle: () => void this.#idle.push(connection),
      onGone: () => {
        this.#all.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      },
      again: (request, owner) => this.#open().send(request, owner),
    });
    this.#all.add(connection);
    return connection;
  }
}

interface Keeper {
  onIdle(): void;
  onGone(): void;
  again(request: string, owner: CallOwner): Call;
}

class Connection {
  readonly #keeper: Keeper;
  readonly #socket: Socket;
  readonly #parser: AnswerParser;
  #owner: CallOwner | null = null;
  #calls = 0;
  #heard = false;
  #gone = false;

  constructor(address: Address, keeper: Keeper) {
    this.#keeper = keeper;
    this.#parser = new AnswerParser({
      onHead: (head) => this.#owner?.onHead(head),
      onBody: (bytes) => this.#owner?.onBody(bytes),
      onEnd: (reusable) => this.#end(reusable),
      onBroken: (why) => this.#lose(why),
    });
    this.#socket = socketTo(address, (bytes) => {
      this.#heard = true;
      this.#parser.push(bytes);
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#lose(error.code ?? error.message));
    this.#socket.on('end', () => this.#close());
    this.#socket.on('close', () => this.#close());
  }

  send(request: string, owner: CallOwner): Call {
    this.#owner = owner;
    this.#heard = false;
    this.#calls++;
    this.#socket.write(request, 'latin1');
    let replaced: Call | null = null;
    this.#replace = () => (replaced = this.#keeper.again(request, owner));
    return {
      cancel: () => {
        if (replaced !== null) replaced.cancel();
        else if (this.#owner === owner) this.cancel();
      },
    };
  }

  #replace: () => void = () => {};

  cancel(): void {
    this.#owner = null;
    this.#leave();
  }

  #end(reusable: boolean): void {
    const owner = this.#owner;
    this.#owner = null;
    if (reusable && owner !== null) this.#keeper.onIdle();
    else this.#leave();
    owner?.onEnd();
  }

  #close(): void {
    if (this.#gone) return;
    if (this.#owner !== null && this.#parser.finish()) return;
    this.#lose('the connection was closed');
  }

  #lose(why: string): void {
    if (this.#gone) return;
    const owner = this.#owner;
    this.#owner = null;
    this.#leave();
    if (owner === null) return;
    if (this.#calls > 1 && !this.#heard) this.#replace();
    else owner.onLost(why);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#keeper.onGone();
    this.#socket.destroy();
  }
}

function socketTo({ host, port, tls }: Address, onBytes: (bytes: Buffer) => void): Socket {
  if (tls) {
    const socket = connectTls({ host, port, servername: host, ALPNProtocols: ['http/1.1'] });
    socket.setNoDelay(true);
    return socket.on('data', onBytes);
  }
  const callback = (length: number): boolean => {
    onBytes(readBuffer.subarray(0, length));
    return true;
  };
  return connectPlain({ host, port, noDelay: true, onread: { buffer: readBuffer, callback } });
}
