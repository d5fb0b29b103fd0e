// Mock upstream: answers any POST with one fixed OpenAI chat completion, over keep-alive, from a process of its own.
// Written over node:net so that it is never the slow part. It must not look at what it is sent: any work here would be
// counted into the ceiling of everything measured against it. `GET /served` says how many POSTs it has answered.
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { HttpMessages } from './http-messages.ts';
import { chatAnswer } from './payload.ts';

export interface MockUpstream {
  readonly port: number;
  /** POSTs answered so far. */
  readonly served: number;
  close(): void;
}

/** Listens on a free port of 127.0.0.1. */
export async function startMockUpstream(): Promise<MockUpstream> {
  let served = 0;
  const answer = message('application/json', chatAnswer);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const messages = new HttpMessages((head) => {
      const isPost = head.startsWith('POST ');
      if (isPost) served += 1;
      socket.write(isPost ? answer : message('text/plain', String(served)));
    });
    socket.on('data', (bytes: Buffer) => messages.push(bytes));
    // A gateway that cuts a connection is its own business; the counts tell.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await listen(server);
  return {
    port: (server.address() as AddressInfo).port,
    get served() {
      return served;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function message(type: string, body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

if (import.meta.main) {
  const mock = await startMockUpstream();
  console.log(`port ${mock.port}`);
  // The end of stdin is the end of whoever started this: no mock outlives its bench.
  process.stdin.on('end', () => process.exit(0)).resume();
}
