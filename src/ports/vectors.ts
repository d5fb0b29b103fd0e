// Vectors: where the vectors of answered questions are kept and the nearest is looked for, push-style. It may be slow, full or
// dead: whoever asks sets a budget, goes on without when that is spent, and never fails because of it. What it forgets is lost.
import type { CacheKey, PurgeScope } from './cache.ts';

export interface VectorTimes {
  /** Wall times in ms, as the answer's entry has them. */
  readonly freshUntil: number;
  readonly keepUntil: number;
}

export interface VectorEntry extends VectorTimes {
  /** One tenant's vectors of one kind. */
  readonly space: string;
  /** All else that was asked: only vectors of one partition are compared. */
  readonly partition: string;
  /** Of the answer's entry. */
  readonly key: CacheKey;
  /** What a purge names. */
  readonly model: string;
  readonly tenant: string;
  readonly namespace: string;
  /** Of unit length. Not to be used any more by who gave it. */
  readonly vector: Float32Array<ArrayBuffer>;
}

export interface Sought {
  readonly space: string;
  readonly partition: string;
  readonly vector: Float32Array;
  /** The question's own. */
  readonly except: CacheKey;
  /** Wall time in ms. */
  readonly now: number;
}

export interface Neighbouring {
  readonly key: CacheKey;
  /** Cosine of the two vectors. */
  readonly likeness: number;
}

export interface Nearest {
  /** Of those whose answers are fresh. */
  readonly fresh: Neighbouring | null;
  /** Of all whose answers are kept. */
  readonly kept: Neighbouring | null;
}

export interface VectorIndex {
  /** Soon, or never. Never throws, never waits. */
  put(entry: VectorEntry): void;
  /** Its answer was made anew. */
  renew(space: string, key: CacheKey, times: VectorTimes): void;
  remove(space: string, key: CacheKey): void;
  /** Whatever is put before is gone for who asks after. */
  purge(scope: PurgeScope): void;
  /** Calls `done` exactly once unless cancelled, at once or within `budgetMs`; null: nobody can tell in time. */
  nearest(sought: Sought, budgetMs: number, done: (nearest: Nearest | null) => void): { cancel(): void };
  gauges(): { readonly vectors: number; readonly bytes: number; readonly restarts: number };
  /** Nothing is asked of it any more. */
  close?(): void;
}
