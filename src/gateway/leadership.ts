// Leadership: which of several gateways makes an answer. Each that is about to make one takes a lease on it in the shared
// cache; as long as hardly two ever want the same at once, nobody waits for the word, and it only counts. Where they do, who
// finds the lease held looks for the answer every now and then, for a while, takes over when its maker is lost, and in the
// end goes on by itself. It must never hold up a request for longer than that, nor fail one.
//
//   bid ──off──▶ go                       (the lease comes later, and counts)
//    └──on──▶ lease? ──ours, unknown──▶ go
//               └──held──▶ rest ──▶ the answer? ──there──▶ go, with it
//                            ▲          └──not yet──▶ lease? ──ours, unknown──▶ go
//                            └─────────────held───────┘└──time is up──▶ go
import type { CacheEntry, CacheKey, CachePort, CacheRead, Lease } from '../ports/cache.ts';
import type { Timer } from '../ports/clock.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { DuplicateRate } from '../policy/duplicate-rate.ts';
import type { Kit } from './kit.ts';
import { reading } from './reading.ts';

/** A whole answer is worth waiting for; a stream's reader would rather see it begin. */
const FOLLOW_MS_MAX = 10_000;
const FOLLOW_STREAM_MS_MAX = 1_000;
const REST_MS = 50;
const REST_MS_MAX = 500;
const REST_GROWTH = 1.5;

export interface BidOrder {
  readonly key: CacheKey;
  readonly streams: boolean;
  readonly budgetMs: number;
  /** Asks the shared cache for the answer; null: nobody can be asked. */
  look(done: (entry: CacheEntry | null) => void): CacheRead | null;
  /** Once: with the answer, or null, to make it. */
  go(entry: CacheEntry | null): void;
}

export class Leadership {
  readonly #kit: Pick<Kit, 'clock' | 'timers' | 'cache'>;
  readonly #rate = new DuplicateRate();
  #followed = 0;

  constructor(kit: Pick<Kit, 'clock' | 'timers' | 'cache'>) {
    this.#kit = kit;
  }

  /** `go` may be called before this returns. Null: there is nobody to agree with. */
  bid(order: BidOrder): Bid | null {
    const { cache } = this.#kit;
    if (cache === undefined || cache.isDown(order.key)) {
      order.go(null);
      return null;
    }
    const onBegun = (isDuplicate: boolean): void => this.#rate.onBegun(isDuplicate);
    const bid = new Bid(this.#kit, cache, order, { onBegun, onFollowed: () => this.#followed++ });
    bid.begin(this.#rate.isOn);
    return bid;
  }

  gauges(): GaugeReading[] {
    const { rate, isOn } = this.#rate;
    return [
      reading('cache_duplicate_rate', 'Share of answers that another gateway was making at the same time', rate),
      reading('cache_leases_waited_for', '1: gateways wait for each other’s answers', isOn ? 1 : 0),
      reading('cache_followed', 'Answers that another gateway made for us since the start', this.#followed),
    ];
  }
}

interface BidListener {
  onBegun(isDuplicate: boolean): void;
  onFollowed(): void;
}

export class Bid {
  readonly #kit: Pick<Kit, 'clock' | 'timers'>;
  readonly #cache: CachePort;
  readonly #order: BidOrder;
  readonly #listener: BidListener;
  #lease: Lease | null = null;
  #read: CacheRead | null = null;
  #timer: Timer | null = null;
  #restMs = REST_MS;
  #until = 0;
  #waits = false;
  #hasGone = false;
  #isOver = false;

  constructor(kit: Pick<Kit, 'clock' | 'timers'>, cache: CachePort, order: BidOrder, listener: BidListener) {
    this.#kit = kit;
    this.#cache = cache;
    this.#order = order;
    this.#listener = listener;
  }

  begin(waits: boolean): void {
    this.#waits = waits;
    const followMs = this.#order.streams ? FOLLOW_STREAM_MS_MAX : FOLLOW_MS_MAX;
    this.#until = this.#kit.clock.now() + followMs;
    this.#take((lease) => {
      if (lease !== null) this.#listener.onBegun(lease === 'held');
      if (this.#waits && lease === 'held') this.#rest();
      else this.#go(null);
    });
    if (!waits) this.#go(null);
  }

  /** The answer is made, or will not be. Idempotent. */
  end(isKept: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#hasGone = true;
    this.#read?.cancel();
    this.#timer?.cancel();
    this.#lease?.end(isKept);
  }

  #take(done: (lease: Lease | 'held' | null) => void): void {
    const { key, budgetMs } = this.#order;
    let isTold = false;
    // The shared cache keeps the same time; whoever waits relies on nobody.
    if (this.#waits) this.#timer = this.#kit.timers.after(budgetMs, () => this.#go(null));
    const read = this.#cache.lease(key, budgetMs, (lease) => {
      isTold = true;
      this.#read = null;
      this.#timer?.cancel();
      if (lease !== null && lease !== 'held') this.#lease = lease;
      done(lease);
    });
    if (!isTold) this.#read = read;
  }

  #rest(): void {
    if (this.#isOver || this.#hasGone) return;
    const leftMs = this.#until - this.#kit.clock.now();
    if (leftMs <= 0) return this.#go(null);
    this.#timer = this.#kit.timers.after(Math.min(this.#restMs, leftMs), () => this.#look());
    this.#restMs = Math.min(REST_MS_MAX, this.#restMs * REST_GROWTH);
  }

  #look(): void {
    let isTold = false;
    const read = this.#order.look((entry) => {
      isTold = true;
      this.#read = null;
      if (entry !== null) return this.#go(entry);
      this.#take((lease) => (lease === 'held' ? this.#rest() : this.#go(null)));
    });
    if (read === null) this.#go(null);
    else if (!isTold) this.#read = read;
  }

  #go(entry: CacheEntry | null): void {
    if (this.#hasGone) return;
    this.#hasGone = true;
    this.#timer?.cancel();
    if (entry !== null) this.#listener.onFollowed();
    this.#order.go(entry);
  }
}
