// Express server: the listener before the lane. It owns the sockets of a port, plain or TLS, gives each a connection of the
// lane, and hands what the lane does not serve to the node:http server behind it, on the same socket. Seen from outside the
// two are one server: one drain, one set of limits, one sum of figures. It must never decide what a request means.
import type { Server, Socket } from 'node:net';
import { createServer as createNetServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { BodyBudget } from '../http-server/body-budget.ts';
import type { HttpServer, HttpServerOptions, HttpServerStats } from '../http-server/http-server.ts';
import { type Address, listenOn, socketOptions } from '../http-server/listening.ts';
import type { ServerLimits } from '../http-server/server-limits.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Door } from '../../ports/door.ts';
import { type ConnectionHost, ExpressConnection } from './express-connection.ts';
import type { HeadRules } from './request-head-parser.ts';

export interface ExpressServerOptions extends HttpServerOptions {
  /** Paths the lane serves, POST only; none: everything is handed over. */
  readonly routes: readonly string[];
  /** PEM texts; null: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

export interface ExpressServerStats extends HttpServerStats {
  /** Since the start: connections that left the lane. */
  readonly connectionsHandedOver: number;
}

const SECOND_MS = 1_000;

export class ExpressServer implements ConnectionHost {
  readonly door: Door;
  readonly limits: ServerLimits;
  readonly headRules: HeadRules;
  readonly clock: Clock;
  readonly budget: BodyBudget;
  readonly listener: 'main' | 'admin';
  readonly #options: ExpressServerOptions;
  readonly #behind: HttpServer;
  readonly #server: Server;
  readonly #encrypted: boolean;
  readonly #connections = new Set<ExpressConnection>();
  /** In the middle of a TLS handshake. */
  readonly #greeting = new Set<Socket>();
  readonly #keepLines: string;
  #dateSecond = Number.NaN;
  #dateLine = '';
  #exchanges = 0;
  #connectionsDropped = 0;
  #requestsRefused = 0;
  #readersCut = 0;
  #handedOver = 0;
  #draining = false;
  #sweep: Timer | null = null;
  #closing: (() => void)[] = [];

  /** `behind` has the same door, limits and budget, and does not listen itself. */
  constructor(door: Door, options: ExpressServerOptions, behind: HttpServer) {
    this.door = door;
    this.#options = options;
    this.#behind = behind;
    this.clock = options.clock;
    this.limits = behind.limits;
    this.budget = behind.budget;
    this.listener = options.listener;
    const { headBytesMax, headersMax, keepAliveMsMax } = this.limits;
    this.headRules = { headBytesMax, headersMax, routes: new Set(options.routes) };
    this.#keepLines = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(keepAliveMsMax / SECOND_MS)}\r\n`;
    this.#encrypted = options.tls !== null;
    this.#server = options.tls === null ? this.#plainServer() : this.#tlsServer(options.tls);
    this.#server.maxConnections = this.limits.connectionsMax;
    this.#server.on('drop', () => this.#connectionsDropped++);
  }

  get draining(): boolean {
    return this.#draining;
  }

  get stats(): ExpressServerStats {
    const behind = this.#behind.stats;
    return {
      connections: behind.connections + this.#connections.size,
      exchanges: behind.exchanges + this.#exchanges,
      bodyBytesInFlight: behind.bodyBytesInFlight,
      connectionsDropped: behind.connectionsDropped + this.#connectionsDropped,
      requestsRefused: behind.requestsRefused + this.#requestsRefused,
      readersCut: behind.readersCut + this.#readersCut,
      connectionsHandedOver: this.#handedOver,
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
    this.#behind.stopAccepting();
    this.#server.close();
  }

  /** Cuts idle connections at once and resolves when the last exchange is over and every visit knows. Idempotent. */
  close(): Promise<void> {
    this.stopAccepting();
    for (const connection of this.#connections) if (connection.idle) connection.socket.destroy();
    for (const socket of this.#greeting) socket.destroy();
    const own = new Promise<void>((resolve) => {
      this.#closing.push(resolve);
      this.#resolveClosing();
    });
    // After ours: until then a connection may still be handed over.
    return own.then(() => this.#behind.close());
  }

  /** Cuts everything: visits hear that their clients are gone. */
  destroyAll(): void {
    for (const { socket } of this.#connections) socket.destroy();
    for (const socket of this.#greeting) socket.destroy();
    this.#behind.destroyAll();
  }

  #resolveClosing(): void {
    if (this.#connections.size > 0) return;
    this.#sweep?.cancel();
    this.#sweep = null;
    for (const resolve of this.#closing.splice(0)) resolve();
  }

  /** Serves one connection, as if it had been accepted here. */
  serve(socket: Socket): void {
    if (this.headRules.routes.size === 0) {
      this.#handedOver++;
      this.#behind.adopt(socket, NO_BYTES);
      return;
    }
    this.#connections.add(new ExpressConnection(socket, this.#encrypted, this));
    if (this.#sweep === null) this.#armSweep();
  }

  // ── what connections say ──

  heapPressure(): number {
    return this.#options.heapPressure();
  }

  replyLines(keeps: boolean): string {
    const second = Math.floor(this.clock.wall() / SECOND_MS);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#dateLine = `date: ${new Date(second * SECOND_MS).toUTCString()}\r\n`;
    }
    return this.#dateLine + (keeps ? this.#keepLines : 'connection: close\r\n');
  }

  onBug(where: string, error: unknown): void {
    this.#options.onBug(where, error);
  }

  onCut(): void {
    this.#readersCut++;
  }

  onRequestRefused(): void {
    this.#requestsRefused++;
  }

  onExchange(difference: 1 | -1): void {
    this.#exchanges += difference;
  }

  onClosed(connection: ExpressConnection): void {
    this.#connections.delete(connection);
    if (this.#closing.length > 0) this.#resolveClosing();
  }

  onHandOver(connection: ExpressConnection, bytes: Buffer): void {
    this.#connections.delete(connection);
    this.#handedOver++;
    this.#behind.adopt(connection.socket, bytes);
    if (this.#closing.length > 0) this.#resolveClosing();
  }

  // ── the sockets ──

  #plainServer(): Server {
    const server = createNetServer(ownSockets);
    server.on('connection', (socket) => this.serve(socket));
    return server;
  }

  #tlsServer({ cert, key }: { readonly cert: string; readonly key: string }): Server {
    const server = createTlsServer({
      ...ownSockets,
      cert,
      key,
      // HTTP/2 is not offered: one connection would carry all exchanges of a client.
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: this.limits.headMsMax,
    });
    server.on('connection', (socket: Socket) => {
      this.#greeting.add(socket);
      socket.once('close', () => this.#greeting.delete(socket));
    });
    server.on('secureConnection', (socket) => this.serve(socket));
    // A client that speaks no TLS, or none of ours.
    server.on('tlsClientError', (_error, socket) => {
      this.#requestsRefused++;
      socket.destroy();
    });
    return server;
  }

  /** One timer for all connections, and none while there is no connection. */
  #armSweep(): void {
    this.#sweep = this.#options.timers.after(this.limits.sweepMs, () => {
      const now = this.clock.now();
      for (const connection of this.#connections) if (connection.sweep(now)) this.#readersCut++;
      this.#sweep = null;
      if (this.#connections.size > 0) this.#armSweep();
    });
  }
}

const NO_BYTES = Buffer.alloc(0);
/** As node:http makes its own, so that a socket handed over is like one of its own. */
const ownSockets = { ...socketOptions, allowHalfOpen: true } as const;
