// Cache entries for tests, and the port as promises.
import { wallMs } from '../../src/kernel/brands.ts';
import { utf8Encode } from '../../src/kernel/web.ts';
import type { CacheEntry, CachePort, PurgeScope } from '../../src/ports/cache.ts';

/** Made now, fresh for a minute, kept for five. */
export function cacheEntry(content: string, more: Partial<CacheEntry> = {}): CacheEntry {
  const now = Date.now();
  return {
    model: 'chat',
    tenant: 't',
    namespace: '',
    tag: 'd',
    upstreamModel: 'deepseek-chat',
    createdAt: wallMs(now),
    freshUntil: wallMs(now + 60_000),
    keepUntil: wallMs(now + 300_000),
    madeInMs: 0,
    usage: {
      promptTokens: 11,
      completionTokens: 7,
      cachedTokens: null,
      reasoningTokens: 3,
      cacheWriteTokens: 2,
      source: 'provider',
    },
    costMicroUsd: 42,
    answer: utf8Encode(JSON.stringify({ object: 'chat.completion', choices: [{ message: { content } }] })),
    ...more,
  };
}

/** 64 hex digits that begin with `text`. */
export const cacheKey = (text: string): string => Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64);

export function get(cache: CachePort, key: string, budgetMs = 1_000): Promise<CacheEntry | null> {
  return new Promise((resolve) => cache.get(key, budgetMs, resolve));
}

export function purge(cache: CachePort, scope: PurgeScope, budgetMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => cache.purge(scope, budgetMs, resolve));
}
