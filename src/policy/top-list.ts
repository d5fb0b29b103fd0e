// Top list: the questions whose answers would be worth having ready: what was asked of late, how often it was answered from
// what was kept, and what an answer takes. It knows questions by their hashes; the words of a question are held only where
// the caller of `count` hands them over. Bounded in bytes; who is asked for again stays (policy/sieve.ts).
import type { WallMs } from '../kernel/brands.ts';
import type { CacheKey } from '../ports/cache.ts';
import { Sieve } from './sieve.ts';

export interface TopQuestion {
  readonly key: CacheKey;
  /** The model's public name. */
  readonly model: string;
  /** Name of the caller's key; null: nobody's in particular. */
  readonly tenant: string | null;
  /** Times asked, halved every hour: what was asked long ago says little. */
  readonly hits: number;
  readonly misses: number;
  /** What the last answer took, prompt and completion. */
  readonly tokens: number;
  /** The request as a line of a file has it; null: its model's operator did not allow that. */
  readonly line: string | null;
}

export interface Asked {
  readonly model: string;
  readonly tenant: string | null;
  readonly isHit: boolean;
  readonly tokens: number;
  /** Called for a question that is new here. */
  readonly line: () => string | null;
}

interface Item extends Omit<TopQuestion, 'hits' | 'misses' | 'tokens'> {
  hits: number;
  misses: number;
  tokens: number;
  at: WallMs;
}

const BYTES_MAX = 4 * 1024 * 1024;
/** Item, key, places in maps. */
const ITEM_BYTES = 400;
const HALVED_EVERY_MS = 3_600_000;

export class TopList {
  readonly #items: Sieve<Item>;

  constructor(bytesMax = BYTES_MAX) {
    this.#items = new Sieve(bytesMax);
  }

  count(key: CacheKey, { model, tenant, isHit, tokens, line }: Asked, now: WallMs): void {
    let item = this.#items.get(key);
    if (item === null) {
      item = { key, model, tenant, hits: 0, misses: 0, tokens, at: now, line: line() };
      const bytes = ITEM_BYTES + 2 * (item.line?.length ?? 0);
      if (!this.#items.put(key, item, { bytes, worth: tokens })) return;
    }
    fade(item, now);
    if (isHit) item.hits++;
    else item.misses++;
    if (tokens > 0) item.tokens = tokens;
  }

  /** Those that would save most first. */
  best(count: number, now: WallMs): TopQuestion[] {
    const items = [...this.#items.values()];
    for (const item of items) fade(item, now);
    items.sort((one, other) => worth(other) - worth(one));
    return items.slice(0, count).map(({ at: _, ...item }) => item);
  }
}

const worth = ({ hits, misses, tokens }: Item): number => (hits + misses) * tokens;

function fade(item: Item, now: WallMs): void {
  const share = 0.5 ** (Math.max(0, now - item.at) / HALVED_EVERY_MS);
  item.hits *= share;
  item.misses *= share;
  item.at = now;
}
