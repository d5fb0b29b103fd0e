// Limiter front: a plain proxy with a concurrency limiter, as the published ones are deployed: one limit, first come, first
// served, no lanes, no tenants. It exists so that the gateway is compared with them in one harness.
import { Fifo, type Link } from '../kernel/bounded.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { JobCall } from '../engine/far-side.ts';
import type { Ask, AskCall, AskSink, Front } from './front.ts';
import type { Limiter } from './limiters.ts';
import type { Upstreams } from './upstreams.ts';

interface Waiter {
  readonly ask: Ask;
  readonly sink: AskSink;
  call: JobCall | null;
  link: Link<Waiter> | null;
}

export class LimiterFront implements Front {
  readonly #limiter: Limiter;
  readonly #upstreams: Upstreams;
  readonly #pick: () => string;
  readonly #now: () => number;
  readonly #waiting: Fifo<Waiter>;
  #inFlight = 0;

  constructor(limiter: Limiter, upstreams: Upstreams, pick: () => string, now: () => number) {
    this.#limiter = limiter;
    this.#upstreams = upstreams;
    this.#pick = pick;
    this.#now = now;
    this.#waiting = new Fifo(limiter.queueMax);
  }

  ask(ask: Ask, sink: AskSink): AskCall {
    const waiter: Waiter = { ask, sink, call: null, link: null };
    if (this.#inFlight < this.#limiter.limit) this.#send(waiter);
    else {
      waiter.link = this.#waiting.push(waiter);
      if (waiter.link === null) sink.onRefused({ status: 503, retryAfterMs: null, again: true });
    }
    return { leave: () => this.#leave(waiter) };
  }

  gauges(): readonly GaugeReading[] {
    return [reading('upstream_in_flight', this.#inFlight), reading('queue_depth', this.#waiting.size)];
  }

  #leave(waiter: Waiter): void {
    if (waiter.link !== null) {
      this.#waiting.remove(waiter.link);
      waiter.link = null;
    } else if (waiter.call !== null) {
      waiter.call.cancel();
      this.#finished(waiter.ask.askedAt, 'dropped');
    }
  }

  #send(waiter: Waiter): void {
    const { ask, sink } = waiter;
    waiter.link = null;
    this.#inFlight++;
    const sentAt = this.#now();
    this.#limiter.onStart?.(this.#inFlight);
    waiter.call = this.#upstreams.send(this.#pick(), ask, 0, {
      onKeepAlive: () => {},
      onFirstToken: () => {
        this.#limiter.onFirstToken?.(this.#now() - sentAt);
        sink.onTokens(1);
      },
      onTokens: (count) => sink.onTokens(count),
      onDone: () => {
        sink.onDone();
        this.#finished(sentAt, 'done');
      },
      onRefused: ({ status, retryAfterMs }) => {
        sink.onRefused({ status, retryAfterMs, again: true });
        this.#finished(sentAt, 'dropped');
      },
      onBroken: () => {
        sink.onBroken();
        this.#finished(sentAt, 'dropped');
      },
    });
  }

  #finished(sentAt: number, how: 'done' | 'dropped'): void {
    const now = this.#now();
    this.#limiter.onEnd?.({ rttMs: now - sentAt, dropped: how === 'dropped', inFlight: this.#inFlight, now });
    this.#inFlight--;
    while (this.#inFlight < this.#limiter.limit) {
      const next = this.#waiting.first;
      if (next === null || next.link === null) return;
      this.#waiting.remove(next.link);
      this.#send(next);
    }
  }
}

const reading = (name: string, value: number): GaugeReading => ({ name, help: '', labels: {}, value });
