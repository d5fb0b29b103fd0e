// Cache chain: where answers are kept, nearest first: our own memory, then a shared cache if there is one. What the shared
// one holds is copied into memory and trusted there for a minute, or until it says that it was purged; the times that an
// entry carries hold on every level. A shared cache that is slow is passed by: it must never keep a request waiting longer
// than its budget, nor make it fail.
import { type WallMs, wallMs } from '../kernel/brands.ts';
import { limits } from '../kernel/limits.ts';
import type { CacheEntry, CacheKey, CacheListener, CachePort, CacheRead, PurgeScope } from '../ports/cache.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { Sieve } from '../policy/sieve.ts';
import type { Kit } from './kit.ts';

/** A purge is told to every gateway, and somebody waits for the word. */
const PURGE_MS_MAX = 1_000;
/** Lookups in a row that were not answered in time, after which the shared cache is left alone for a while. */
const LATE_MAX = 3;
const REST_MS = 1_000;
const REST_MS_MAX = 10_000;
/** How long a copy of a shared entry is given without asking for it again. */
const TRUST_MS = 60_000;
/** What an entry takes besides its answer: objects, key, places in maps (measured: bench/cache.ts). */
const ENTRY_BYTES = 600;

interface Copy {
  readonly entry: CacheEntry;
  readonly trustedUntil: WallMs;
}

export class CacheChain implements CacheListener {
  readonly #kit: Pick<Kit, 'clock' | 'timers' | 'facts'>;
  readonly #remote: CachePort | null;
  readonly #copies: Sieve<Copy>;
  /** When last something was purged: what was asked before then may be what the purge was for. */
  #purgedAt = wallMs(0);
  #lateInRow = 0;
  #restMs = 0;
  #restsUntil = wallMs(0);

  constructor(kit: Pick<Kit, 'clock' | 'timers' | 'facts' | 'cache'>, bytesMax: number = limits.cacheBytesMax) {
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
    if (now < copy.entry.keepUntil && this.#rests(now)) return copy.entry;
    this.#copies.delete(key);
    return null;
  }

  /** Asks the shared cache; null where there is none to ask. `done` may be called at once; exactly once unless cancelled. */
  remote(key: CacheKey, budgetMs: number, done: (entry: CacheEntry | null) => void): CacheRead | null {
    const remote = this.#remote;
    if (remote === null || this.#rests(this.#kit.clock.wall())) return null;
    let open = true;
    let read: CacheRead | null = null;
    const timer = this.#kit.timers.after(budgetMs, () => {
      if (!open) return;
      open = false;
      read?.cancel();
      this.#late(budgetMs);
      done(null);
    });
    read = remote.get(key, budgetMs, (entry) => {
      if (!open) return;
      open = false;
      timer.cancel();
      this.#inTime();
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

  /** `askedAt`: when the request arrived that it answers. */
  put(key: CacheKey, entry: CacheEntry, askedAt: WallMs): void {
    if (askedAt <= this.#purgedAt) return;
    this.#copy(key, entry);
    this.#remote?.put(key, entry);
  }

  /** `done(false)`: our own memory is purged, the shared cache may not be. */
  purge(scope: PurgeScope, done: (reached: boolean) => void): void {
    this.onPurged(scope);
    if (this.#remote === null) return done(true);
    this.#remote.purge(scope, PURGE_MS_MAX, done);
  }

  onPurged(scope: PurgeScope): void {
    this.#purgedAt = this.#kit.clock.wall();
    if (scope.kind === 'all') this.#copies.clear();
    else if (scope.kind === 'key') this.#copies.delete(scope.key);
    else this.#copies.deleteWhere(({ entry }) => entry.model === scope.model);
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

  #rests(now: WallMs): boolean {
    return now < this.#restsUntil;
  }

  #late(budgetMs: number): void {
    if (++this.#lateInRow < LATE_MAX) return;
    const at = this.#kit.clock.wall();
    if (this.#restMs === 0) this.#tell(`no answer within ${budgetMs} ms, ${LATE_MAX} times: passed by`);
    this.#restMs = Math.min(Math.max(REST_MS, this.#restMs * 2), REST_MS_MAX);
    this.#restsUntil = wallMs(at + this.#restMs);
  }

  #inTime(): void {
    if (this.#restMs > 0) this.#tell('answers in time again');
    this.#lateInRow = this.#restMs = 0;
  }

  #tell(why: string): void {
    this.#kit.facts.accept({ kind: 'trouble', at: this.#kit.clock.wall(), where: 'shared cache', why });
  }
}

const reading = (name: string, help: string, value: number): GaugeReading => ({ name, help, labels: {}, value });
