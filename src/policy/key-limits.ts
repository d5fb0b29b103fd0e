// Key limits: what one key may use: requests per minute, tokens per minute, exchanges at once. Tokens are reserved by
// estimate before the send and settled to what was really used after it, so that limits hold for streams, whose cost is
// known only at the end, and the sum charged equals the sum used.
// It must never charge one limit when another refuses, and never release twice.
import { type MonotonicMs, wallMs } from '../kernel/brands.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Result } from '../kernel/result.ts';
import { fail, ok } from '../kernel/result.ts';
import type { KeyConfig } from '../ports/config.ts';
import type { BurstCircumstances } from './burst.ts';
import { type Learning, RateLimit } from './rate-limit.ts';

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

/** What a key may use, kept here or elsewhere. */
export interface KeyQuota {
  /** As `KeyLimits.reserve`; `done` is called once, at once or later. */
  ask(
    tokens: number,
    now: MonotonicMs,
    circumstances: () => BurstCircumstances,
    done: (reserved: Result<Reservation, LimitRefusal>) => void,
  ): void;
  levels(now: MonotonicMs): LimitLevels;
}

type Limits = KeyConfig['limits'];

/** What is usual for a key, of all its limits; and a way to tell that more of it was learned. */
export interface KeyLearning extends Omit<Learning, 'known'> {
  readonly known: JsonObject;
}

const unlearned: KeyLearning = { wall: () => wallMs(0), known: {}, onLearned: () => {} };
/** Who asks for no loan gets none. */
const noLoan = (): BurstCircumstances => ({ lane: 'batch', fleetHasRoom: false, overloaded: true });

export class KeyLimits implements KeyQuota {
  #requests: RateLimit | null;
  #tokens: RateLimit | null;
  #maxConcurrent: number | null;
  readonly #slots: Slots = { taken: 0 };
  readonly #learning: KeyLearning;

  constructor(limits: Limits, learning: KeyLearning = unlearned) {
    this.#learning = learning;
    this.#requests = this.#adjusted(null, limits, 'requestsPerMinute');
    this.#tokens = this.#adjusted(null, limits, 'tokensPerMinute');
    this.#maxConcurrent = limits.maxConcurrent;
  }

  get inFlight(): number {
    return this.#slots.taken;
  }

  /**
   * All three limits are asked before any is charged. A reservation larger than a whole minute's tokens is admitted when
   * the bucket is full, and leaves a debt: it would otherwise starve for ever, however idle the key. `circumstances` decide
   * whether it may go beyond a limit for a while; they are asked only when it would.
   */
  reserve(
    tokens: number,
    now: MonotonicMs,
    circumstances: () => BurstCircumstances = noLoan,
  ): Result<Reservation, LimitRefusal> {
    const refusal = this.#rateRefusal(tokens, circumstances, now) ?? this.#concurrencyRefusal();
    if (refusal !== null) return fail(refusal);
    this.#requests?.charge(1, now);
    this.#tokens?.charge(tokens, now);
    this.#slots.taken++;
    return ok(new Holding(this.#requests, this.#tokens, this.#slots, tokens));
  }

  ask(
    tokens: number,
    now: MonotonicMs,
    circumstances: () => BurstCircumstances,
    done: (reserved: Result<Reservation, LimitRefusal>) => void,
  ): void {
    done(this.reserve(tokens, now, circumstances));
  }

  /** Reload. What is used stays used (see `Gcra.reconfigure`); reservations in flight settle as if nothing had happened. */
  update(limits: Limits): void {
    this.#requests = this.#adjusted(this.#requests, limits, 'requestsPerMinute');
    this.#tokens = this.#adjusted(this.#tokens, limits, 'tokensPerMinute');
    this.#maxConcurrent = limits.maxConcurrent;
  }

  levels(now: MonotonicMs): LimitLevels {
    return { requests: this.#requests?.level(now) ?? null, tokens: this.#tokens?.level(now) ?? null };
  }

  /** What is usual for it, to be kept; by limit. */
  usual(): JsonObject {
    return {
      ...(this.#requests === null ? {} : { requestsPerMinute: this.#requests.baseline() }),
      ...(this.#tokens === null ? {} : { tokensPerMinute: this.#tokens.baseline() }),
    };
  }

  #adjusted(known: RateLimit | null, limits: Limits, name: 'requestsPerMinute' | 'tokensPerMinute'): RateLimit | null {
    const perMinute = limits[name];
    if (perMinute === null) return null;
    if (known === null) {
      const { wall, onLearned } = this.#learning;
      return new RateLimit(perMinute, { wall, onLearned, known: this.#learning.known[name] ?? null });
    }
    known.reconfigure(perMinute);
    return known;
  }

  /** When both rates refuse, the longer wait is told: else the caller comes back to be refused by the other one. */
  #rateRefusal(tokens: number, circumstances: () => BurstCircumstances, now: MonotonicMs): LimitRefusal | null {
    const requestWaitMs = this.#requests?.waitMs(1, circumstances, now) ?? 0;
    const tokenWaitMs = this.#tokens?.waitMs(tokens, circumstances, now) ?? 0;
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
  readonly #requests: RateLimit | null;
  readonly #tokens: RateLimit | null;
  readonly #slots: Slots;
  readonly #reservedTokens: number;
  #held = true;

  constructor(requests: RateLimit | null, tokens: RateLimit | null, slots: Slots, reservedTokens: number) {
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

function rateRefusal(kind: 'requestLimit' | 'tokenLimit', limit: string, waitMs: number): LimitRefusal {
  const known = Number.isFinite(waitMs);
  const advice = known ? `Try again in ${Math.ceil(waitMs / 1000)} s.` : 'It will not be served under this limit.';
  return { kind, retryAfterMs: known ? waitMs : null, message: `This key is limited to ${limit}. ${advice}` };
}
