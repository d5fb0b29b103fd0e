// Mock upstream: answers any POST with one fixed OpenAI chat completion, or, when told so, with a stream, over keep-alive,
// from a process of its own. Written over node:net so that it is never the slow part. It must not look at what it is sent:
// any work here would be counted into the ceiling of everything measured against it; what it answers is ordered by the
// bench (mock.ts). `GET` anything says how many POSTs it has answered.
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { HttpMessages } from '../http-messages.ts';
import { chatAnswer } from '../payload.ts';
import { serveOrders } from '../worker.ts';
import { MockStreams } from './mock-streams.ts';
import type { StreamPlan } from './mock-streams.ts';

/** `answer`: bytes of the next answers; `stream`: they are streams, which wait for `begin`. */
export type MockOrder =
  | { readonly answer: number }
  | { readonly stream: StreamPlan }
  | { readonly begin: true }
  | { readonly state: true };

export interface MockState {
  readonly port: number;
  /** POSTs answered so far. */
  readonly served: number;
  readonly streamsOpen: number;
}

export interface MockUpstream extends MockState {
  obey(order: MockOrder): void;
  close(): void;
}

const USUAL_ANSWER_BYTES = 1_024;

/** Listens on a free port of 127.0.0.1. */
export async function startMockUpstream(): Promise<MockUpstream> {
  let served = 0;
  let answer = message('application/json', chatAnswer(USUAL_ANSWER_BYTES));
  let plan: StreamPlan | null = null;
  const streams = new MockStreams();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const messages = new HttpMessages((head) => {
      const isPost = head.startsWith('POST ');
      if (isPost) served += 1;
      if (!isPost) socket.write(message('application/json', String(served)));
      else if (plan === null) socket.write(answer);
      else streams.add(socket);
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
    get streamsOpen() {
      return streams.open;
    },
    obey: (order) => {
      if ('answer' in order) [answer, plan] = [message('application/json', chatAnswer(order.answer)), null];
      if ('stream' in order) {
        streams.end();
        plan = order.stream;
      }
      if ('begin' in order && plan !== null) streams.begin(plan);
    },
    close: () => {
      streams.end();
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
    // A burst of nine thousand connections must not wait in a short queue.
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve);
  });
}

if (import.meta.main) {
  const mock = await startMockUpstream();
  await serveOrders((order: MockOrder) => {
    mock.obey(order);
    const { port, served, streamsOpen } = mock;
    return { port, served, streamsOpen } satisfies MockState;
  });
}
