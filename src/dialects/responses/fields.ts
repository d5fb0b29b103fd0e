// What a Responses request may say at its top level (openai@7.57 ResponseCreateParams): what is checked, what this gateway
// refuses because it keeps no state, and what only a far side of this API understands.
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import {
  bool,
  either,
  fields,
  firstProblem,
  integer,
  list,
  number,
  object,
  oneOf,
  problem,
  text,
} from '../openai/checks.ts';
import type { Check, Problem } from '../openai/checks.ts';

const parts = list((value) => (typeof part(value) === 'string' ? null : problem('must be a string', '.type')));
const part = (value: JsonValue): JsonValue | undefined => (isObject(value) ? value['type'] : undefined);
const content = either(text, parts, 'must be a string or an array of content parts');

interface ItemForm {
  readonly checks: Readonly<Record<string, Check>>;
  readonly required: readonly string[];
}

const message: ItemForm = {
  checks: { role: oneOf('user', 'assistant', 'system', 'developer'), content },
  required: ['role', 'content'],
};
const output: ItemForm = { checks: { call_id: text, output: content }, required: ['call_id', 'output'] };
const itemForms: ReadonlyMap<string, ItemForm> = new Map<string, ItemForm>([
  ['message', message],
  [
    'function_call',
    { checks: { call_id: text, name: text, arguments: text }, required: ['call_id', 'name', 'arguments'] },
  ],
  ['custom_tool_call', { checks: { call_id: text, name: text, input: text }, required: ['call_id', 'name', 'input'] }],
  ['function_call_output', output],
  ['custom_tool_call_output', output],
  ['reasoning', { checks: { summary: list(object), content: list(object), encrypted_content: text }, required: [] }],
]);
/** Items of types we do not know pass: a far side of this API may know them. */
const item: Check = (value): Problem | null => {
  if (!isObject(value)) return problem('must be an object');
  const type = value['type'] ?? 'message';
  if (typeof type !== 'string') return problem('must be a string', '.type');
  if (type === 'item_reference') {
    return problem('refers to a stored item, and nothing is stored here: send the item itself in its place');
  }
  const form = itemForms.get(type);
  return form === undefined ? null : firstProblem(value, form.checks, form.required);
};

const tool: Check = (value) => {
  const found = fields({ type: text }, ['type'])(value);
  if (found !== null || !isObject(value)) return found;
  if (value['type'] === 'function') return fields({ name: text, parameters: object, strict: bool }, ['name'])(value);
  return value['type'] === 'custom' ? fields({ name: text }, ['name'])(value) : null;
};

const format: Check = (value) => {
  const found = fields({ type: text }, ['type'])(value);
  if (found !== null || !isObject(value) || value['type'] !== 'json_schema') return found;
  return fields({ name: text, schema: object, strict: bool }, ['name', 'schema'])(value);
};

/** LiteLLM writes names, or objects with a model; OpenRouter writes names. */
const modelList = list(either(text, fields({ model: text }, ['model']), 'must be a model name or an object with one'));

const checks: Readonly<Record<string, Check>> = {
  model: text,
  input: either(text, list(item, 1), 'must be a string or an array of items'),
  instructions: text,
  stream: bool,
  max_output_tokens: integer(1, Infinity),
  temperature: number(0, 2),
  top_p: number(0, 1),
  top_logprobs: integer(0, Infinity),
  tools: list(tool),
  tool_choice: either(
    oneOf('none', 'auto', 'required'),
    fields({ type: text }, ['type']),
    'must be none, auto, required or an object that names a tool',
  ),
  parallel_tool_calls: bool,
  text: fields({ format, verbosity: text }),
  reasoning: fields({ effort: text, summary: text }),
  include: list(text),
  metadata: object,
  truncation: oneOf('auto', 'disabled'),
  store: bool,
  background: bool,
  user: text,
  service_tier: text,
  fallbacks: modelList,
  models: modelList,
};

/** Null when the body is a request that can be answered without any state. */
export function checkBody(body: JsonObject): Problem | null {
  return statefulProblem(body) ?? firstProblem(body, checks, ['model', 'input']);
}

/** What refers to something stored earlier, or wants this answer stored for later. */
const stateful: Readonly<Record<string, string>> = {
  previous_response_id: 'is not known here, nothing is stored: send the whole conversation as `input`',
  conversation: 'is not known here, nothing is stored: send the whole conversation as `input`',
  background: 'cannot be true, nothing is stored to be fetched later: use `stream`',
  prompt: 'names a stored prompt, and nothing is stored here: send its text as `instructions` and `input`',
};

function statefulProblem(body: JsonObject): Problem | null {
  for (const [name, must] of Object.entries(stateful)) {
    const value = Object.hasOwn(body, name) ? (body[name] ?? null) : null;
    if (value !== null && value !== false) return { path: `.${name}`, must };
  }
  return null;
}

/** Fields that steer only what a provider of this API does; not in the chat, and harmless where these values are said. */
export const responsesOnly: Readonly<Record<string, readonly JsonValue[]>> = {
  truncation: ['disabled'],
  context_management: [],
  moderation: [],
  access_programs: [],
  image: [],
};

/**
 * Fields that are translated, or say nothing where this gateway translates: nothing is stored, no tool is hosted (so none is
 * counted by `max_tool_calls` and none has results to `include`), and no event is padded.
 */
export const translated: ReadonlySet<string> = new Set([
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
  'reasoning',
  'include',
  'top_logprobs',
  'truncation',
  'context_management',
  'moderation',
  'access_programs',
  'image',
  'store',
  'stream_options',
  'background',
  'previous_response_id',
  'conversation',
  'prompt',
]);
