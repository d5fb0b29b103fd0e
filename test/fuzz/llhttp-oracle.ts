// llhttp oracle: what node:http's own parser reads from a connection, message by message, an error in a later one taking
// nothing from those before. A bare node:http server with the product's settings, and the product's reading of a head.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readHead } from '../../src/adapters/http-server/request-head.ts';
import { serverLimits } from '../../src/adapters/http-server/server-limits.ts';
import { systemClock } from '../../src/adapters/system.ts';
import type { InboundHead } from '../../src/ports/door.ts';
import type { MemorySocket } from './memory-socket.ts';

export interface ReadMessage {
  /** Null: the parser took it, and the product refuses it all the same. */
  readonly head: string | null;
  body: string;
  whole: boolean;
}

export class LlhttpOracle {
  /** Of the connection asked about last. */
  messages: ReadMessage[] = [];
  broken = false;
  readonly #server = createServer({
    maxHeaderSize: serverLimits.headBytesMax,
    insecureHTTPParser: false,
    requireHostHeader: false,
  });

  constructor() {
    this.#server.maxHeadersCount = 0;
    this.#server.on('request', (request, response) => this.#onRequest(request, response, false));
    this.#server.on('checkContinue', (request, response) => this.#onRequest(request, response, false));
    this.#server.on('checkExpectation', (request, response) => this.#onRequest(request, response, true));
    this.#server.on('connect', () => (this.broken = true));
    // Not destroyed here: what was read before is still on its way to its message.
    this.#server.on('clientError', () => (this.broken = true));
  }

  read(socket: MemorySocket, parts: readonly Buffer[]): void {
    this.messages = [];
    this.broken = false;
    this.#server.emit('connection', socket.asSocket);
    socket.feed(parts);
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, refused: boolean): void {
    const head = readHead(request, serverLimits.headersMax, systemClock.now(), 'main');
    const message: ReadMessage = { head: head.ok && !refused ? wordsOfHead(head.value) : null, body: '', whole: false };
    this.messages.push(message);
    request.on('data', (bytes: Buffer) => (message.body += bytes.toString('latin1')));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      message.whole = true;
      response.end('ok');
    });
  }
}

/** All that a door sees of it. */
export function wordsOfHead({ method, path, query, headers }: InboundHead): string {
  const sorted = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${method} ${path}?${query} ${JSON.stringify(sorted)}`;
}
