// Usage in the words of the Responses API, both ways. Its counts are the canonical ones under other names: input includes what
// came from the cache. Callers' typings know no null there, so a count that nobody said is written as zero, and only there.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';
import { cacheWrites } from '../openai/usage.ts';

/** Null when `value` is no usage. */
export function readUsage(value: JsonValue | undefined): Usage | null {
  if (!isObject(value)) return null;
  const promptTokens = count(value['input_tokens']);
  const completionTokens = count(value['output_tokens']);
  if (promptTokens === null && completionTokens === null) return null;
  return {
    promptTokens: promptTokens ?? 0,
    completionTokens: completionTokens ?? 0,
    cachedTokens: detail(value['input_tokens_details'], 'cached_tokens'),
    reasoningTokens: detail(value['output_tokens_details'], 'reasoning_tokens'),
    source: 'provider',
    ...cacheWrites(detail(value['input_tokens_details'], 'cache_write_tokens') ?? undefined),
  };
}

export function writeUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.promptTokens + usage.completionTokens,
  };
}

function detail(details: JsonValue | undefined, field: string): number | null {
  return isObject(details) ? count(details[field]) : null;
}

function count(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
