// Usage in Anthropic's wire format, both ways. Its `input_tokens` leave out what was read from the cache or written to it,
// while ours (and OpenAI's) hold all of it: adding and subtracting happens here and nowhere else.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';
import { cacheWrites, writeUsage as writeChatUsage } from '../openai/usage.ts';

/** Null when `value` is no usage. */
export function readUsage(value: JsonValue | undefined): Usage | null {
  if (!isObject(value)) return null;
  const input = count(value['input_tokens']);
  const output = count(value['output_tokens']);
  if (input === null && output === null) return null;
  const read = count(value['cache_read_input_tokens']);
  const details = value['output_tokens_details'];
  return {
    promptTokens: (input ?? 0) + (read ?? 0) + (count(value['cache_creation_input_tokens']) ?? 0),
    completionTokens: output ?? 0,
    cachedTokens: read,
    reasoningTokens: isObject(details) ? count(details['thinking_tokens']) : null,
    source: 'provider',
    ...cacheWrites(value['cache_creation_input_tokens']),
  };
}

/** What a later event says replaces what an earlier one said: the figures are totals, and left out where they say nothing. */
export function mergedUsage(before: JsonObject, said: JsonValue | undefined): JsonObject {
  if (!isObject(said)) return before;
  const told = Object.entries(said).filter(([, value]) => value !== null && value !== undefined);
  return { ...before, ...Object.fromEntries(told) };
}

/** As the canonical chat writes it. */
export function chatUsage(said: JsonObject): JsonObject | null {
  const usage = readUsage(said);
  return usage === null ? null : writeChatUsage(usage);
}

/** Of a whole message, or as one begins: the fields are required there, and null where nobody but Anthropic can say. */
export const writeUsage = (usage: Usage | null): JsonObject => ({
  ...writeDeltaUsage(usage),
  cache_creation: null,
  inference_geo: null,
  service_tier: null,
  speed: null,
});

/** As a stream ends; null means that nothing shall be told. */
export function writeDeltaUsage(usage: Usage | null): JsonObject {
  const cached = usage?.cachedTokens ?? 0;
  const cacheWriteTokens = usage?.cacheWriteTokens ?? 0;
  const thinking = usage?.reasoningTokens ?? null;
  return {
    input_tokens: Math.max(0, (usage?.promptTokens ?? 0) - cached - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cached,
    output_tokens: usage?.completionTokens ?? 0,
    output_tokens_details: thinking === null ? null : { thinking_tokens: thinking },
    server_tool_use: null,
  };
}

export function count(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
