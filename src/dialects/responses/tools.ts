// Tools, the choice among them and the answer's format: the same ideas in both APIs, flat in this one and nested in the chat.
// Tools that the provider itself runs (search, code, computers, MCP) have no counterpart.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Loss } from './parts.ts';

/** Of a function tool, beyond what the chat knows (openai@7.57 FunctionTool). Null and false say what absence says. */
const unknownToChat = ['defer_loading', 'async', 'allowed_callers', 'output_schema'];

export function chatTools(tools: readonly JsonValue[], lost: Loss[]): JsonObject[] {
  return tools.flatMap((tool, index) => {
    if (!isObject(tool)) return [];
    const param = `tools[${index}]`;
    for (const field of unknownToChat) {
      if (tool[field] === undefined || tool[field] === null || tool[field] === false) continue;
      lost.push({ param: `${param}.${field}`, why: 'the chat has no such option of a tool' });
    }
    if (tool['type'] === 'function') return [chatFunction(tool)];
    if (tool['type'] === 'custom') return [chatCustom(tool)];
    lost.push({ param, why: 'only a provider of the Responses API runs such a tool itself' });
    return [];
  });
}

function chatFunction({ name, description, parameters, strict }: JsonObject): JsonObject {
  return { type: 'function', function: said({ name, description, parameters, strict }) };
}

function chatCustom({ name, description, format }: JsonObject): JsonObject {
  if (!isObject(format) || format['type'] !== 'grammar') {
    return { type: 'custom', custom: said({ name, description, format }) };
  }
  const { type, ...grammar } = format;
  return { type: 'custom', custom: said({ name, description, format: { type, grammar } }) };
}

export function flatTools(tools: readonly JsonValue[], lost: Loss[]): JsonObject[] {
  return tools.flatMap((tool, index) => {
    if (!isObject(tool)) return [];
    const { function: called, custom } = tool;
    // Without `parameters` and `strict` the API does not take a function; the chat's absence means false.
    if (isObject(called)) {
      return [
        {
          type: 'function',
          ...called,
          parameters: called['parameters'] ?? emptySchema,
          strict: called['strict'] ?? false,
        },
      ];
    }
    if (isObject(custom)) return [{ type: 'custom', ...custom, ...flatFormat(custom['format']) }];
    lost.push({ param: `tools[${index}]`, why: 'the Responses API has no such tool' });
    return [];
  });
}

const emptySchema: JsonObject = { type: 'object', properties: {} };

function flatFormat(format: JsonValue | undefined): JsonObject {
  if (!isObject(format) || !isObject(format['grammar'])) return {};
  return { format: { type: format['type'], ...format['grammar'] } };
}

/** What the chat shall choose from, and how. */
export interface ChatChoice {
  readonly choice: JsonValue | undefined;
  readonly tools: readonly JsonObject[];
}

export function chatToolChoice(choice: JsonValue | undefined, tools: readonly JsonObject[], lost: Loss[]): ChatChoice {
  if (!isObject(choice)) return { choice: choice ?? undefined, tools };
  const { type, name } = choice;
  if (type === 'function' || type === 'custom') return { choice: { type, [type]: { name } }, tools };
  if (type === 'allowed_tools' && Array.isArray(choice['tools'])) {
    // Few far sides know the chat's own form of it; a list with only these tools says the same to all.
    const allowed = new Set(choice['tools'].map((tool) => (isObject(tool) ? tool['name'] : undefined)));
    return { choice: choice['mode'], tools: tools.filter((tool) => allowed.has(nameOf(tool))) };
  }
  lost.push({ param: 'tool_choice', why: 'only a provider of the Responses API runs such a tool itself' });
  return { choice: undefined, tools };
}

function nameOf(tool: JsonObject): JsonValue | undefined {
  const called = tool['function'] ?? tool['custom'];
  return isObject(called) ? called['name'] : undefined;
}

export function flatToolChoice(choice: JsonValue | undefined): JsonValue | undefined {
  // `any` is Mistral's word.
  if (!isObject(choice)) return choice === 'any' ? 'required' : (choice ?? undefined);
  const { function: called, custom, allowed_tools: allowed } = choice;
  if (isObject(called)) return { type: 'function', name: called['name'] };
  if (isObject(custom)) return { type: 'custom', name: custom['name'] };
  if (!isObject(allowed)) return choice;
  const tools = Array.isArray(allowed['tools']) ? allowed['tools'] : [];
  return { type: 'allowed_tools', mode: allowed['mode'], tools: tools.map((tool) => flatToolChoice(tool) ?? null) };
}

/** `text.format` → `response_format`; undefined for plain text. */
export function chatFormat(format: JsonValue | undefined): JsonObject | undefined {
  if (!isObject(format) || format['type'] === 'text') return undefined;
  const { type, ...schema } = format;
  return type === 'json_schema' ? { type, json_schema: said(schema) } : format;
}

export function flatTextFormat(format: JsonValue | undefined): JsonObject | undefined {
  if (!isObject(format)) return undefined;
  const schema = format['json_schema'];
  return isObject(schema) ? { type: 'json_schema', ...schema } : format;
}

/** Without the fields that say nothing. */
function said(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}
