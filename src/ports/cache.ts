// Cache: a level of kept answers beyond the gateway's own memory (Redis, later others), push-style. A cache may be slow,
// full, wrong or dead: whoever asks sets a budget, goes on without it when that is spent, and never fails because of it.
import type { WallMs } from '../kernel/brands.ts';
import type { Usage } from '../kernel/usage.ts';

/** 64 lower-case hex digits: SHA-256 over tenant salt and canonical request. Says nothing of who asked what. */
export type CacheKey = string;

/** What is known of an entry besides its answer. All times are the wall's, so that every level agrees on them. */
export interface CacheMeta {
  /** The model's public name; what a purge names. */
  readonly model: string;
  /** Whose it is, in 16 hex digits that say nothing of who that is. */
  readonly tenant: string;
  /** As the caller chose it; empty: none. */
  readonly namespace: string;
  /** Digest of the answer: two that say the same have the same. */
  readonly tag: string;
  /** The upstream's own model that answered. */
  readonly upstreamModel: string;
  readonly createdAt: WallMs;
  /** Until then it may be given as fresh, by any level. */
  readonly freshUntil: WallMs;
  /** Until then it may be given at all: labelled stale, where the model consents. Never before `freshUntil`. */
  readonly keepUntil: WallMs;
  /** How long the upstream took to make it; what an early refresh reckons with. */
  readonly madeInMs: number;
  /** What making it took; `tokens` of both sides are what each hit saves. */
  readonly usage: Usage;
  /** By list price; null when none is known. */
  readonly costMicroUsd: number | null;
}

export interface CacheEntry extends CacheMeta {
  /** The canonical whole answer (`chat.completion`, `text_completion`, embeddings' `list`) as UTF-8 JSON. Never mutated. */
  readonly answer: Uint8Array;
}

/** What is no longer to be given. Everything; or all answers of one model, tenant or name space; or one entry. */
export type PurgeScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'model'; readonly model: string }
  /** As entries name it. */
  | { readonly kind: 'tenant'; readonly tenant: string }
  /** Whoever's it is. */
  | { readonly kind: 'namespace'; readonly namespace: string }
  | { readonly kind: 'key'; readonly key: CacheKey };

export interface CacheRead {
  /** The asker goes on without: `done` is not called any more. Idempotent, harmless after `done`. */
  cancel(): void;
}

/** What a shared cache tells those who hold copies of its entries. */
export interface CacheListener {
  /** Copies of these were changed or purged by others, or by us. */
  onPurged(scope: PurgeScope): void;
  /** Changes may have been missed: no copy taken before is to be trusted. */
  onLost(): void;
}

/** The word to all gateways that this one makes an answer. It holds, however long that takes, until it is ended. */
export interface Lease {
  /** `isKept`: the answer is there for others to find, or will be in a moment. Once. */
  end(isKept: boolean): void;
}

export interface CachePort {
  /**
   * Calls `done` at most once, at once or later: with the entry, or null when there is none, when it cannot be read, and
   * at once while the cache is known to be down. Never throws, never waits longer than `budgetMs`; the asker keeps the
   * same clock and cancels. Entries past `keepUntil` are not given. What a damaged entry says is a miss, not an entry.
   */
  get(key: CacheKey, budgetMs: number, done: (entry: CacheEntry | null) => void): CacheRead;
  /** Kept until `keepUntil`, or less long; soon, or never. Tells nobody whether it was. Never throws, never waits. */
  put(key: CacheKey, entry: CacheEntry): void;
  /**
   * Tells all gateways, this one included (`onPurged`). `done(false)`: not known to have reached the cache. Called exactly
   * once, within `budgetMs`.
   */
  purge(scope: PurgeScope, budgetMs: number, done: (reached: boolean) => void): void;
  /** Nothing would be answered now: what one has is all there is. */
  isDown(key: CacheKey): boolean;
  /**
   * Asks to make the answer for all gateways. `held`: another makes it. Null: nobody can tell in time. `done` at most once,
   * within `budgetMs`; a lease that comes after `cancel` ends itself. One that is never ended ends when its gateway dies.
   */
  lease(key: CacheKey, budgetMs: number, done: (lease: Lease | 'held' | null) => void): CacheRead;
  /** One listener: who keeps copies. Set once, before the first `get`. */
  listen(listener: CacheListener): void;
}
