// Cache chain: where answers are kept, nearest first: our own memory, then a shared cache if there is one. What the shared
// one holds is copied into memory and trusted there for a minute, or until it says that it was purged; the times that an
// entry carries hold on every level. It must never keep a request waiting for a shared cache longer than its budget, nor make
// it fail; whether a shared cache is worth asking at all is known to the adapter that asks it.
import { type WallMs, wallMs } from '../kernel/brands.ts';
import { limits } from '../kernel/limits.ts';
import type { CacheEntry, CacheKey, CacheListener, CachePort, CacheRead, PurgeScope } from '../ports/cache.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { isWithin } from '../policy/purge-epochs.ts';
import { Sieve } from '../policy/sieve.ts';
import type { Kit } from './kit.ts';
import { reading } from './reading.ts';

/** A purge is told to every gateway, and somebody waits for the word. */
const PURGE_MS_MAX = 1_000;
/** How long a copy of a shared entry is given without asking for it again. */
const TRUST_MS = 60_000;
/** What an entry takes besides its answer: objects, key, places in maps (measured: bench/cache.ts). */
const ENTRY_BYTES = 600;

interface Copy {
  readonly entry: CacheEntry;
  readonly trustedUntil: WallMs;
}

export class CacheChain implements CacheListener {
  readonly #kit: Pick<Kit, 'clock' | 'timers'>;
  readonly #remote: CachePort | null;
  readonly #copies: Sieve<Copy>;
  /** When last something was purged: what was asked before then may be what the purge was for. */
  #purgedAt = wallMs(0);
  /** Who keeps what belongs to entries forgets it too. */
  whenPurged: (scope: PurgeScope) => void = () => {};

  constructor(kit: Pick<Kit, 'clock' | 'timers' | 'cache'>, bytesMax: number = limits.cacheBytesMax) {
    this.#kit = kit;
    this.#remote = kit.cache ?? null;
    this.#copies = new Sieve(bytesMax);
    this.#remote?.listen(this);
  }

  /** What our own memory holds. */
  local(key: CacheKey): CacheEntry | null {
    const copy = this.#copies.get(key);
    if (copy === null) return null;
    const now = this.#kit.clock.wall();
    if (now < copy.entry.keepUntil && now < copy.trustedUntil) return copy.entry;
    // A shared cache may know better, but while it is silent what we hold is all there is.
    if (now < copy.entry.keepUntil && this.#remote?.isDown(key) === true) return copy.entry;
    this.#copies.delete(key);
    return null;
  }

  /** Asks the shared cache; null where there is none to ask. `done` may be called at once; exactly once unless cancelled. */
  remote(key: CacheKey, budgetMs: number, done: (entry: CacheEntry | null) => void): CacheRead | null {
    const remote = this.#remote;
    if (remote === null) return null;
    let open = true;
    let read: CacheRead | null = null;
    const timer = this.#kit.timers.after(budgetMs, () => {
      if (!open) return;
      open = false;
      read?.cancel();
      done(null);
    });
    read = remote.get(key, budgetMs, (entry) => {
      if (!open) return;
      open = false;
      timer.cancel();
      if (entry !== null) this.#copy(key, entry);
      done(entry);
    });
    return {
      cancel: () => {
        open = false;
        timer.cancel();
        read?.cancel();
      },
    };
  }

  /** `askedAt`: when the request arrived that it answers. False: something was purged since, and it is not kept. */
  put(key: CacheKey, entry: CacheEntry, askedAt: WallMs): boolean {
    if (askedAt <= this.#purgedAt) return false;
    this.#copy(key, entry);
    this.#remote?.put(key, entry);
    return true;
  }

  /** `done(false)`: our own memory is purged, the shared cache may not be. */
  purge(scope: PurgeScope, done: (reached: boolean) => void): void {
    this.onPurged(scope);
    if (this.#remote === null) return done(true);
    this.#remote.purge(scope, PURGE_MS_MAX, done);
  }

  onPurged(scope: PurgeScope): void {
    this.#purgedAt = this.#kit.clock.wall();
    this.whenPurged(scope);
    if (scope.kind === 'all') this.#copies.clear();
    else if (scope.kind === 'key') this.#copies.delete(scope.key);
    else this.#copies.deleteWhere(({ entry }) => isWithin(scope, '', entry));
  }

  onLost(): void {
    this.#copies.clear();
  }

  gauges(): GaugeReading[] {
    return [
      reading('cache_bytes', 'Memory held by kept answers', this.#copies.bytes),
      reading('cache_entries', 'Answers kept in memory', this.#copies.size),
      reading('cache_evictions', 'Kept answers that made room for others since the start', this.#copies.evicted),
      reading('cache_refusals', 'Answers not worth their room since the start', this.#copies.refused),
    ];
  }

  #copy(key: CacheKey, entry: CacheEntry): void {
    const { answer, usage } = entry;
    const now = this.#kit.clock.wall();
    const trustedUntil = this.#remote === null ? entry.keepUntil : wallMs(now + TRUST_MS);
    // A view would hold the whole buffer that it looks into.
    const own = answer.byteLength === answer.buffer.byteLength ? entry : { ...entry, answer: answer.slice() };
    const cost = { bytes: answer.length + ENTRY_BYTES, worth: usage.promptTokens + usage.completionTokens };
    this.#copies.put(key, { entry: own, trustedUntil }, cost);
  }
}
