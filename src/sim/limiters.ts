// Limiters: the published concurrency limiters with their stock parameters, each as its source has it. They are what the
// gateway is compared with; nothing in production uses them, and they must not be tuned, neither up nor down.
import type { Chance } from '../ports/chance.ts';

export interface LimiterSample {
  /** From send to the end of the answer. */
  readonly rttMs: number;
  /** The client left, or the far side refused. */
  readonly dropped: boolean;
  /** The ending one included. */
  readonly inFlight: number;
  readonly now: number;
}

export interface Limiter {
  /** Requests that may be in flight. */
  readonly limit: number;
  readonly queueMax: number;
  onStart?(inFlight: number): void;
  onFirstToken?(firstTokenMs: number): void;
  onEnd?(sample: LimiterSample): void;
}

export const passThrough = (): Limiter => ({ limit: Number.POSITIVE_INFINITY, queueMax: 0 });

const STATIC_QUEUE_MAX = 1_000;

export const staticLimit = (limit: number): Limiter => ({ limit, queueMax: STATIC_QUEUE_MAX });

/**
 * Netflix concurrency-limits, AIMDLimit: back off by a tenth on a drop or after the timeout, else one more when the limit
 * is at least half used. The timeout is held against the first token: against the whole answer it would always have passed.
 */
export class AimdLimiter implements Limiter {
  readonly queueMax = 0;
  limit = 10;

  onFirstToken(firstTokenMs: number): void {
    if (firstTokenMs > AIMD_TIMEOUT_MS) this.#cut();
  }

  onEnd({ dropped, inFlight }: LimiterSample): void {
    if (dropped) this.#cut();
    else if (inFlight * 2 >= this.limit) this.limit++;
  }

  #cut(): void {
    this.limit = Math.max(1, Math.min(this.limit - 1, Math.floor(this.limit * 0.9)));
  }
}

const AIMD_TIMEOUT_MS = 5_000;

/** Netflix concurrency-limits, Gradient2Limit: long-term over short-term round trip, smoothed. */
export class Gradient2Limiter implements Limiter {
  readonly queueMax = 0;
  #limit = 20;
  #longRttMs = 0;
  #samples = 0;

  get limit(): number {
    return Math.floor(this.#limit);
  }

  onEnd({ rttMs, dropped, inFlight }: LimiterSample): void {
    if (dropped) return;
    this.#samples++;
    const factor = 2 / (GRADIENT2_LONG_WINDOW + 1);
    // Its average starts as a plain mean of the first ten.
    if (this.#samples <= GRADIENT2_WARMUP) this.#longRttMs += (rttMs - this.#longRttMs) / this.#samples;
    else this.#longRttMs += (rttMs - this.#longRttMs) * factor;
    if (this.#longRttMs / rttMs > 2) this.#longRttMs *= 0.95;
    if (inFlight < this.#limit / 2) return;
    const gradient = Math.max(0.5, Math.min(1, (1.5 * this.#longRttMs) / rttMs));
    const next = this.#limit * gradient + GRADIENT2_QUEUE;
    this.#limit = Math.max(20, Math.min(200, this.#limit * 0.8 + next * 0.2));
  }
}

const GRADIENT2_LONG_WINDOW = 600;
const GRADIENT2_WARMUP = 10;
const GRADIENT2_QUEUE = 4;

/** Envoy's adaptive_concurrency, gradient controller: round trip against a minimum measured at a limit of three. */
export class EnvoyLimiter implements Limiter {
  readonly queueMax = 0;
  limit = ENVOY_LIMIT_MIN;
  readonly #chance: Chance;
  #minRttMs = 0;
  #samples: number[] = [];
  #measuring = true;
  #limitBefore = ENVOY_LIMIT_MIN;
  #measureAgainAt = 0;
  #windowEndsAt = 0;
  #windowsAtMinimum = 0;
  /** Samples of requests begun before the measurement are not of it. */
  #epoch = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  onEnd({ rttMs, dropped, now }: LimiterSample): void {
    if (dropped || now - rttMs < this.#epoch) return;
    this.#samples.push(rttMs);
    if (this.#measuring) {
      if (this.#samples.length >= ENVOY_MINIMUM_REQUESTS) this.#endMeasurement(now);
    } else if (now >= this.#measureAgainAt) this.#beginMeasurement(now);
    else if (now >= this.#windowEndsAt) this.#update(now);
  }

  #beginMeasurement(now: number): void {
    this.#measuring = true;
    this.#samples = [];
    this.#epoch = now;
    this.#limitBefore = this.limit;
    this.limit = ENVOY_LIMIT_MIN;
  }

  #endMeasurement(now: number): void {
    this.#minRttMs = median(this.#samples);
    this.#measuring = false;
    this.#samples = [];
    this.limit = this.#limitBefore;
    this.#windowsAtMinimum = 0;
    this.#windowEndsAt = now + ENVOY_WINDOW_MS;
    this.#measureAgainAt = now + ENVOY_MEASURE_EVERY_MS * (1 + ENVOY_JITTER * this.#chance.draw());
  }

  #update(now: number): void {
    const buffered = this.#minRttMs * (1 + ENVOY_BUFFER);
    const gradient = Math.max(0.5, Math.min(2, buffered / median(this.#samples)));
    const next = this.limit * gradient;
    this.limit = Math.max(ENVOY_LIMIT_MIN, Math.min(ENVOY_LIMIT_MAX, Math.floor(next + Math.sqrt(next))));
    this.#samples = [];
    this.#windowEndsAt = now + ENVOY_WINDOW_MS;
    this.#windowsAtMinimum = this.limit === ENVOY_LIMIT_MIN ? this.#windowsAtMinimum + 1 : 0;
    if (this.#windowsAtMinimum >= ENVOY_WINDOWS_AT_MINIMUM) this.#beginMeasurement(now);
  }
}

const ENVOY_LIMIT_MIN = 3;
const ENVOY_LIMIT_MAX = 1_000;
const ENVOY_MINIMUM_REQUESTS = 50;
const ENVOY_BUFFER = 0.25;
const ENVOY_JITTER = 0.15;
const ENVOY_WINDOW_MS = 100;
const ENVOY_MEASURE_EVERY_MS = 60_000;
const ENVOY_WINDOWS_AT_MINIMUM = 5;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
