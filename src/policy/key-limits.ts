// Key limits: what one key may use: requests per minute, tokens per minute, exchanges at once. Tokens are reserved by
// estimate before the send and settled to what was really used after it, so that limits hold for streams, whose cost is
// known only at the end, and the sum charged equals the sum used.
// It must never charge one limit when another refuses, and never release twice.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Result } from '../kernel/result.ts';
import { fail, ok } from '../kernel/result.ts';
import type { KeyConfig } from '../ports/config.ts';
import { Gcra } from './gcra.ts';

/** Both are idempotent, and the first one wins. */
export interface Reservation {
  /** The exchange was sent and used `actualTokens`: the difference to the estimate is charged, if need be into debt. */
  settle(actualTokens: number, now: MonotonicMs): void;
  /**
   * Nothing was sent: everything is given back, the request too. Whoever was turned away by our queue used nothing, and
   * charging the request would make our overload eat the caller's limit.
   */
  cancel(now: MonotonicMs): void;
}

export interface LimitRefusal {
  readonly kind: 'requestLimit' | 'tokenLimit' | 'concurrencyLimit';
  /** Null when nobody can know (another exchange must end first) or when it will never fit (a limit of 0). */
  readonly retryAfterMs: number | null;
  readonly message: string;
}

export interface LimitLevel {
  /** Per minute. */
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

export interface LimitLevels {
  readonly requests: LimitLevel | null;
  readonly tokens: LimitLevel | null;
}

type Limits = KeyConfig['limits'];

export class KeyLimits {
  #requests: Gcra | null;
  #tokens: Gcra | null;
  #maxConcurrent: number | null;
  readonly #slots: Slots = { taken: 0 };

  constructor(limits: Limits) {
    this.#requests = adjusted(null, limits.requestsPerMinute);
    this.#tokens = adjusted(null, limits.tokensPerMinute);
    this.#maxConcurrent = limits.maxConcurrent;
  }

  get inFlight(): number {
    return this.#slots.taken;
  }

  /**
   * All three limits are asked before any is charged. A reservation larger than a whole minute's tokens is admitted when
   * the bucket is full, and leaves a debt: it would otherwise starve for ever, however idle the key.
   */
  reserve(tokens: number, now: MonotonicMs): Result<Reservation, LimitRefusal> {
    const refusal = this.#rateRefusal(tokens, now) ?? this.#concurrencyRefusal();
    if (refusal !== null) return fail(refusal);
    this.#requests?.charge(1, now);
    this.#tokens?.charge(tokens, now);
    this.#slots.taken++;
    return ok(new Holding(this.#requests, this.#tokens, this.#slots, tokens));
  }

  /** Reload. What is used stays used (see `Gcra.reconfigure`); reservations in flight settle as if nothing had happened. */
  update(limits: Limits): void {
    this.#requests = adjusted(this.#requests, limits.requestsPerMinute);
    this.#tokens = adjusted(this.#tokens, limits.tokensPerMinute);
    this.#maxConcurrent = limits.maxConcurrent;
  }

  levels(now: MonotonicMs): LimitLevels {
    return { requests: levelOf(this.#requests, now), tokens: levelOf(this.#tokens, now) };
  }

  /** When both rates refuse, the longer wait is told: else the caller comes back to be refused by the other one. */
  #rateRefusal(tokens: number, now: MonotonicMs): LimitRefusal | null {
    const requestWaitMs = waitMsOf(this.#requests, 1, now);
    const tokenWaitMs = waitMsOf(this.#tokens, tokens, now);
    if (requestWaitMs === 0 && tokenWaitMs === 0) return null;
    return requestWaitMs >= tokenWaitMs
      ? rateRefusal('requestLimit', `${this.#requests?.perMinute} requests per minute`, requestWaitMs)
      : rateRefusal('tokenLimit', `${this.#tokens?.perMinute} tokens per minute`, tokenWaitMs);
  }

  #concurrencyRefusal(): LimitRefusal | null {
    if (this.#maxConcurrent === null || this.#slots.taken < this.#maxConcurrent) return null;
    const message = `This key may have ${this.#maxConcurrent} requests in flight. Wait for one of them to end.`;
    return { kind: 'concurrencyLimit', retryAfterMs: null, message };
  }
}

interface Slots {
  taken: number;
}

/**
 * Remembers the buckets it was charged to, not the key's present ones: a limit that a reload added meanwhile never saw the
 * estimate, so it must not see the correction either.
 */
class Holding implements Reservation {
  readonly #requests: Gcra | null;
  readonly #tokens: Gcra | null;
  readonly #slots: Slots;
  readonly #reservedTokens: number;
  #held = true;

  constructor(requests: Gcra | null, tokens: Gcra | null, slots: Slots, reservedTokens: number) {
    this.#requests = requests;
    this.#tokens = tokens;
    this.#slots = slots;
    this.#reservedTokens = reservedTokens;
  }

  settle(actualTokens: number, now: MonotonicMs): void {
    if (this.#release()) this.#tokens?.charge(actualTokens - this.#reservedTokens, now);
  }

  cancel(now: MonotonicMs): void {
    if (!this.#release()) return;
    this.#tokens?.charge(-this.#reservedTokens, now);
    this.#requests?.charge(-1, now);
  }

  #release(): boolean {
    if (!this.#held) return false;
    this.#held = false;
    this.#slots.taken--;
    return true;
  }
}

/** The burst is a whole minute: a key with 60 per minute may send its 60 at once, as users of other gateways expect. */
function adjusted(bucket: Gcra | null, perMinute: number | null): Gcra | null {
  if (perMinute === null) return null;
  const burst = perMinute > 0 ? Math.max(1, perMinute) : 0;
  if (bucket === null) return new Gcra(perMinute, burst);
  bucket.reconfigure(perMinute, burst);
  return bucket;
}

function waitMsOf(bucket: Gcra | null, cost: number, now: MonotonicMs): number {
  if (bucket === null) return 0;
  // Zero means none at all; without this line "larger than the bucket is let in when full" would let everything in.
  if (bucket.burst === 0) return Infinity;
  return bucket.check(Math.min(cost, bucket.burst), now).waitMs;
}

function rateRefusal(kind: 'requestLimit' | 'tokenLimit', limit: string, waitMs: number): LimitRefusal {
  const known = Number.isFinite(waitMs);
  const advice = known ? `Try again in ${Math.ceil(waitMs / 1000)} s.` : 'It will not be served under this limit.';
  return { kind, retryAfterMs: known ? waitMs : null, message: `This key is limited to ${limit}. ${advice}` };
}

function levelOf(bucket: Gcra | null, now: MonotonicMs): LimitLevel | null {
  if (bucket === null) return null;
  const { remaining, resetMs } = bucket.check(0, now);
  return { limit: bucket.perMinute, remaining, resetMs };
}
