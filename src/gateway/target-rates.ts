// Target rates: what an upstream lets one model take per minute, as its headers tell or its refusals teach. We wait here instead
// of being refused there. With several credentials nobody can tell whose limits were told: then only refusals count.
import { later, type MonotonicMs, type WallMs } from '../kernel/brands.ts';
import type { Fault } from '../kernel/fault.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { noRateLevels, type RateLevels, readRateLevels } from '../policy/rate-headers.ts';
import { type RateMark, RateWindow } from '../policy/rate-window.ts';
import { type OverloadSignal, overloadSignalOf } from '../policy/overload-signal.ts';
import type { NoRoom } from './fleet.ts';

export class TargetRates {
  readonly #requests = new RateWindow();
  readonly #tokens = new RateWindow();

  obstacle(tokens: number, now: MonotonicMs): NoRoom | null {
    const requestsMs = this.#requests.waitMs(1, now);
    if (requestsMs > 0) return { why: 'requests per minute of the upstream', readyAt: later(now, requestsMs) };
    const tokensMs = this.#tokens.waitMs(tokens, now);
    return tokensMs > 0 ? { why: 'tokens per minute of the upstream', readyAt: later(now, tokensMs) } : null;
  }

  take(tokens: number, now: MonotonicMs): RateHold {
    return new RateHold(this.#requests, this.#tokens, tokens, now);
  }
}

/** One send's part in it. */
export class RateHold {
  readonly #requests: RateWindow;
  readonly #tokens: RateWindow;
  readonly #cost: number;
  readonly #sentAt: MonotonicMs;
  readonly #requestMark: RateMark;
  readonly #tokenMark: RateMark;
  #levels: RateLevels = noRateLevels;

  constructor(requests: RateWindow, tokens: RateWindow, cost: number, now: MonotonicMs) {
    this.#requests = requests;
    this.#tokens = tokens;
    this.#cost = cost;
    this.#sentAt = now;
    this.#requestMark = requests.take(1, now);
    this.#tokenMark = tokens.take(cost, now);
  }

  /** What the answer's headers say. `mine`: they are of the only account there is. */
  told(headers: HeaderRecord, mine: boolean, now: MonotonicMs, wall: WallMs): void {
    this.#levels = readRateLevels(headers, wall);
    if (!mine) return;
    this.#requests.tell(this.#levels.requests, this.#requestMark, now);
    this.#tokens.tell(this.#levels.tokens, this.#tokenMark, now);
  }

  /** What the fault says about load; limits per minute are dealt with here. Null: nothing. */
  failed(fault: Fault, now: MonotonicMs): OverloadSignal | null {
    const signal = overloadSignalOf(fault, this.#levels);
    if (signal === null) return null;
    this.#requests.settle(-1, this.#requestMark, now);
    this.#tokens.settle(-this.#cost, this.#tokenMark, now);
    if (signal === 'requests') this.#requests.refuse(this.#sentAt, now);
    if (signal === 'tokens') this.#tokens.refuse(this.#sentAt, now);
    return signal;
  }

  /** `tokens`: what it really took. */
  settle(tokens: number, now: MonotonicMs): void {
    this.#tokens.settle(tokens - this.#cost, this.#tokenMark, now);
  }
}
