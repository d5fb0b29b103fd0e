// Account limits: the hard caps of one upstream: at once, requests a minute, tokens a minute. Nothing is sent above them.
// Kept here alone, or together with the other processes of this gateway.
import { later, type MonotonicMs } from '../kernel/brands.ts';
import { Gcra } from '../policy/gcra.ts';
import type { SharedRate, SharedRoom, SharedSlots } from '../ports/shared-room.ts';
import type { NoRoom } from './fleet.ts';
import type { Upstream } from './snapshot.ts';

type Caps = Pick<Upstream, 'name' | 'maxConcurrent' | 'requestsPerMinute' | 'tokensPerMinute'>;

/** Of one limit per minute. */
interface Meter {
  /** A cost larger than a whole minute passes when the bucket is full, and is paid off afterwards. */
  waitMs(cost: number, now: MonotonicMs): number;
  charge(amount: number, now: MonotonicMs): void;
}

export class AccountLimits {
  readonly #shared: SharedRoom | undefined;
  readonly #slots: SharedSlots | undefined;
  #caps: Caps;
  #requests: Meter | null;
  #tokens: Meter | null;
  #inFlight = 0;

  constructor(caps: Caps, shared: SharedRoom | undefined) {
    this.#caps = caps;
    this.#shared = shared;
    this.#slots = shared?.slots(`upstream ${caps.name}`, () => this.#inFlight);
    this.#requests = this.#meter('requests', caps.requestsPerMinute);
    this.#tokens = this.#meter('tokens', caps.tokensPerMinute);
    this.#prepare();
  }

  reconfigure(caps: Caps): void {
    const before = this.#caps;
    this.#caps = caps;
    if (before.maxConcurrent !== caps.maxConcurrent) this.#prepare();
    if (before.requestsPerMinute !== caps.requestsPerMinute) {
      this.#requests = this.#meter('requests', caps.requestsPerMinute);
    }
    if (before.tokensPerMinute !== caps.tokensPerMinute) this.#tokens = this.#meter('tokens', caps.tokensPerMinute);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  obstacle(tokens: number, now: MonotonicMs): NoRoom | null {
    if (isFull(this.#caps.maxConcurrent, this.#inFlight, this.#slots)) return { why: 'full', readyAt: null };
    const requestsMs = this.#requests?.waitMs(1, now) ?? 0;
    if (requestsMs > 0) return { why: 'requests per minute', readyAt: later(now, requestsMs) };
    const tokensMs = this.#tokens?.waitMs(tokens, now) ?? 0;
    if (tokensMs > 0) return { why: 'tokens per minute', readyAt: later(now, tokensMs) };
    return null;
  }

  take(tokens: number, now: MonotonicMs): void {
    this.#inFlight++;
    this.#requests?.charge(1, now);
    this.#tokens?.charge(tokens, now);
  }

  giveBack(): void {
    this.#inFlight--;
    this.#slots?.ended();
  }

  /** The provider told the true figure: charge or refund the difference. */
  settleTokens(difference: number, now: MonotonicMs): void {
    this.#tokens?.charge(difference, now);
  }

  /** To ask is to be dealt a share: before the first exchange needs it. */
  #prepare(): void {
    const { maxConcurrent } = this.#caps;
    if (maxConcurrent !== null) this.#slots?.hasRoom(this.#inFlight, maxConcurrent);
  }

  #meter(of: 'requests' | 'tokens', perMinute: number | null): Meter | null {
    if (perMinute === null) return null;
    const shared = this.#shared?.rate(`${of} ${this.#caps.name}`);
    return shared === undefined ? ownMeter(perMinute) : sharedMeter(shared, perMinute);
  }
}

function ownMeter(perMinute: number): Meter {
  const bucket = new Gcra(perMinute, perMinute);
  return {
    waitMs: (cost, now) => bucket.check(Math.min(cost, bucket.burst), now).waitMs,
    charge: (amount, now) => bucket.charge(amount, now),
  };
}

const sharedMeter = (rate: SharedRate, perMinute: number): Meter => ({
  waitMs: (cost, now) => rate.waitMs(cost, perMinute, now),
  charge: (amount, now) => rate.charge(amount, now),
});

/** `slots`: of several processes; none where this one is alone. */
export const isFull = (
  maxConcurrent: number | null,
  inFlight: number,
  slots: SharedSlots | null | undefined,
): boolean => maxConcurrent !== null && !(slots?.hasRoom(inFlight, maxConcurrent) ?? inFlight < maxConcurrent);
