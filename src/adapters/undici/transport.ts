// The way out over undici's raw dispatch: one connection pool per route, no retries, no redirects, no clocks but the
// connect timeout (the gateway has its own for everything else). It must never retry: attempts have one owner.
//
// There is no cap on connections per route. A default cap is a queue nobody sees (Envoy's 1,024 gave 500s at 2,000 streams);
// what an upstream may hold in flight is decided by admission, and the process's file descriptors are the last limit.
// HTTP/2 is not offered: one TCP connection would carry every stream of an upstream, and one lost packet stall them all.
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { Route, UpstreamCall, UpstreamRequest, UpstreamSink, UpstreamTransport } from '../../ports/upstream.ts';
import { limits } from '../../kernel/limits.ts';
import { poolClass, RoutePool } from './route-pool.ts';
import { wireTrouble } from './trouble.ts';
import { UpstreamSend } from './upstream-send.ts';

export interface UndiciTransportOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** A pool nobody used for this long is closed. */
  readonly unusedMsMax?: number;
  /** Most bytes of one answer after decompression, should an upstream compress. */
  readonly decodedBytesMax?: number;
  /** All that is sent goes this way: what that needs is loaded now, not while the first request waits. */
  readonly loadsAtOnce?: boolean;
}

export interface UndiciTransportStats {
  readonly pools: number;
  /** Sends that are not over. */
  readonly inFlight: number;
}

const UNUSED_MS_MAX = 600_000;

export class UndiciTransport implements UpstreamTransport {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #unusedMsMax: number;
  readonly #decodedBytesMax: number;
  readonly #pools = new Map<string, RoutePool>();
  /** Routes live as long as their config: finding the pool by identity spares building the key for each send. */
  readonly #byRoute = new WeakMap<Route, RoutePool>();
  #sweep: Timer | null = null;
  #closed = false;

  constructor(options: UndiciTransportOptions) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#unusedMsMax = options.unusedMsMax ?? UNUSED_MS_MAX;
    this.#decodedBytesMax = options.decodedBytesMax ?? limits.answerBytesMax;
    if (options.loadsAtOnce === true) poolClass();
  }

  get stats(): UndiciTransportStats {
    let inFlight = 0;
    for (const pool of this.#pools.values()) inFlight += pool.inFlight;
    return { pools: this.#pools.size, inFlight };
  }

  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    const pool = this.#poolFor(request.route);
    if (!(pool instanceof RoutePool)) {
      const send = new UpstreamSend(sink, this.#decodedBytesMax, () => {});
      send.fail({ kind: this.#closed ? 'cancelled' : 'connect', message: pool });
      return send;
    }
    pool.take();
    const send = new UpstreamSend(sink, this.#decodedBytesMax, () => pool.give(this.#clock.now()));
    try {
      pool.dispatch(request, send);
    } catch (error) {
      send.fail(wireTrouble(error as Error, false, false));
    }
    send.onSendReturned();
    return send;
  }

  /** New sends fail; resolves when those in flight are over and their connections closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.cancel();
    this.#sweep = null;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }

  /** Cuts what `close` would wait for; the sinks hear `cancelled`. */
  async destroy(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  /** The pool, or why there is none, in words. */
  #poolFor(route: Route): RoutePool | string {
    if (this.#closed) return 'the transport was closed';
    const known = this.#byRoute.get(route);
    if (known !== undefined && !known.closed) return known;
    const key = `${route.origin} ${route.caFile ?? ''} ${route.proxy ?? ''} ${route.connectMs}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      try {
        pool = new RoutePool(route, this.#clock.now());
      } catch (error) {
        // Not remembered: the next send reads the file again, so that putting it right is enough.
        return (error as Error).message;
      }
      this.#pools.set(key, pool);
      if (this.#sweep === null) this.#armSweep();
    }
    this.#byRoute.set(route, pool);
    return pool;
  }

  #armSweep(): void {
    this.#sweep = this.#timers.after(this.#unusedMsMax / 4, () => {
      this.#sweep = null;
      const now = this.#clock.now();
      for (const [key, pool] of this.#pools) {
        if (!pool.unusedSince(now - this.#unusedMsMax)) continue;
        this.#pools.delete(key);
        // Nothing is in flight on it, so there is nothing to wait for.
        void pool.close();
      }
      if (this.#pools.size > 0) this.#armSweep();
    });
  }
}
