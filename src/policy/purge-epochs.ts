// Purge epochs: what was purged, and when, as numbers that only grow. Nothing is searched for and deleted: an entry carries
// the newest number its writer knew, and is dead to everybody who knows of a later purge of its scope. So a purge costs one
// small write however much is kept, and a gateway that comes late to the news still learns it.
//
// The numbers are microseconds of the shared store's clock, which also never falls behind a number that anybody knows; a
// store that lost its memory gets the numbers back from those who remember.
// It must never let a purge that is known be forgotten: `learn` only raises.
import type { CacheKey, PurgeScope } from '../ports/cache.ts';

/** Field → number of its last purge: `all`, `key` (of any single entry), `model:NAME`. */
export type EpochFields = Readonly<Record<string, number>>;

/** What a purge tells those who listen. */
export interface PurgeNotice {
  readonly scope: PurgeScope;
  readonly epoch: number;
  /** Number of the last purge of this field before this one. */
  readonly before: number;
}

/** `lost`: single entries were purged and nobody here knows which. */
export type PurgeNews = PurgeScope | { readonly kind: 'lost' };

export class PurgeEpochs {
  readonly #fields = new Map<string, number>();
  #latest = 0;

  /** The newest number known here: what an entry written now carries. */
  get latest(): number {
    return this.#latest;
  }

  fields(): EpochFields {
    return Object.fromEntries(this.#fields);
  }

  /** `stamp`: what the entry carries. */
  isPurged(stamp: number, model: string): boolean {
    return stamp < this.#of('all') || stamp < this.#of(fieldOf({ kind: 'model', model }));
  }

  /** Everything the store knows; answers what is new. */
  learn(fields: EpochFields): PurgeNews[] {
    const news: PurgeNews[] = [];
    for (const [field, epoch] of Object.entries(fields)) {
      if (!Number.isSafeInteger(epoch) || epoch <= this.#of(field)) continue;
      this.#raise(field, epoch);
      if (field === 'all') news.push({ kind: 'all' });
      else if (field === 'key') news.push({ kind: 'lost' });
      else if (field.startsWith(MODEL)) news.push({ kind: 'model', model: field.slice(MODEL.length) });
    }
    return news;
  }

  /** One purge as it happens; answers what is new. */
  hear({ scope, epoch, before }: PurgeNotice): PurgeNews[] {
    const field = fieldOf(scope);
    const known = this.#of(field);
    if (epoch <= known) return [];
    this.#raise(field, epoch);
    return scope.kind === 'key' && before > known ? [{ kind: 'lost' }] : [scope];
  }

  #of(field: string): number {
    return this.#fields.get(field) ?? 0;
  }

  #raise(field: string, epoch: number): void {
    this.#fields.set(field, epoch);
    this.#latest = Math.max(this.#latest, epoch);
  }
}

const MODEL = 'model:';

export function fieldOf(scope: PurgeScope): string {
  return scope.kind === 'model' ? `${MODEL}${scope.model}` : scope.kind;
}

/** Null when it is no notice. */
export function readNotice(value: unknown): PurgeNotice | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, name, epoch, before } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(before)) return null;
  const scope = readScope(kind, name);
  return scope === null ? null : { scope, epoch: epoch as number, before: before as number };
}

function readScope(kind: unknown, name: unknown): PurgeScope | null {
  if (kind === 'all') return { kind };
  if (typeof name !== 'string') return null;
  if (kind === 'model') return { kind, model: name };
  return kind === 'key' ? { kind, key: name satisfies CacheKey } : null;
}

/** What the scope is about, in one text; `` for everything. */
export function nameOf(scope: PurgeScope): string {
  if (scope.kind === 'all') return '';
  return scope.kind === 'model' ? scope.model : scope.key;
}
