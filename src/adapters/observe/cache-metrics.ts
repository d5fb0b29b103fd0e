// Cache metrics: what kept answers have spared, counted from exchange facts. Labels come in bounded: the caller's model names.
import type { CacheUse } from '../../kernel/facts.ts';
import { CounterFamily } from './series.ts';

const NONE = 'none';

export class CacheMetrics {
  readonly #exchanges = new CounterFamily(
    'counter',
    'spillway_cache_exchanges_total',
    'Exchanges of models whose answers are kept, by what the cache did and where the answer was found.',
    ['model', 'status', 'level'],
  );
  readonly #tokens = new CounterFamily(
    'counter',
    'spillway_cache_saved_tokens_total',
    'Tokens, prompt and completion, that no upstream had to compute again.',
    ['model'],
  );
  readonly #cost = new CounterFamily(
    'counter',
    'spillway_cache_saved_usd_total',
    'US dollars by list price that were not spent again.',
    ['model'],
  );

  count(model: string, { status, level, savedTokens, savedMicroUsd }: CacheUse): void {
    this.#exchanges.child(model, status, level ?? NONE).value++;
    if (savedTokens > 0 && savedTokens < Infinity) this.#tokens.child(model).value += savedTokens;
    if (savedMicroUsd !== null && savedMicroUsd > 0 && savedMicroUsd < Infinity) {
      this.#cost.child(model).value += savedMicroUsd / 1e6;
    }
  }

  write(into: string[]): void {
    for (const family of [this.#exchanges, this.#tokens, this.#cost]) family.write(into);
  }
}
