// Usage in Converse's wire format. Its `inputTokens` leave out what was read from the cache or written to it, while ours (and
// OpenAI's) hold all of it. AWS's reference does not say so (TokenUsage: "tokens sent in the request"); that is how Claude on
// Bedrock counts and how @ai-sdk/amazon-bedrock and opencode add up. Not verified against the service.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';
import { cacheWrites, writeUsage } from '../openai/usage.ts';

/** Null when `value` is no usage. Reasoning is counted in `outputTokens` and not told apart. */
export function readUsage(value: JsonValue | undefined): Usage | null {
  if (!isObject(value)) return null;
  const input = count(value['inputTokens']);
  const output = count(value['outputTokens']);
  if (input === null && output === null) return null;
  const cached = count(value['cacheReadInputTokens']);
  return {
    promptTokens: (input ?? 0) + (cached ?? 0) + (count(value['cacheWriteInputTokens']) ?? 0),
    completionTokens: output ?? 0,
    cachedTokens: cached,
    reasoningTokens: null,
    source: 'provider',
    ...cacheWrites(value['cacheWriteInputTokens']),
  };
}

/** As the canonical chat writes it. */
export function chatUsage(value: JsonValue | undefined): JsonObject | null {
  const usage = readUsage(value);
  return usage === null ? null : writeUsage(usage);
}

function count(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
