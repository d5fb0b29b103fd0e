// Tool calls on their way between the two formats: the chat writes arguments as JSON text and takes any id, Anthropic writes
// an object and takes ids of a few characters only. Text that is no object is wrapped, never dropped.
import { excessOf, isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { limits } from '../../kernel/limits.ts';
import { ToolIds } from '../tool-ids.ts';

/** Inside a string no one has counted depth; some levels are left for the message around it. */
const DEPTH_MAX = limits.jsonDepthMax - 8;

/** Arguments as the object they should be; a model may have written anything. */
export function inputOf(written: JsonValue | undefined): JsonObject {
  if (isObject(written)) return written;
  if (typeof written !== 'string' || written.trim() === '') return {};
  const parsed = parseObject(written);
  return parsed ?? { arguments: written };
}

/** Null when the text is no JSON object, or one nested so deeply that writing it would overflow a stack. */
function parseObject(text: string): JsonObject | null {
  if (text.length > 2 * DEPTH_MAX && excessOf(text, DEPTH_MAX, Infinity) !== null) return null;
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Ids that Anthropic's API takes; Kimi's are `functions.name:0`. One per conversation written, or per answer. */
export const toolIds = (): ToolIds =>
  new ToolIds(/^[a-zA-Z0-9_-]+$/, (id, attempt) => {
    const cleaned = id.replace(/[^a-zA-Z0-9_-]/g, '_');
    return attempt === 0 ? cleaned : `${cleaned}_${attempt + 1}`;
  });

/** A call without an id is known by its place. */
export const toolId = (id: JsonValue | undefined, ids: ToolIds, place = 0): string =>
  ids.of(typeof id === 'string' && id !== '' ? id : `call_${place}`);

export function chatToolCall(block: JsonObject): JsonObject {
  return {
    id: block['id'],
    type: 'function',
    function: { name: block['name'], arguments: JSON.stringify(block['input'] ?? {}) },
  };
}

/** A `tool_use` block of the call at this place; null for a call that is none of a function. */
export function toolUse(call: JsonValue, place: number, ids: ToolIds): JsonObject | null {
  const called = isObject(call) ? call['function'] : undefined;
  if (!isObject(call) || !isObject(called)) return null;
  return {
    type: 'tool_use',
    id: toolId(call['id'], ids, place),
    name: called['name'],
    input: inputOf(called['arguments']),
  };
}
