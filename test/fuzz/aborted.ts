// Aborted exchanges: a client, the express lane on both sides, and an upstream, over real sockets; every exchange is broken
// off at some point by somebody. What is left in the end is counted.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { BodyBudget } from '../../src/adapters/http-server/body-budget.ts';
import { HttpServer } from '../../src/adapters/http-server/http-server.ts';
import { ExpressServer } from '../../src/adapters/lane/express-server.ts';
import { ExpressTransport } from '../../src/adapters/lane/express-transport.ts';
import { systemClock, systemTimers } from '../../src/adapters/system.ts';
import type { Door, InboundHead, Reply, Visit } from '../../src/ports/door.ts';
import type { Route, UpstreamCall, UpstreamTransport } from '../../src/ports/upstream.ts';
import { Dice } from './dice.ts';

export interface Leftovers {
  readonly clientSockets: number;
  readonly connections: number;
  readonly exchanges: number;
  readonly bodyBytes: number;
  readonly sends: number;
  readonly upstreamSockets: number;
  readonly sockets: number;
  readonly timers: number;
  readonly bugs: number;
}

const AT_ONCE = 50;
const PROGRESS_EVERY = 10_000;
const ANSWER = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n';

/** Passes everything on, both ways. */
class RelayDoor implements Door {
  readonly #transport: UpstreamTransport;
  readonly #route: Route;

  constructor(transport: UpstreamTransport, route: Route) {
    this.#transport = transport;
    this.#route = route;
  }

  enter({ path }: InboundHead, reply: Reply): Visit {
    let call: UpstreamCall | null = null;
    const request = { route: this.#route, method: 'POST' as const, path, headers: [] };
    return {
      onBody: (body) => {
        call = this.#transport.send(
          { ...request, body },
          {
            onHead: (status) => reply.head(status, []),
            onBytes: (bytes) => {
              if (!reply.write(bytes)) call?.pause();
            },
            onEnd: () => reply.end(),
            onTrouble: () => reply.destroy(),
          },
        );
      },
      onBodyRefused: () => reply.destroy(),
      onDrain: () => call?.resume(),
      onGone: () => call?.cancel(),
    };
  }
}

export async function abortExchanges(count: number, onProgress: (done: number) => void): Promise<Leftovers> {
  const before = resources();
  const upstreamSockets = new Set<Socket>();
  const upstream = createServer((socket) => answerSomehow(socket, upstreamSockets, new Dice(socket.remotePort ?? 0)));
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const route: Route = {
    origin: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    caFile: null,
    proxy: null,
    connectMs: 5_000,
  };
  const time = { clock: systemClock, timers: systemTimers };
  const nowhere: UpstreamTransport = {
    send: () => {
      throw new Error('nothing here is odd');
    },
  };
  const transport = new ExpressTransport({ ...time, fallback: nowhere });
  const door = new RelayDoor(transport, route);
  let bugs = 0;
  const options = {
    ...time,
    host: '127.0.0.1',
    port: 0,
    listener: 'main' as const,
    heapPressure: () => 0,
    onBug: () => bugs++,
    bodyBudget: new BodyBudget(1e9),
  };
  const server = new ExpressServer(door, { ...options, routes: ['/p'], tls: null }, new HttpServer(door, options));
  const { port } = await server.listen();
  let begun = 0;
  let clientSockets = 0;
  const runOne = async (): Promise<void> => {
    while (begun < count) {
      const seed = ++begun;
      clientSockets++;
      await askAndLeave(port, new Dice(seed));
      clientSockets--;
      if (seed % PROGRESS_EVERY === 0) onProgress(seed);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runOne));
  await quiet(() => server.stats.connections + transport.stats.inFlight);
  const { connections, exchanges, bodyBytesInFlight } = server.stats;
  const sends = transport.stats.inFlight;
  await server.close();
  transport.destroy();
  upstream.close();
  await quiet(() => upstreamSockets.size + Math.max(0, resources().sockets - before.sockets));
  const after = resources();
  return {
    clientSockets,
    connections,
    exchanges,
    bodyBytes: bodyBytesInFlight,
    sends,
    upstreamSockets: upstreamSockets.size,
    sockets: Math.max(0, after.sockets - before.sockets),
    timers: Math.max(0, after.timers - before.timers),
    bugs,
  };
}

function answerSomehow(socket: Socket, sockets: Set<Socket>, dice: Dice): void {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => {});
  socket.on('data', () => {
    const way = dice.below(6);
    if (way === 0) socket.destroy();
    else if (way === 1) socket.write(ANSWER.slice(0, dice.below(ANSWER.length)), () => socket.destroy());
    else if (way === 2) socket.write(ANSWER);
    else if (way === 3) socket.write(`${ANSWER}0\r\n\r\n`);
    else if (way === 4) socket.resetAndDestroy();
  });
}

/** A whole request or a part of one; then gone, at once or when something was read. */
async function askAndLeave(port: number, dice: Dice): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const whole = 'POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello';
  const leave = (): void => {
    if (dice.chance(0.3)) socket.resetAndDestroy();
    else if (dice.chance(0.5)) socket.end();
    else socket.destroy();
  };
  const sent = dice.chance(0.3) ? whole.slice(0, dice.below(whole.length)) : whole;
  const waits = sent === whole && dice.chance(0.5);
  socket.on('data', () => {
    if (waits) leave();
  });
  socket.on('connect', () => {
    socket.write(sent, () => {
      if (!waits) leave();
      // The answer may never come: the upstream keeps silent now and then.
      else setImmediate(() => setTimeout(() => socket.destroy(), 5));
    });
  });
  await once(socket, 'close');
}

/** Waits until `count` is 0, within reason. */
async function quiet(count: () => number): Promise<void> {
  const until = performance.now() + 10_000;
  while (count() > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
}

function resources(): { sockets: number; timers: number } {
  const names = process.getActiveResourcesInfo();
  return {
    sockets: names.filter((name) => name === 'TCPSocketWrap').length,
    timers: names.filter((name) => name === 'Timeout').length,
  };
}
