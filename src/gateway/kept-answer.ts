// Kept answer: between an answer as it was made and an entry that is kept. It is kept in the canonical form, without the
// names of the exchange that made it, and given under those of the one that reads it; its usage says that nothing was
// computed anew (all of the prompt cached), and what the answer took when it was made.
import { writeUsage } from '../dialects/openai/usage.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import type { Usage } from '../kernel/usage.ts';
import { utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { CacheEntry } from '../ports/cache.ts';
import type { Digest } from '../ports/digest.ts';

const TAG_DIGITS = 32;

/** Each event of a stream comes by here: `delete` on a copy takes twice as long. */
export function withoutNames({ id: _id, created: _created, ...rest }: JsonObject): JsonObject {
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

/** What is kept of it: two answers that say the same have the same tag. Null: it is too large. */
export function keptOf(whole: JsonObject, digest: Digest): Pick<CacheEntry, 'answer' | 'tag'> | null {
  // The usage is the entry's own to tell.
  const { usage: _usage, ...said } = withoutNames(whole);
  const text = JSON.stringify(said);
  const answer = utf8Encode(text);
  if (answer.length > limits.cacheEntryBytesMax) return null;
  return { answer, tag: digest.sha256(text).slice(0, TAG_DIGITS) };
}

export const withUsage = (answer: JsonObject, usage: Usage): JsonObject => ({ ...answer, usage: writeUsage(usage) });

/** As a reader is told it. */
export const readUsage = (usage: Usage): Usage => ({
  promptTokens: usage.promptTokens,
  completionTokens: usage.completionTokens,
  cachedTokens: usage.promptTokens,
  reasoningTokens: usage.reasoningTokens,
  source: usage.source,
});
