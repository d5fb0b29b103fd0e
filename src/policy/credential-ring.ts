// Credential ring: the keys of one upstream, used in turn. A key that is refused or exhausted rests, for one model or for
// all, while its siblings go on; secrets stay outside, a credential is its ordinal here.
// It must never take a credential out without an end: what rests comes back by itself.
import { RecentMap } from '../kernel/bounded.ts';
import type { MonotonicMs } from '../kernel/brands.ts';
import { monotonicMs } from '../kernel/brands.ts';

/** Models with rests of their own; the one that rested longest ago is forgotten, which costs one refused send at most. */
const MODELS_MAX = 1_000;

export class CredentialRing {
  readonly count: number;
  /** Per ordinal: resting for every model until then. */
  readonly #until: number[];
  readonly #untilByModel = new RecentMap<string, number[]>(MODELS_MAX);
  #next = 0;

  constructor(count: number) {
    this.count = count;
    this.#until = awake(count);
  }

  /** Ordinal from 0, in turn over those usable for this model; null when none is. */
  pick(model: string, now: MonotonicMs): number | null {
    const own = this.#untilByModel.get(model);
    for (let step = 0; step < this.count; step++) {
      const ordinal = (this.#next + step) % this.count;
      if (this.#readyAt(ordinal, own) > now) continue;
      this.#next = (ordinal + 1) % this.count;
      return ordinal;
    }
    return null;
  }

  /** `model` null: for every model. True when the rest grew; a shorter one never replaces a longer one. */
  rest(ordinal: number, ms: number, now: MonotonicMs, model: string | null): boolean {
    if (ms <= 0 || ordinal < 0 || ordinal >= this.count) return false;
    if (model === null) return grow(this.#until, ordinal, now + ms);
    const own = this.#untilByModel.get(model) ?? awake(this.count);
    this.#untilByModel.set(model, own);
    return grow(own, ordinal, now + ms);
  }

  usable(model: string, now: MonotonicMs): number {
    const own = this.#untilByModel.get(model);
    return this.#until.filter((_, ordinal) => this.#readyAt(ordinal, own) <= now).length;
  }

  /** Null when one is usable now (or there are none at all); else when the first comes back. */
  readyAt(model: string, now: MonotonicMs): MonotonicMs | null {
    const own = this.#untilByModel.get(model);
    const first = Math.min(...this.#until.map((_, ordinal) => this.#readyAt(ordinal, own)));
    return first > now && this.count > 0 ? monotonicMs(first) : null;
  }

  /** How long it still rests for every model; 0 when it does not. */
  restingMs(ordinal: number, now: MonotonicMs): number {
    return Math.max(0, (this.#until[ordinal] ?? 0) - now);
  }

  #readyAt(ordinal: number, own: readonly number[] | undefined): number {
    return Math.max(this.#until[ordinal] ?? 0, own?.[ordinal] ?? 0);
  }
}

function awake(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function grow(until: number[], ordinal: number, wanted: number): boolean {
  if (wanted <= (until[ordinal] ?? 0)) return false;
  until[ordinal] = wanted;
  return true;
}
