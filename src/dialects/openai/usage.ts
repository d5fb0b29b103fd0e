// Usage in OpenAI's wire format, both ways. Null means "not said" and zero means zero: a provider that says nothing about
// its cache must not be billed as if nothing had been cached.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';

/** Null when `value` is no usage. Embeddings say no completion tokens: those are zero. */
export function readUsage(value: JsonValue | undefined): Usage | null {
  if (!isObject(value)) return null;
  const promptTokens = count(value['prompt_tokens']);
  const completionTokens = count(value['completion_tokens']);
  if (promptTokens === null && completionTokens === null) return null;
  return {
    promptTokens: promptTokens ?? 0,
    completionTokens: completionTokens ?? 0,
    cachedTokens:
      count(detail(value, 'prompt_tokens_details', 'cached_tokens')) ??
      // DeepSeek says both, older copies of it only this.
      count(value['prompt_cache_hit_tokens']) ??
      // Moonshot says it at the top.
      count(value['cached_tokens']),
    reasoningTokens: count(detail(value, 'completion_tokens_details', 'reasoning_tokens')),
    source: 'provider',
    ...cacheWrites(detail(value, 'prompt_tokens_details', 'cache_write_tokens')),
  };
}

/** The usage's field for it, where there is something to tell. */
export function cacheWrites(tokens: JsonValue | undefined): { readonly cacheWriteTokens?: number } {
  const written = count(tokens);
  return written === null || written === 0 ? {} : { cacheWriteTokens: written };
}

export function writeUsage(usage: Usage): JsonObject {
  const { cachedTokens, cacheWriteTokens } = usage;
  const prompt = {
    ...(cachedTokens === null ? {} : { cached_tokens: cachedTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cache_write_tokens: cacheWriteTokens }),
  };
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    ...(Object.keys(prompt).length === 0 ? {} : { prompt_tokens_details: prompt }),
    ...(usage.reasoningTokens === null
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoningTokens } }),
  };
}

function detail(usage: JsonObject, group: string, field: string): JsonValue | undefined {
  const details = usage[group];
  return isObject(details) ? details[field] : undefined;
}

function count(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
