// Purge epochs: what was purged, and when, as numbers that only grow. Nothing is searched for and deleted: an entry carries
// the newest number its writer knew, and is dead to everybody who knows of a later purge of its scope. So a purge costs one
// small write however much is kept, and a gateway that comes late to the news still learns it.
//
// The numbers are microseconds of the shared store's clock, which also never falls behind a number that anybody knows; a
// store that lost its memory gets the numbers back from those who remember.
// It must never let a purge that is known be forgotten: `learn` only raises.
import type { CacheKey, CacheMeta, PurgeScope } from '../ports/cache.ts';

/** Field → number of its last purge: `all`, `key` (of any single entry), `model:NAME`, `tenant:…`, `namespace:NAME`. */
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
  isPurged(stamp: number, { model, tenant, namespace }: PurgeNames): boolean {
    if (stamp < this.#of('all') || stamp < this.#of(MODEL + model) || stamp < this.#of(TENANT + tenant)) return true;
    return namespace !== '' && stamp < this.#of(NAMESPACE + namespace);
  }

  /** What is purged instead when more names were purged than are remembered: more than was asked for, never less. */
  within(scope: PurgeScope): PurgeScope {
    const isKnown = this.#fields.has(fieldOf(scope)) || scope.kind === 'key';
    return isKnown || this.#fields.size < NAMES_MAX ? scope : { kind: 'all' };
  }

  /** Everything the store knows; answers what is new. */
  learn(fields: EpochFields): PurgeNews[] {
    const news: PurgeNews[] = [];
    for (const [field, epoch] of Object.entries(fields)) {
      if (!Number.isSafeInteger(epoch) || epoch <= this.#of(field) || this.#isForgotten(field, epoch)) continue;
      this.#raise(field, epoch);
      if (field === 'all') news.push({ kind: 'all' });
      else if (field === 'key') news.push({ kind: 'lost' });
      else news.push(...scopesOf(field));
    }
    return news;
  }

  /** One purge as it happens; answers what is new. */
  hear({ scope, epoch, before }: PurgeNotice): PurgeNews[] {
    const field = fieldOf(scope);
    const known = this.#of(field);
    if (epoch <= known || this.#isForgotten(field, epoch)) return [];
    this.#raise(field, epoch);
    return scope.kind === 'key' && before > known ? [{ kind: 'lost' }] : [scope];
  }

  #of(field: string): number {
    return this.#fields.get(field) ?? 0;
  }

  /** What everything was purged after says nothing any more. */
  #isForgotten(field: string, epoch: number): boolean {
    return field !== 'all' && field !== 'key' && epoch <= this.#of('all');
  }

  #raise(field: string, epoch: number): void {
    this.#fields.set(field, epoch);
    this.#latest = Math.max(this.#latest, epoch);
    if (field !== 'all') return;
    for (const [other, known] of this.#fields) if (this.#isForgotten(other, known)) this.#fields.delete(other);
  }
}

type PurgeNames = Pick<CacheMeta, 'model' | 'tenant' | 'namespace'>;

const MODEL = 'model:';
const TENANT = 'tenant:';
const NAMESPACE = 'namespace:';
/** Name spaces are the callers' to invent. */
const NAMES_MAX = 10_000;

export function fieldOf(scope: PurgeScope): string {
  if (scope.kind === 'model') return MODEL + scope.model;
  if (scope.kind === 'tenant') return TENANT + scope.tenant;
  return scope.kind === 'namespace' ? NAMESPACE + scope.namespace : scope.kind;
}

function scopesOf(field: string): PurgeScope[] {
  const at = field.indexOf(':');
  const scope = at < 0 ? null : readScope(field.slice(0, at), field.slice(at + 1));
  return scope === null || scope.kind === 'key' || scope.kind === 'all' ? [] : [scope];
}

/** Whether a copy of an entry is among those purged. */
export function isWithin(scope: PurgeScope, key: CacheKey, { model, tenant, namespace }: PurgeNames): boolean {
  if (scope.kind === 'all') return true;
  if (scope.kind === 'key') return scope.key === key;
  if (scope.kind === 'model') return scope.model === model;
  return scope.kind === 'tenant' ? scope.tenant === tenant : scope.namespace === namespace;
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
  if (kind === 'tenant') return { kind, tenant: name };
  if (kind === 'namespace') return { kind, namespace: name };
  return kind === 'key' ? { kind, key: name satisfies CacheKey } : null;
}

/** What the scope is about, in one text; `` for everything. */
export function nameOf(scope: PurgeScope): string {
  if (scope.kind === 'all') return '';
  if (scope.kind === 'model') return scope.model;
  if (scope.kind === 'tenant') return scope.tenant;
  return scope.kind === 'namespace' ? scope.namespace : scope.key;
}
