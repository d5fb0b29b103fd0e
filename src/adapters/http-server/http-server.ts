// HTTP server: one listener over node:http. It owns the sockets, their clocks and their caps, and makes an Exchange of each
// request for the door. It must never decide what a request means, and a client must never be able to crash it.
//
// Life: new → listening → not accepting (open connections get `connection: close` with their next answer) → closed.
// An `Upgrade` header is ignored, as RFC 9110 allows: Java's client offers h2c with every request and wants an answer.
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer } from '../node-http.ts';
import type { Socket } from 'node:net';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { limits as kernelLimits } from '../../kernel/limits.ts';
import { assert } from '../../kernel/result.ts';
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { Door } from '../../ports/door.ts';
import { BodyBudget } from './body-budget.ts';
import { Connection } from './connection.ts';
import type { ExchangeHost } from './exchange.ts';
import { Exchange } from './exchange.ts';
import { type Address, listenOn, socketOptions } from './listening.ts';
import { readHead } from './request-head.ts';
import type { ServerLimits } from './server-limits.ts';
import { serverLimits } from './server-limits.ts';
import { connectError, expectationError, parserError } from './wire-error.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 lets the system choose; `listen` tells which. */
  readonly port: number;
  /** See `listenOn`. */
  readonly reusePort?: boolean;
  readonly listener: 'main' | 'admin';
  readonly clock: Clock;
  readonly timers: Timers;
  /** Used share of the heap, 0 to 1. */
  readonly heapPressure: () => number;
  /** A door threw, or the server found itself in an impossible place. Must not throw. */
  readonly onBug: (where: string, error: unknown) => void;
  /** Shared by all listeners of a process; without it this one has its own. */
  readonly bodyBudget?: BodyBudget;
  /** For tests. */
  readonly limits?: Partial<ServerLimits>;
}

export interface HttpServerStats {
  /** Open connections, idle ones included. */
  readonly connections: number;
  /** Exchanges that are not over. */
  readonly exchanges: number;
  /** Bytes of request bodies held, over all listeners that share the budget. */
  readonly bodyBytesInFlight: number;
  /** Since the start: connections refused above the maximum. */
  readonly connectionsDropped: number;
  /** Since the start: requests no door was asked about (bad head, bad framing, too slow). */
  readonly requestsRefused: number;
  /** Since the start: readers cut because they took nothing or fell too far behind. */
  readonly readersCut: number;
}

export class HttpServer implements ExchangeHost {
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly budget: BodyBudget;
  readonly #door: Door;
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();
  #exchanges = 0;
  #connectionsDropped = 0;
  #requestsRefused = 0;
  #readersCut = 0;
  #draining = false;
  #sweep: Timer | null = null;
  #watching = false;
  /** Who waits for `close`. */
  #closing: (() => void)[] = [];

  constructor(door: Door, options: HttpServerOptions) {
    this.#door = door;
    this.#options = options;
    this.clock = options.clock;
    this.limits = { ...serverLimits, ...options.limits };
    this.budget = options.bodyBudget ?? new BodyBudget(kernelLimits.bodyBytesInFlightMax);
    this.#server = createServer(nodeOptions(this.limits));
    this.#server.maxConnections = this.limits.connectionsMax;
    // Ours is `headersMax`: Node's would drop what is above it and hand on the rest.
    this.#server.maxHeadersCount = 0;
    this.#attach();
  }

  get draining(): boolean {
    return this.#draining;
  }

  get stats(): HttpServerStats {
    return {
      connections: this.#connections.size,
      exchanges: this.#exchanges,
      bodyBytesInFlight: this.budget.bytes,
      connectionsDropped: this.#connectionsDropped,
      requestsRefused: this.#requestsRefused,
      readersCut: this.#readersCut,
    };
  }

