// Visits: how often a caller has asked for a model, for the faults that happen once and those that come and go.
import type { MonotonicMs } from '../kernel/brands.ts';

interface Visit {
  count: number;
  readonly firstAt: MonotonicMs;
}

export class Visits {
  readonly #callersMax: number;
  readonly #visits = new Map<string, Visit>();

  constructor(callersMax: number) {
    this.#callersMax = callersMax;
  }

  /** Counts this visit. `earlier`: how many there were before it. */
  count(model: string, caller: string, now: MonotonicMs): { earlier: number; sinceFirstMs: number } {
    const name = JSON.stringify([model, caller]);
    const known = this.#visits.get(name);
    if (known !== undefined) return { earlier: known.count++, sinceFirstMs: now - known.firstAt };
    // Callers who use a new key each time must not fill the memory; the one who came first is forgotten.
    const [oldest] = this.#visits.keys();
    if (oldest !== undefined && this.#visits.size >= this.#callersMax) this.#visits.delete(oldest);
    this.#visits.set(name, { count: 1, firstAt: now });
    return { earlier: 0, sinceFirstMs: 0 };
  }

  clear(): void {
    this.#visits.clear();
  }
}
