// Target rates: what an upstream lets one model take per minute and at once, as its headers tell or its refusals teach. We wait
// here instead of being refused there. With several credentials nobody can tell whose limits were told: then only refusals count.
import { later, type MonotonicMs, type WallMs } from '../kernel/brands.ts';
import type { Fault } from '../kernel/fault.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { ConcurrencyWindow } from '../policy/concurrency-window.ts';
import { noRateLevels, partOf, type RateLevels, readRateLevels } from '../policy/rate-headers.ts';
import { type RateMark, RateWindow } from '../policy/rate-window.ts';
import { type OverloadSignal, overloadSignalOf } from '../policy/overload-signal.ts';
import type { WindowSettings } from '../policy/window-settings.ts';
import type { SharedPart } from '../ports/shared-room.ts';
import type { NoRoom } from './fleet.ts';

export class TargetRates {
  readonly #windows: Windows;

  /** An engine of one's own shows how full it is; an API only refuses, and its number is learned. */
  constructor(kind: WindowSettings['kind'], part: SharedPart | null = null) {
    const concurrency = kind === 'api' ? new ConcurrencyWindow() : null;
    this.#windows = { requests: new RateWindow(), tokens: new RateWindow(), concurrency, part };
  }

  obstacle(tokens: number, inFlight: number, now: MonotonicMs): NoRoom | null {
    const { requests, tokens: perMinute, concurrency, part } = this.#windows;
    const requestsMs = requests.waitMs(1, now);
    if (requestsMs > 0) {
      part?.used(true);
      return { why: 'requests per minute of the upstream', readyAt: later(now, requestsMs) };
    }
    const tokensMs = perMinute.waitMs(tokens, now);
    part?.used(tokensMs > 0);
    if (tokensMs > 0) return { why: 'tokens per minute of the upstream', readyAt: later(now, tokensMs) };
    if (concurrency === null || concurrency.hasRoom(inFlight, now)) return null;
    return { why: 'as many at once as the upstream takes', readyAt: null, full: true };
  }

  take(tokens: number, inFlight: number, now: MonotonicMs): RateHold {
    return new RateHold(this.#windows, tokens, inFlight, now);
  }
}

interface Windows {
  readonly requests: RateWindow;
  readonly tokens: RateWindow;
  readonly concurrency: ConcurrencyWindow | null;
  /** Of what headers tell, where several processes send to it; null: this one is alone. */
  readonly part: SharedPart | null;
}

/** What is left to do after a refusal. */
export interface Refused {
  /** What else it says about load; null: nothing, or it is dealt with. */
  readonly signal: OverloadSignal | null;
  /** Others are taken meanwhile: the target need not rest. */
  readonly isAlone: boolean;
}

/** One send's part in it. */
export class RateHold {
  readonly #windows: Windows;
  readonly #cost: number;
  /** Others in flight when it was sent. */
  readonly #beside: number;
  readonly #sentAt: MonotonicMs;
  readonly #requestMark: RateMark;
  readonly #tokenMark: RateMark;
  #levels: RateLevels = noRateLevels;

  constructor(windows: Windows, cost: number, beside: number, now: MonotonicMs) {
    this.#windows = windows;
    this.#cost = cost;
    this.#beside = beside;
    this.#sentAt = now;
    windows.concurrency?.onSend(beside, now);
    this.#requestMark = windows.requests.take(1, now);
    this.#tokenMark = windows.tokens.take(cost, now);
  }

  /** It was let in. */
  accepted(): void {
    this.#windows.concurrency?.accepted(this.#sentAt, this.#beside);
  }

  /** What the answer's headers say. `mine`: they are of the only account there is. */
  told(headers: HeaderRecord, mine: boolean, now: MonotonicMs, wall: WallMs): void {
    this.#levels = readRateLevels(headers, wall);
    if (!mine) return;
    const { requests, tokens, part } = this.#windows;
    const fraction = part?.fraction ?? 1;
    requests.tell(partOf(fraction, this.#levels.requests), this.#requestMark, now);
    tokens.tell(partOf(fraction, this.#levels.tokens), this.#tokenMark, now);
  }

  /** Limits per minute, and an API's number at once, are dealt with here. `mine`: there is only one account. */
  failed(fault: Fault, mine: boolean, now: MonotonicMs): Refused {
    const signal = overloadSignalOf(fault, this.#levels);
    if (signal === null) return { signal, isAlone: false };
    const { requests, tokens, concurrency } = this.#windows;
    requests.settle(-1, this.#requestMark, now);
    tokens.settle(-this.#cost, this.#tokenMark, now);
    if (signal === 'requests') requests.refuse(this.#sentAt, now);
    if (signal === 'tokens') tokens.refuse(this.#sentAt, now);
    if (concurrency === null || (signal !== 'unsaid' && signal !== 'concurrency')) return { signal, isAlone: false };
    // One of several accounts is used up: what the others are taken for says nothing of it, and it rests.
    if (!mine) return { signal: null, isAlone: false };
    const { isTaking } = concurrency;
    const isNumber = concurrency.refused(this.#sentAt, this.#beside, now);
    // As many were taken a moment ago: then it is too much a minute, and mostly that is tokens.
    if (!isNumber && signal === 'unsaid') tokens.refuse(this.#sentAt, now);
    return { signal: null, isAlone: isTaking };
  }
}
