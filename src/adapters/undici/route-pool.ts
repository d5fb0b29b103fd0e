// One route's connections: an undici Pool, or a ProxyAgent when the route goes through a proxy (CONNECT for https, absolute
// URLs for http), with the route's own authority if it names one. Built once per route; it must never cap connections.
//
// A pool is loaded by its own name, when it is needed: the whole package, with fetch, WebSocket and caches, holds 12 MB more of
// a process at rest, and behind the express lane hardly anybody needs any of it.
import { createRequire } from 'node:module';
import type { Dispatcher, Pool, ProxyAgent } from 'undici';
import { limits } from '../../kernel/limits.ts';
import type { Route, UpstreamRequest } from '../../ports/upstream.ts';
import { trust } from '../authority.ts';

/**
 * Idle time after which we close, when the far side does not say: we want to be first, for a request that meets the far
 * side's close is lost. Public providers sit behind balancers with 60 s and more; engines of one's own speak plain HTTP
 * through uvicorn, which closes after 5 s.
 */
const KEEP_ALIVE_TLS_MS = 30_000;
const KEEP_ALIVE_PLAIN_MS = 4_000;

const load = createRequire(import.meta.url);
export const poolClass = (): typeof Pool => load('undici/lib/dispatcher/pool.js') as typeof Pool;
/** A proxy's tunnels need methods that only the whole package puts on its classes. */
const proxyAgentClass = (): typeof ProxyAgent => (load('undici') as { ProxyAgent: typeof ProxyAgent }).ProxyAgent;

export class RoutePool {
  readonly #origin: string;
  readonly #dispatcher: Dispatcher;
  #inFlight = 0;
  #usedAt: number;
  #closed = false;

  /** Throws, in words for the operator, when the route's authority file or URL is no good. */
  constructor(route: Route, now: number) {
    this.#origin = route.origin;
    this.#dispatcher = dispatcherFor(route);
    this.#usedAt = now;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get closed(): boolean {
    return this.#closed;
  }

  take(): void {
    this.#inFlight++;
  }

  give(now: number): void {
    this.#inFlight--;
    this.#usedAt = now;
  }

  unusedSince(instant: number): boolean {
    return this.#inFlight === 0 && this.#usedAt <= instant;
  }

  dispatch(request: UpstreamRequest, handler: Dispatcher.DispatchHandler): void {
    this.#dispatcher.dispatch(
      {
        origin: this.#origin,
        path: request.path,
        method: request.method,
        headers: request.headers,
        body: request.body,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      handler,
    );
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#dispatcher.close();
  }

  destroy(): Promise<void> {
    this.#closed = true;
    return this.#dispatcher.destroy();
  }
}

function dispatcherFor(route: Route): Dispatcher {
  const plain = route.origin.startsWith('http:');
  const secureContext = route.caFile === null ? null : trust(route.caFile);
  const common = {
    // Neither pipelining (a slow answer would block those behind it) nor HTTP/2.
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: plain ? KEEP_ALIVE_PLAIN_MS : KEEP_ALIVE_TLS_MS,
    maxHeaderSize: limits.headBytesMax,
    strictContentLength: true,
  };
  const tls = { timeout: route.connectMs, allowH2: false, ...(secureContext === null ? {} : { secureContext }) };
  const OwnPool = poolClass();
  if (route.proxy === null) return new OwnPool(route.origin, { ...common, connect: tls });
  const Agent = proxyAgentClass();
  return new Agent({
    ...common,
    uri: route.proxy,
    connectTimeout: route.connectMs,
    requestTls: tls,
    proxyTls: { timeout: route.connectMs, allowH2: false },
    // The connection to the proxy that carries CONNECT: a proxy that takes it and never answers is a failed connect.
    clientFactory: (origin, options) => new OwnPool(origin, { ...options, headersTimeout: route.connectMs }),
  });
}
