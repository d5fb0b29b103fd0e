// Kept answer: between an answer as it was made and an entry that is kept. It is kept in the canonical form, without the
// names of the exchange that made it, and given under those of the one that reads it; its usage says that nothing was
// computed anew (all of the prompt cached), and what the answer took when it was made.
import { writeUsage } from '../dialects/openai/usage.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import type { Usage } from '../kernel/usage.ts';
import { utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { CacheEntry } from '../ports/cache.ts';
import type { Digest } from '../ports/digest.ts';

export function withoutNames(answer: JsonObject): JsonObject {
  const rest = { ...answer };
  delete rest['id'];
  delete rest['created'];
  return rest;
}

/** Null: what is kept is no answer; a damaged entry is a miss. */
export function answerOf({ answer }: CacheEntry): JsonObject | null {
  try {
    const value: unknown = JSON.parse(utf8Decode(answer));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Two answers that say the same have the same. */
export const tagOf = (answer: JsonObject, digest: Digest): string =>
  digest.sha256(JSON.stringify({ ...withoutNames(answer), usage: undefined })).slice(0, TAG_DIGITS);

const TAG_DIGITS = 32;

export const bytesOf = (answer: JsonObject): Uint8Array => utf8Encode(JSON.stringify(withoutNames(answer)));

export const withUsage = (answer: JsonObject, usage: Usage): JsonObject => ({ ...answer, usage: writeUsage(usage) });

/** As a reader is told it. */
export const readUsage = (usage: Usage): Usage => ({
  promptTokens: usage.promptTokens,
  completionTokens: usage.completionTokens,
  cachedTokens: usage.promptTokens,
  reasoningTokens: usage.reasoningTokens,
  source: usage.source,
});
