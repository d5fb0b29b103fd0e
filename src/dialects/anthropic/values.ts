// JSON of which nothing can be trusted: an event's data, a whole answer, a field that should be a word. Reading never throws.
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';

/** Shorter texts cannot nest deeply enough to overflow a stack, and nearly all events are shorter: they are not counted. */
const DEEP_CHARACTERS_MIN = 4_096;

/** The object, or in words what stands in its place. */
export function readJson(text: string): JsonObject | string {
  if (text.length >= DEEP_CHARACTERS_MIN && excessOf(text, limits.jsonDepthMax, Infinity) !== null) {
    return 'JSON that nests too deeply';
  }
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : 'no JSON object';
  } catch {
    return text.trimStart().startsWith('<') ? 'an HTML page' : 'no valid JSON';
  }
}

/** The value where it is a text, else none; for what should be one and may be anything. */
export const wordOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
