// Closed loop: N keep-alive connections, each sends its next request when the last one is answered. Used as a process of
// its own (load.ts) that takes orders on stdin. It never gives up on a connection quietly: whatever is not a 200 is an
// error in the count, and every request sent is waited for, so that both ends count the same.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { HttpMessages } from './http-messages.ts';
import { chatPath, chatRequest } from './payload.ts';

export interface Aim {
  readonly port: number;
  /** Sent as `Authorization: Bearer …`. */
  readonly secret: string;
}

/** What one burst of load did. */
export interface Burst {
  readonly requests: number;
  /** Answers that were not 200, and connections lost. */
  readonly errors: number;
  readonly seconds: number;
}

export interface LoopOptions {
  readonly connections: number;
  readonly secondsMax: number;
  /** Stop after this many, when the time has not run out before. */
  readonly requestsMax?: number;
}

export async function runClosedLoop(aim: Aim, options: LoopOptions): Promise<Burst> {
  const request = requestBytes(aim);
  const started = performance.now();
  const until = started + options.secondsMax * 1_000;
  let sent = 0;
  const count = { requests: 0, errors: 0 };
  const mayGoOn = (): boolean => sent < (options.requestsMax ?? Infinity) && performance.now() < until;
  const connections = Array.from({ length: options.connections }, () =>
    runConnection(aim.port, count, (socket) => {
      if (!mayGoOn()) return false;
      sent += 1;
      socket.write(request);
      return true;
    }),
  );
  await Promise.all(connections);
  return { ...count, seconds: (performance.now() - started) / 1_000 };
}

/** `sendNext` answers false when this connection has done its part. */
async function runConnection(
  port: number,
  count: { requests: number; errors: number },
  sendNext: (socket: Socket) => boolean,
): Promise<void> {
  await new Promise<void>((resolve) => {
    let done = false;
    const next = (): void => {
      if (sendNext(socket)) return;
      done = true;
      socket.end();
    };
    const messages = new HttpMessages((head) => {
      count.requests += 1;
      if (!head.startsWith('HTTP/1.1 200 ')) count.errors += 1;
      next();
    });
    const onread = {
      buffer: Buffer.allocUnsafe(64 * 1_024),
      callback: (length: number, buffer: Uint8Array): boolean => {
        messages.push(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    socket.on('connect', next);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (!done) count.errors += 1;
      resolve();
    });
  });
}

function requestBytes({ port, secret }: Aim): Buffer {
  return Buffer.from(
    `POST ${chatPath} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${secret}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(chatRequest)}\r\n\r\n${chatRequest}`,
  );
}

if (import.meta.main) {
  // One order a line in, one burst a line out; the process ends with whoever started it. It stays for all bursts, so that
  // its own compiling and starting is over when it counts.
  for await (const line of createInterface(process.stdin)) {
    const { aim, options }: { aim: Aim; options: LoopOptions } = JSON.parse(line);
    console.log(JSON.stringify(await runClosedLoop(aim, options)));
  }
}
