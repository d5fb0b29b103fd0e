// The way out over our own HTTP/1.1: one pool of connections per route, straight over node:net and node:tls. What it does not
// do itself (proxies, odd origins, headers that speak about the connection, upstreams whose config says so) goes through
// the other transport. It must never retry: attempts have one owner.
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { Route, UpstreamCall, UpstreamRequest, UpstreamSink, UpstreamTransport } from '../../ports/upstream.ts';
import { limits } from '../../kernel/limits.ts';
import { cannotConnect, cannotSend, transportClosed } from '../wire-trouble.ts';
import { ExpressSend } from './express-send.ts';
import { LinkPool, type PoolTimes, poolTimes } from './link-pool.ts';
import { requestText } from './request-text.ts';

export interface ExpressTransportOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** For what is not for the lane. */
  readonly fallback: UpstreamTransport;
  /** A pool nobody used for this long is closed. */
  readonly unusedMsMax?: number;
  /** Most bytes of one answer after decompression, should an upstream compress. */
  readonly decodedBytesMax?: number;
  readonly times?: Partial<PoolTimes>;
  /** How often idle connections are looked over: one timer for all of them. */
  readonly sweepMs?: number;
}

export interface ExpressTransportStats {
  readonly pools: number;
  /** Sends on the lane that are not over. */
  readonly inFlight: number;
  /** Since the start: sends that went through the other transport. */
  readonly sentOtherwise: number;
}

const UNUSED_MS_MAX = 600_000;
const SWEEP_MS = 1_000;

export class ExpressTransport implements UpstreamTransport {
  readonly #options: ExpressTransportOptions;
  readonly #times: PoolTimes;
  readonly #unusedMsMax: number;
  readonly #decodedBytesMax: number;
  readonly #pools = new Map<string, LinkPool>();
  /** Routes live as long as their config: finding the pool by identity spares building the key for each send. */
  readonly #byRoute = new WeakMap<Route, LinkPool | 'other'>();
  #sweep: Timer | null = null;
  #closed = false;
  #sentOtherwise = 0;

  constructor(options: ExpressTransportOptions) {
    this.#options = options;
    this.#times = { ...poolTimes, ...options.times };
    this.#unusedMsMax = options.unusedMsMax ?? UNUSED_MS_MAX;
    this.#decodedBytesMax = options.decodedBytesMax ?? limits.answerBytesMax;
  }

  get stats(): ExpressTransportStats {
    let inFlight = 0;
    for (const pool of this.#pools.values()) inFlight += pool.inFlight;
    return { pools: this.#pools.size, inFlight, sentOtherwise: this.#sentOtherwise };
  }

  send(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    const pool = this.#closed ? null : this.#poolFor(request.route);
    if (pool === null) return this.#failed(sink, transportClosed);
    if (pool === 'other') return this.#sendOtherwise(request, sink);
    if (!(pool instanceof LinkPool)) return this.#failed(sink, cannotConnect(pool.why));
    const start = pool.startLines(request.method, request.path);
    if (start === null) return this.#failed(sink, cannotSend('the path is not valid'));
    const text = requestText(request, start);
    if (text.kind === 'odd') return this.#sendOtherwise(request, sink);
    if (text.kind === 'unsendable') return this.#failed(sink, cannotSend(text.why));
    pool.take();
    const send = new ExpressSend(text.text, request.body, sink, this.#decodedBytesMax, () => pool.give());
    pool.carry(send);
    return send;
  }

  /** New sends fail; resolves when those in flight are over and their connections closed. */
  async close(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }

  /** Cuts what `close` would wait for; the sinks hear `cancelled`. */
  destroy(): void {
    this.#stop();
    for (const pool of this.#pools.values()) pool.destroy();
  }

  #stop(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    this.#sweep = null;
  }

  #failed(sink: UpstreamSink, trouble: typeof transportClosed): UpstreamCall {
    const send = new ExpressSend('', null, sink, 0, () => {});
    send.failSoon(trouble);
    return send;
  }

  #sendOtherwise(request: UpstreamRequest, sink: UpstreamSink): UpstreamCall {
    this.#sentOtherwise++;
    return this.#options.fallback.send(request, sink);
  }

  #poolFor(route: Route): LinkPool | 'other' | { readonly why: string } {
    const known = this.#byRoute.get(route);
    if (known === 'other' || (known !== undefined && !known.closed)) return known;
    const url = urlOf(route);
    if (url === null) {
      this.#byRoute.set(route, 'other');
      return 'other';
    }
    const key = `${route.origin} ${route.caFile ?? ''} ${route.connectMs}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      const { clock, timers } = this.#options;
      try {
        pool = new LinkPool(route, url, timers, () => clock.now(), this.#times);
      } catch (error) {
        // Not remembered: the next send reads the file again, so that putting it right is enough.
        return { why: (error as Error).message };
      }
      this.#pools.set(key, pool);
      if (this.#sweep === null) this.#armSweep();
    }
    this.#byRoute.set(route, pool);
    return pool;
  }

  #armSweep(): void {
    this.#sweep = this.#options.timers.after(this.#options.sweepMs ?? SWEEP_MS, () => {
      this.#sweep = null;
      const now = this.#options.clock.now();
      for (const [key, pool] of this.#pools) {
        pool.sweep(now);
        if (!pool.unusedSince(now - this.#unusedMsMax)) continue;
        this.#pools.delete(key);
        // Nothing is in flight on it, so there is nothing to wait for.
        void pool.close();
      }
      if (this.#pools.size > 0) this.#armSweep();
    });
  }
}

/** Null when the lane does not go there. */
function urlOf({ origin, proxy, transport }: Route): URL | null {
  if (proxy !== null || transport === 'undici' || !URL.canParse(origin)) return null;
  const url = new URL(origin);
  const isPlainOrigin = url.origin === origin || `${url.protocol}//${url.host}` === origin;
  return isPlainOrigin && /^https?:$/.test(url.protocol) && url.username === '' ? url : null;
}
