// Link pool: the connections of one route. The one used last is used first, so that a pool shrinks to what is needed; a link
// is not used beyond its idle time, nor beyond its age, after which its name is looked up anew. It must never cap
// connections (what an upstream may hold in flight is decided by admission), and never retry: a link found dead before
// anything was written is no attempt.
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Timers } from '../../ports/clock.ts';
import type { Route } from '../../ports/upstream.ts';
import { trust } from '../authority.ts';
import { transportClosed } from '../wire-trouble.ts';
import type { ExpressSend } from './express-send.ts';
import { startLines } from './request-text.ts';
import { type LinkAim, type LinkOwner, UpstreamLink } from './upstream-link.ts';

export interface PoolTimes {
  /**
   * Idle time after which we close, when the far side does not say: we want to be first, for a request that meets the far
   * side's close is lost. Public providers sit behind balancers with 60 s and more; engines of one's own speak plain HTTP
   * through uvicorn, which closes after 5 s.
   */
  readonly idleTlsMsMax: number;
  readonly idlePlainMsMax: number;
  /** Names are looked up anew at least this often. */
  readonly ageMsMax: number;
}

export const poolTimes: PoolTimes = { idleTlsMsMax: 30_000, idlePlainMsMax: 4_000, ageMsMax: 600_000 };

/** We close this much before the far side says it would. */
const EARLIER_MS = 2_000;
const SECOND_MS = 1_000;

export class LinkPool implements LinkOwner {
  readonly aim: LinkAim;
  readonly timers: Timers;
  session: Buffer | null = null;
  readonly #host: string;
  readonly #times: PoolTimes;
  readonly #now: () => number;
  /** Used last at the end. */
  readonly #idle: UpstreamLink[] = [];
  readonly #links = new Set<UpstreamLink>();
  #start = '';
  #startFor = '';
  #inFlight = 0;
  #usedAt: number;
  #closed = false;
  #onEmpty: (() => void) | null = null;

  /** Throws, in words for the operator, when the route's authority file is no good. */
  constructor(route: Route, url: URL, timers: Timers, now: () => number, times: PoolTimes) {
    this.aim = aimOf(route, url);
    this.timers = timers;
    this.#host = url.host;
    this.#now = now;
    this.#times = times;
    this.#usedAt = now();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The first lines of a request; null when its path cannot be sent. Paths of a route are few and come in a row. */
  startLines(method: string, path: string): string | null {
    const key = `${method} ${path}`;
    if (key !== this.#startFor) {
      const start = startLines(method, path, this.#host);
      if (start === null) return null;
      this.#start = start;
      this.#startFor = key;
    }
    return this.#start;
  }

  take(): void {
    this.#inFlight++;
  }

  give(): void {
    this.#inFlight--;
    this.#usedAt = this.#now();
    this.#tellWhenEmpty();
  }

  unusedSince(instant: number): boolean {
    return this.#inFlight === 0 && this.#usedAt <= instant;
  }

  carry(send: ExpressSend): void {
    const now = this.#now();
    for (let link = this.#idle.pop(); link !== undefined; link = this.#idle.pop()) {
      if (link.usable && !this.#isStale(link, now)) {
        link.carry(send);
        return;
      }
      link.close();
    }
    this.#links.add(new UpstreamLink(this, send, now));
  }

  /** Closes what was idle for too long. */
  sweep(now: number): void {
    while (this.#idle[0] !== undefined && this.#isStale(this.#idle[0], now)) this.#idle.shift()?.close();
  }

  /** No more sends; resolves when those in flight are over. */
  close(): Promise<void> {
    this.#closed = true;
    for (const link of this.#idle.splice(0)) link.close();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.#tellWhenEmpty();
    });
  }

  destroy(): void {
    this.#closed = true;
    for (const link of this.#links) link.close(transportClosed);
  }

  // ── what links say ──

  onIdle(link: UpstreamLink): void {
    const now = this.#now();
    link.idleSince = now;
    if (this.#closed || now - link.openedAt >= this.#times.ageMsMax) link.close();
    else this.#idle.push(link);
  }

  onClosed(link: UpstreamLink): void {
    this.#links.delete(link);
    const at = this.#idle.lastIndexOf(link);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#tellWhenEmpty();
  }

  #isStale(link: UpstreamLink, now: number): boolean {
    const { idlePlainMsMax, idleTlsMsMax, ageMsMax } = this.#times;
    const ours = this.aim.tls === null ? idlePlainMsMax : idleTlsMsMax;
    const theirs = link.keptSeconds === null ? ours : link.keptSeconds * SECOND_MS - EARLIER_MS;
    return now - link.idleSince >= theirs || now - link.openedAt >= ageMsMax;
  }

  #tellWhenEmpty(): void {
    if (this.#onEmpty === null || this.#inFlight > 0 || this.#links.size > 0) return;
    this.#onEmpty();
    this.#onEmpty = null;
  }
}

function aimOf({ caFile, connectMs }: Route, url: URL): LinkAim {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const plain = url.protocol === 'http:';
  const port = url.port === '' ? (plain ? 80 : 443) : Number(url.port);
  if (plain) return { host, port, connectMs, tls: null };
  const context = caFile === null ? createSecureContext() : trust(caFile);
  return { host, port, connectMs, tls: { context, servername: isIP(host) === 0 ? host : null } };
}
