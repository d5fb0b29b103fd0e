// Tools, the choice among them and the answer's format, from the canonical chat into a Messages body.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Refuse } from './content-reader.ts';
import { withCacheMark } from './content-writer.ts';
import type { AnthropicManner } from './request-writer.ts';

export function writeTools(chat: JsonObject, body: JsonObject, manner: AnthropicManner, refuse: Refuse): void {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel } = chat;
  if (!Array.isArray(tools) || tools.length === 0) return;
  body['tools'] = tools.flatMap((tool, index) => writeTool(tool, `tools[${index}]`, manner, refuse));
  const written = writeChoice(choice ?? null, refuse);
  const single = parallel === false && written?.['type'] !== 'none';
  if (single) body['tool_choice'] = { ...(written ?? { type: 'auto' }), disable_parallel_tool_use: true };
  else if (written !== null) body['tool_choice'] = written;
}

/** Tools of Anthropic's own (`web_search_20250305`) pass, for callers of the chat who know them. */
function writeTool(tool: JsonValue, path: string, manner: AnthropicManner, refuse: Refuse): JsonObject[] {
  if (!isObject(tool)) return [];
  const called = tool['function'];
  if (tool['type'] !== 'function' || !isObject(called)) {
    if (typeof tool['type'] === 'string' && /_\d{8}$/.test(tool['type'])) return [tool];
    refuse(path, "Anthropic's API takes functions only");
    return [];
  }
  const { name, description, parameters, strict } = called;
  const block = {
    name,
    ...(typeof description === 'string' && description !== '' ? { description } : {}),
    input_schema: { type: 'object', ...(isObject(parameters) ? parameters : { properties: {} }) },
    // Older models try to keep to any schema and promise nothing: that is not worth a refusal.
    ...(strict === true && manner.schemas ? { strict } : {}),
  };
  return [withCacheMark(block, tool)];
}

function writeChoice(choice: JsonValue, refuse: Refuse): JsonObject | null {
  if (choice === null) return null;
  if (choice === 'auto' || choice === 'none') return { type: choice };
  if (choice === 'required' || choice === 'any') return { type: 'any' };
  const called = isObject(choice) ? choice['function'] : undefined;
  if (isObject(called)) return { type: 'tool', name: called['name'] };
  refuse('tool_choice', "Anthropic's API takes auto, any, none or the name of one function");
  return null;
}

export function writeFormat(chat: JsonObject, body: JsonObject, manner: AnthropicManner, refuse: Refuse): void {
  const format = chat['response_format'];
  if (!isObject(format) || format['type'] === 'text') return;
  const described = format['json_schema'];
  const schema = isObject(described) ? described['schema'] : undefined;
  if (format['type'] !== 'json_schema' || !isObject(schema)) {
    return refuse('response_format', "Anthropic's API takes `json_schema` with a schema only");
  }
  if (!manner.schemas) return refuse('response_format', 'this model cannot be held to a JSON schema');
  body['output_config'] = { format: { type: 'json_schema', schema } };
}
