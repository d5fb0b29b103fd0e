// Renewed: a value that expires and costs a trip to obtain (a token, temporary keys). It is obtained once however many ask,
// anew in the background while the old one is still good, and not asked for in vain again and again.
// It must never give out a value that has expired, nor make anybody wait while it holds a good one.
import type { WallMs } from '../../kernel/brands.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import { CredentialError } from '../../ports/credentials.ts';

export interface Dated<Value> {
  readonly value: Value;
  /** Null: it does not expire by itself. */
  readonly expiresAt: number | null;
}

/** Renewed this long before it expires, so that no request meets the moment in between. */
const EARLY_MS = 300_000;
/** The trip to the far side must end before it expires there. */
const MARGIN_MS = 10_000;
/** After a renewal in the background: metadata servers give the same token out until its last five minutes. */
const BACKGROUND_PAUSE_MS = 30_000;
/** Whoever asks so shortly after a failure hears of that failure instead of making another. */
const FAILURE_PAUSE_MS = 1_000;
const OBTAIN_MS_MAX = 10_000;

/** `anew`: the last one was refused, so that none that is kept somewhere will do. */
export type Obtain<Value> = (anew?: boolean) => Promise<Dated<Value>>;

export class Renewed<Value> {
  readonly #obtain: Obtain<Value>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #held: Held<Value> | null = null;
  #underWay: Promise<Value> | null = null;
  #backgroundAt = 0;
  #refused = false;
  #failure: { readonly error: CredentialError; readonly at: WallMs } | null = null;

  constructor(obtain: Obtain<Value>, clock: Clock, timers: Timers) {
    this.#obtain = obtain;
    this.#clock = clock;
    this.#timers = timers;
  }

  get(): Value | Promise<Value> {
    const now = this.#clock.wall();
    const held = this.#held;
    if (held === null || now >= held.goodUntil) return this.#renew(now);
    if (now >= held.renewAt && now >= this.#backgroundAt) {
      this.#backgroundAt = now + BACKGROUND_PAUSE_MS;
      // Nobody waits for this one: the old value is good, and the next asker tries again.
      this.#renew(now).catch(() => {});
    }
    return held.value;
  }

  /** This one was refused: if it is still the one held, the next asker gets a new one. */
  drop(refused: Value): void {
    if (this.#held?.value !== refused) return;
    this.#held = null;
    this.#refused = true;
  }

  #renew(now: WallMs): Promise<Value> {
    if (this.#underWay !== null) return this.#underWay;
    const failure = this.#failure;
    if (failure !== null && now - failure.at < FAILURE_PAUSE_MS) return Promise.reject(failure.error);
    const trip = this.#trip().finally(() => (this.#underWay = null));
    this.#underWay = trip;
    return trip;
  }

  async #trip(): Promise<Value> {
    const anew = this.#refused;
    this.#refused = false;
    try {
      const dated = await this.#inTime(anew);
      this.#held = datedFrom(dated, this.#clock.wall());
      this.#failure = null;
      return dated.value;
    } catch (error) {
      this.#refused ||= anew;
      const known = error instanceof CredentialError ? error : new CredentialError('credential', wordsOf(error));
      this.#failure = { error: known, at: this.#clock.wall() };
      throw known;
    }
  }

  #inTime(anew: boolean): Promise<Dated<Value>> {
    return new Promise((resolve, reject) => {
      const timer = this.#timers.after(OBTAIN_MS_MAX, () =>
        reject(new CredentialError('connect', `no credentials within ${OBTAIN_MS_MAX} ms`)),
      );
      this.#obtain(anew)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}

interface Held<Value> {
  readonly value: Value;
  readonly renewAt: number;
  readonly goodUntil: number;
}

function datedFrom<Value>({ value, expiresAt }: Dated<Value>, now: WallMs): Held<Value> {
  if (expiresAt === null) return { value, renewAt: Infinity, goodUntil: Infinity };
  // Short-lived ones are renewed at half their life.
  const early = Math.min(EARLY_MS, (expiresAt - now) / 2);
  return { value, renewAt: expiresAt - early, goodUntil: expiresAt - Math.min(MARGIN_MS, early) };
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
