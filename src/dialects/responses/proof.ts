// Reasoning's proof: what a far side wants back unread to go on from its own thoughts. OpenAI's is a reasoning item's
// `encrypted_content`; others' (Anthropic's signatures) travel through callers of this API in the same field, under a mark of
// our own. Nobody's proof is sent to anybody else: OpenAI refuses the whole request for one that it cannot open.
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';

const FORMAT = 'openai-responses-v1';
/** Begins an `encrypted_content` that is ours: a JSON list of canonical details follows. */
const OWN = 'spillway:';
/** Begins the ids of reasoning items that this gateway wrote; no far side has them stored. */
export const OWN_REASONING_ID = 'rs_spillway_';

/** The canonical `reasoning_details` of a reasoning item; empty when it proves nothing. */
export function detailsOf(item: JsonObject): JsonObject[] {
  const { encrypted_content: data, id } = item;
  if (typeof data !== 'string' || data === '') return [];
  if (data.startsWith(OWN)) return parseDetails(data.slice(OWN.length));
  return [{ type: 'reasoning.encrypted', data, format: FORMAT, ...(typeof id === 'string' ? { id } : {}) }];
}

interface IssuedDetail extends JsonObject {
  readonly data: string;
}

/** The detail is OpenAI's own encrypted reasoning: an item of its own, with the id that it had. */
export function isIssued(detail: JsonValue): detail is IssuedDetail {
  return (
    isObject(detail) &&
    detail['type'] === 'reasoning.encrypted' &&
    typeof detail['data'] === 'string' &&
    typeof detail['format'] === 'string' &&
    detail['format'].includes('openai-responses')
  );
}

/** `encrypted_content` for the caller to hand back. Even without proof it says that this item is for nobody else. */
export function encryptedContent(details: readonly JsonObject[]): string {
  const [first, second] = details;
  if (first !== undefined && second === undefined && isIssued(first)) return first.data;
  return OWN + JSON.stringify(details);
}

/**
 * Input for a far side of this dialect, without the reasoning items that this gateway wrote: their text came from another far
 * side. The same list when there is none.
 */
export function withoutOwnReasoning(input: JsonValue[]): JsonValue[] {
  const kept = input.filter((item) => !(isObject(item) && item['type'] === 'reasoning' && isOwn(item)));
  return kept.length === input.length ? input : kept;
}

function isOwn({ id, encrypted_content: data }: JsonObject): boolean {
  if (typeof data === 'string' && data !== '') return data.startsWith(OWN);
  return typeof id === 'string' && id.startsWith(OWN_REASONING_ID);
}

/** Callers can write what they like there, and nobody has counted its depth. */
function parseDetails(text: string): JsonObject[] {
  if (excessOf(text, limits.jsonDepthMax / 2, limits.jsonValuesMax) !== null) return [];
  try {
    const value = JSON.parse(text) as JsonValue;
    return Array.isArray(value) ? value.filter((entry) => isObject(entry)) : [];
  } catch {
    return [];
  }
}