  /** Rejects when the address cannot be had (EADDRINUSE, EACCES …). */
  listen(): Promise<Address> {
    return listenOn(this.#server, this.#options, (error) => this.onBug('server', error));
  }

  /** New connections are refused from now on; open ones are closed with their next answer. Idempotent. */
  stopAccepting(): void {
    if (this.#draining) return;
    this.#draining = true;
    // Not http's own `close`: that also cuts idle connections, on which a request may be under way.
    NetServer.prototype.close.call(this.#server);
  }

  /** Cuts idle connections at once and resolves when the last exchange is over and every visit knows. Idempotent. */
  close(): Promise<void> {
    this.stopAccepting();
    // Closing the listening socket again does nothing; what is wanted is that Node stops its own connection checks.
    this.#server.close(() => {});
    for (const connection of this.#connections.values()) if (connection.idle) connection.socket.destroy();
    return new Promise((resolve) => {
      this.#closing.push(resolve);
      this.#resolveClosing();
    });
  }

  /** Cuts everything: visits hear that their clients are gone. */
  destroyAll(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  /** Not Node's own `close` event: it comes before the last sockets say that they are closed. */
  #resolveClosing(): void {
    if (this.#connections.size > 0) return;
    this.#sweep?.cancel();
    this.#sweep = null;
    for (const resolve of this.#closing.splice(0)) resolve();
  }

  /** Serves a connection that another listener accepted; `bytes` were read from it already. */
  adopt(socket: Socket, bytes: Buffer): void {
    // Node begins to watch the clocks of its connections when it listens, which this server then does not do.
    if (!this.#server.listening && !this.#watching) this.#server.emit('listening');
    this.#watching = true;
    if (bytes.length > 0) socket.unshift(bytes);
    this.#server.emit('connection', socket);
  }

  // ── what exchanges ask ──

  heapPressure(): number {
    return this.#options.heapPressure();
  }

  onBug(where: string, error: unknown): void {
    this.#options.onBug(where, error);
  }

  onCut(): void {
    this.#readersCut++;
  }

  onOver(exchange: Exchange): void {
    this.#exchanges--;
    const connection = this.#connections.get(exchange.request.socket);
    connection?.close(exchange);
    if (this.#draining && connection?.idle === true) connection.socket.destroySoon();
  }

  // ── what Node tells ──

  #attach(): void {
    const server = this.#server;
    server.on('connection', (socket) => this.#onConnection(socket));
    server.on('drop', () => this.#connectionsDropped++);
    server.on('request', (request, response) => this.#onRequest(request, response, false));
    server.on('checkContinue', (request, response) => this.#onRequest(request, response, true));
    server.on('checkExpectation', (request, response) => {
      this.#requestsRefused++;
      this.#open(request, response, true)?.refuse(expectationError);
    });
    server.on('connect', (request) => {
      this.#requestsRefused++;
      // Node lets go of the socket here, its error listener included.
      request.socket.on('error', () => {});
      this.#connections.get(request.socket)?.lastWords(connectError, this.clock.now());
    });
    server.on('clientError', (error, socket) => this.#onClientError(error, socket));
  }

  #onConnection(socket: Socket): void {
    const connection = new Connection(socket, this.limits);
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      connection.onSocketClosed();
      if (this.#closing.length > 0) this.#resolveClosing();
    });
    if (this.#sweep === null) this.#armSweep();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const exchange = this.#open(request, response, awaitsContinue);
    if (exchange === null) return;
    const head = readHead(request, this.limits.headersMax, this.clock.now(), this.#options.listener);
    if (head.ok) {
      exchange.enter(this.#door, head.value);
      return;
    }
    this.#requestsRefused++;
    exchange.refuse(head.error);
  }

  /** Null when the socket is gone already, or asks for more at once than anybody needs. */
  #open(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Exchange | null {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.full) {
      this.#requestsRefused++;
      request.socket.destroy();
      return null;
    }
    const exchange = new Exchange(this, request, response, awaitsContinue);
    this.#exchanges++;
    connection.open(exchange);
    return exchange;
  }

  #onClientError(error: Error & { readonly code?: string }, socket: Duplex): void {
    const connection = this.#connections.get(socket as Socket);
    const wireError = parserError(error.code ?? '');
    // A connection that never said anything (a health check, a preconnect) is closed without words.
    if (connection === undefined || wireError === null || connection.socket.bytesRead === 0) {
      socket.destroy();
      return;
    }
    if (connection.refuse(wireError, this.clock.now())) this.#requestsRefused++;
  }

  /** One timer for all connections, and none while there is no connection. */
  #armSweep(): void {
    this.#sweep = this.#options.timers.after(this.limits.sweepMs, () => {
      const now = this.clock.now();
      for (const connection of this.#connections.values()) if (connection.sweep(now)) this.#readersCut++;
      this.#sweep = null;
      if (this.#connections.size > 0) this.#armSweep();
    });
  }
}

function nodeOptions(limits: ServerLimits): ServerOptions {
  const requestTimeout = limits.headMsMax + limits.bodyMsMax + limits.lingerMsMax + 2 * limits.sweepMs;
  assert(limits.headMsMax <= requestTimeout, 'Node wants the head to be due before the whole request');
  return {
    maxHeaderSize: limits.headBytesMax,
    headersTimeout: limits.headMsMax,
    // Only a backstop: the sweep watches bodies and lets the door word the answer.
    requestTimeout,
    keepAliveTimeout: limits.keepAliveMsMax,
    connectionsCheckingInterval: limits.sweepMs,
    insecureHTTPParser: false,
    // Checked with the head, so that the refusal has the error shape.
    requireHostHeader: false,
    ...socketOptions,
  };
}
