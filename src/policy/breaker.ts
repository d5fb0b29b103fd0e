// Breaker: whether a target is worth a send. It keeps traffic away from a broken target and asks it with one real request
// whether it is back. It only decides; the dispatcher acts, the classifier says what a failure is (429 is none: a full
// target is not a broken one).
//
//   closed ──failures in a row, or their share of the sends in the window──► open
//   open ──reopensAt has passed and somebody sends: that send is the probe──► half-open
//   half-open ──probe succeeded──► closed (doubling forgotten)
//   half-open ──probe failed──► open, twice as long
//   half-open ──probe ended with neither──► half-open, slot free
//
// It must never let two probes run at once, never judge by sends that were made before its last move (a target that hung
// for a minute is still failing old sends long after it came back), and never stay shut for ever.
import type { MonotonicMs } from '../kernel/brands.ts';
import { later } from '../kernel/brands.ts';
import type { BreakerState } from '../kernel/facts.ts';
import type { Chance } from '../ports/chance.ts';
import type { BreakerConfig } from '../ports/config.ts';
import { SlidingCounts } from './sliding-counts.ts';

export interface BreakerMove {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly why: string;
}

/** Open times vary by this share, so that many gateways do not probe at the same instant. */
const JITTER = 0.2;

type Column = 'sends' | 'failures' | 'outcomes';
const columns: readonly Column[] = ['sends', 'failures', 'outcomes'];

export class Breaker {
  readonly #chance: Chance;
  #config: BreakerConfig;
  #counts: SlidingCounts<Column>;
  #state: BreakerState = 'closed';
  #failuresInARow = 0;
  #failedProbes = 0;
  #reopensAt: MonotonicMs | null = null;
  /** Means something in half-open alone, which begins by setting it. Null: the slot is free. */
  #probeSentAt: MonotonicMs | null = null;
  /** Sends made before this instant no longer say anything. */
  #epoch = -Infinity;

  constructor(config: BreakerConfig, chance: Chance) {
    this.#config = config;
    this.#chance = chance;
    this.#counts = new SlidingCounts(config.windowMs, columns);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** A pure question: asking moves nothing. */
  mayPass(now: MonotonicMs): boolean {
    if (this.#state === 'half-open') return this.#probeSentAt === null || now >= this.#probeLostAt(this.#probeSentAt);
    return this.#reopensAt === null || now >= this.#reopensAt;
  }

  /**
   * When a probe may pass. Null when no instant can be told: closed, or half-open with the probe running, where its end
   * decides. (Any instant told then would be a guess, and a late one turns away who could have waited for that end.)
   */
  reopensAt(now: MonotonicMs): MonotonicMs | null {
    if (this.#state !== 'half-open') return this.#reopensAt;
    return this.mayPass(now) ? now : null;
  }

  /** Every probe ends, but a bug that loses one must not cost the target: after the longest open time another may pass. */
  #probeLostAt(sentAt: MonotonicMs): MonotonicMs {
    return later(sentAt, this.#config.openMsMax);
  }

  /** Counted when sent, not when ended: calls last longer than windows, and an outage must not look like silence. */
  onSend(now: MonotonicMs): BreakerMove | null {
    if (this.#state === 'closed') {
      this.#counts.add('sends', now);
      return null;
    }
    // A send that mayPass did not allow (the last target left, say) is no probe.
    if (!this.mayPass(now)) return null;
    this.#probeSentAt = now;
    this.#epoch = now;
    return this.#state === 'open' ? this.#move('half-open', 'open time has passed; this send is the probe') : null;
  }

  /** `sentAt`: when this send was made, so that sends from before the last move are told apart. */
  onSuccess(now: MonotonicMs, sentAt: MonotonicMs = now): BreakerMove | null {
    if (this.#isStale(sentAt)) return null;
    if (this.#state === 'half-open') return this.#close();
    this.#failuresInARow = 0;
    this.#counts.add('outcomes', now);
    return null;
  }

  onFailure(now: MonotonicMs, sentAt: MonotonicMs = now): BreakerMove | null {
    if (this.#isStale(sentAt)) return null;
    if (this.#state === 'half-open') {
      this.#failedProbes++;
      return this.#open('the probe failed', now);
    }
    this.#failuresInARow++;
    this.#counts.add('outcomes', now);
    this.#counts.add('failures', now);
    const why = this.#whyOpen(now);
    return why === null ? null : this.#open(why, now);
  }

  /** The send ended with neither (the client left, 429): frees the probe's slot. */
  onRelease(now: MonotonicMs, sentAt: MonotonicMs = now): void {
    if (!this.#isStale(sentAt)) this.#probeSentAt = null;
  }

  /** Counts survive unless the window changed; a target that is open stays open, at most for the new maximum. */
  reconfigure(config: BreakerConfig): void {
    if (config.windowMs !== this.#config.windowMs) this.#counts = new SlidingCounts(config.windowMs, columns);
    this.#config = config;
    if (this.#state !== 'open' || this.#reopensAt === null) return;
    const latest = this.#epoch + config.openMsMax * (1 + JITTER);
    if (this.#reopensAt > latest) this.#reopensAt = latest as MonotonicMs;
  }

  /** While open nothing counts: what ends now was sent before, or past the breaker's advice. */
  #isStale(sentAt: MonotonicMs): boolean {
    return this.#state === 'open' || sentAt < this.#epoch;
  }

  #whyOpen(now: MonotonicMs): string | null {
    const { consecutiveFailures, minimumSends, failurePercent, windowMs } = this.#config;
    if (this.#failuresInARow >= consecutiveFailures) return `${this.#failuresInARow} failures in a row`;
    const failures = this.#counts.sum('failures', now);
    // Ends of sends older than the window can outnumber the sends in it; the larger number keeps the share honest.
    const sends = Math.max(this.#counts.sum('sends', now), this.#counts.sum('outcomes', now));
    if (sends < minimumSends || failures * 100 < failurePercent * sends) return null;
    return `${failures} of ${sends} sends failed within ${windowMs / 1000} s`;
  }

  #open(why: string, now: MonotonicMs): BreakerMove {
    const { openMs, openMsMax } = this.#config;
    const nominalMs = Math.min(openMsMax, openMs * 2 ** Math.min(this.#failedProbes, 30));
    this.#reopensAt = later(now, nominalMs * (1 - JITTER + 2 * JITTER * this.#chance.draw()));
    this.#epoch = now;
    return this.#move('open', why);
  }

  #close(): BreakerMove {
    this.#failuresInARow = 0;
    this.#failedProbes = 0;
    this.#counts.clear();
    this.#reopensAt = null;
    return this.#move('closed', 'the probe succeeded');
  }

  #move(to: BreakerState, why: string): BreakerMove {
    const from = this.#state;
    this.#state = to;
    return { from, to, why };
  }
}
