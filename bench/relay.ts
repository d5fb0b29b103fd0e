// Relay: our ways in and out with nothing between them, to compare them with each other: `node:http` and undici, or the express
// lane. It is no gateway: it knows no keys, no models and no faults. As a peer of the bench, both in one run:
//
//   npm run bench -- --only '^chat-1k$' --against nginx --no-record \
//     --peer 'undici=node_modules/.bin/node bench/relay.ts off {port} {upstream}' \
//     --peer 'lane=node_modules/.bin/node bench/relay.ts on {port} {upstream}'
//
// A third word is a PEM file with the upstream's authority: {ca}.
import { HttpServer, type HttpServerOptions } from '../src/adapters/http-server/http-server.ts';
import { ExpressServer } from '../src/adapters/lane/express-server.ts';
import { ExpressTransport } from '../src/adapters/lane/express-transport.ts';
import { systemClock, systemTimers } from '../src/adapters/system.ts';
import { UndiciTransport } from '../src/adapters/undici/transport.ts';
import { limits } from '../src/kernel/limits.ts';
import { concatBytes, utf8Encode } from '../src/kernel/web.ts';
import type { Door, InboundHead, Reply, Visit } from '../src/ports/door.ts';
import type { Route, UpstreamCall, UpstreamSink, UpstreamTransport, WireTrouble } from '../src/ports/upstream.ts';
import type { HeaderRecord } from '../src/kernel/headers.ts';
import { chatPath } from './payload.ts';

const REQUEST_HEADERS = ['content-type', 'application/json', 'authorization', 'Bearer sk-mock', 'user-agent', 'relay'];

/** One request on its way through: whole answers whole, streams as they come. */
class Passage implements Visit, UpstreamSink {
  readonly #transport: UpstreamTransport;
  readonly #route: Route;
  readonly #path: string;
  readonly #reply: Reply;
  #call: UpstreamCall | null = null;
  #type = '';
  #parts: Uint8Array[] | null = null;

  constructor(transport: UpstreamTransport, route: Route, { path }: InboundHead, reply: Reply) {
    this.#transport = transport;
    this.#route = route;
    this.#path = path;
    this.#reply = reply;
  }

  onBody(body: Uint8Array): void {
    const request = { route: this.#route, method: 'POST', path: this.#path, headers: REQUEST_HEADERS, body } as const;
    this.#call = this.#transport.send(request, this);
  }

  onBodyRefused(): void {
    this.#reply.destroy();
  }

  onDrain(): void {
    this.#call?.resume();
  }

  onGone(): void {
    this.#call?.cancel();
  }

  onHead(status: number, headers: HeaderRecord): void {
    this.#type = headers['content-type'] ?? '';
    if (this.#type.startsWith('text/event-stream')) this.#reply.head(status, ['content-type', this.#type]);
    else this.#parts = [];
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#parts !== null) this.#parts.push(bytes);
    else if (!this.#reply.write(bytes) && this.#reply.pendingBytes > limits.readerBytesLow) this.#call?.pause();
  }

  onEnd(): void {
    if (this.#parts === null) {
      this.#reply.end();
      return;
    }
    const body = concatBytes(this.#parts);
    this.#reply.head(200, ['content-type', this.#type, 'content-length', String(body.length)]);
    this.#reply.end(body);
  }

  onTrouble({ message }: WireTrouble): void {
    this.#reply.head(502, []);
    this.#reply.end(utf8Encode(message));
  }
}

const [mode = 'off', port = '0', upstream = 'http://127.0.0.1:1', caFile = ''] = process.argv.slice(2);
const time = { clock: systemClock, timers: systemTimers };
const network = new UndiciTransport(time);
const transport = mode === 'on' ? new ExpressTransport({ ...time, fallback: network }) : network;
const route: Route = {
  origin: new URL(upstream).origin,
  caFile: caFile === '' ? null : caFile,
  proxy: null,
  connectMs: 2_000,
};
const door: Door = { enter: (head, reply) => new Passage(transport, route, head, reply) };
const options: HttpServerOptions = {
  ...time,
  host: '127.0.0.1',
  port: Number(port),
  listener: 'main',
  heapPressure: () => 0,
  onBug: (where, error) => console.error(where, error),
};
const plain = new HttpServer(door, options);
const server = mode === 'on' ? new ExpressServer(door, { ...options, routes: [chatPath], tls: null }, plain) : plain;
await server.listen();
process.on('SIGTERM', () => process.exit(0));
