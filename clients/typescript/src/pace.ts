// Pace: a refusal with Retry-After holds for everybody it is about, not only for who heard it. Who asks again too soon waits
// here instead of at the gateway's door; who cannot wait so long gets the same refusal again, from memory. When the time is
// over, those held leave spread out, not all at once. Nobody is held for longer than a minute, and memory is bounded.

export interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Hold {
  readonly until: number;
  readonly refusal: Refusal;
}

export interface PaceTime {
  now(): number;
  /** Rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal: AbortSignal | null): Promise<void>;
  /** 0 ≤ x < 1. */
  draw(): number;
}

const HOLD_MS_MAX = 60_000;
const HOLDS_MAX = 256;
const SPREAD_SHARE = 0.1;
const SPREAD_MS_MAX = 1_000;

export class Pace {
  readonly #time: PaceTime;
  readonly #holds = new Map<string, Hold>();

  constructor(time: PaceTime) {
    this.#time = time;
  }

  /** Answers the refusal when the hold outlasts `deadline`; null when the way is free. */
  async pass(key: string, deadline: number | null, signal: AbortSignal | null): Promise<Hold | null> {
    for (let hold = this.#holdOf(key); hold !== null; hold = this.#holdOf(key)) {
      const leftMs = hold.until - this.#time.now();
      if (deadline !== null && hold.until >= deadline) return hold;
      const spreadMs = Math.min(leftMs * SPREAD_SHARE, SPREAD_MS_MAX) * this.#time.draw();
      await this.#time.sleep(leftMs + spreadMs, signal);
    }
    return null;
  }

  hold(key: string, ms: number, refusal: Refusal): void {
    this.#holds.delete(key);
    this.#holds.set(key, { until: this.#time.now() + Math.min(ms, HOLD_MS_MAX), refusal });
    for (const oldest of this.#holds.keys()) {
      if (this.#holds.size <= HOLDS_MAX) return;
      this.#holds.delete(oldest);
    }
  }

  #holdOf(key: string): Hold | null {
    const hold = this.#holds.get(key);
    if (hold === undefined) return null;
    if (hold.until > this.#time.now()) return hold;
    this.#holds.delete(key);
    return null;
  }
}

/** What `retry-after-ms` or else `Retry-After` (seconds, or a date) asks for; null when neither does. */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const ms = headers.get('retry-after-ms');
  if (ms !== null && /^\d{1,9}(?:\.\d+)?$/.test(ms)) return Number(ms);
  const after = headers.get('retry-after');
  if (after === null) return null;
  if (/^\d{1,6}(?:\.\d+)?$/.test(after)) return Number(after) * 1000;
  const date = Date.parse(after);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
