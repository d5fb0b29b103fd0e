// What a request to the Messages API must look like: its fields and content blocks (@anthropic-ai/sdk@1.12 typings). Both API
// versions are taken: what the newer one refuses (sampling) other far sides may want. Fields and blocks that are not here
// pass, because betas add their own; what they mean to other far sides is decided where they are translated.
import { isObject } from '../../kernel/json.ts';
import type { JsonValue } from '../../kernel/json.ts';
import {
  anyInteger,
  bool,
  either,
  fields,
  integer,
  list,
  number,
  object,
  oneOf,
  problem,
  text,
} from '../openai/checks.ts';
import type { Check } from '../openai/checks.ts';
import { wordOf } from './values.ts';

const source: Check = (value) => {
  const found = typed(value);
  if (found !== null || !isObject(value)) return found;
  const type = value['type'];
  if (type === 'base64') return fields({ media_type: text, data: text }, ['media_type', 'data'])(value);
  if (type === 'url') return fields({ url: text }, ['url'])(value);
  if (type === 'text') return fields({ data: text }, ['data'])(value);
  return null;
};

const typed: Check = (value) => {
  if (!isObject(value)) return problem('must be an object');
  return typeof value['type'] === 'string' && value['type'] !== ''
    ? null
    : problem('must be a string that names the kind', '.type');
};

const textBlock = fields({ text }, ['text']);

/** Blocks of a tool's result: each kind but another result. */
const resultBlock: Check = (value) => blockOf(value, plainBlocks);
const block: Check = (value) => blockOf(value, blocks);

const plainBlocks: Readonly<Record<string, Check>> = {
  text: textBlock,
  image: fields({ source }, ['source']),
  document: fields({ source, title: text, context: text }, ['source']),
  search_result: fields({ title: text, source: text, content: list(textBlock) }, ['content']),
};

const blocks: Readonly<Record<string, Check>> = {
  ...plainBlocks,
  tool_use: fields({ id: text, name: text, input: object }, ['id', 'name']),
  tool_result: fields(
    {
      tool_use_id: text,
      content: either(text, list(resultBlock), 'must be a string or an array of content blocks'),
      is_error: bool,
    },
    ['tool_use_id'],
  ),
  thinking: fields({ thinking: text, signature: text }, ['thinking']),
  redacted_thinking: fields({ data: text }, ['data']),
};

function blockOf(value: Parameters<Check>[0], known: Readonly<Record<string, Check>>): ReturnType<Check> {
  const found = typed(value);
  if (found !== null || !isObject(value)) return found;
  const type = wordOf(value['type']);
  return Object.hasOwn(known, type) ? (known[type]?.(value) ?? null) : null;
}

const content = either(text, list(block), 'must be a string or an array of content blocks');

const message = fields({ role: oneOf('user', 'assistant', 'system'), content }, ['role', 'content']);

const tool: Check = (value) => {
  if (!isObject(value)) return problem('must be an object');
  const type = value['type'] ?? 'custom';
  if (type !== 'custom') return typed(value);
  return fields({ name: text, description: text, input_schema: object, strict: bool }, ['name', 'input_schema'])(value);
};

const toolChoice: Check = (value) => {
  const found = fields({ type: oneOf('auto', 'any', 'tool', 'none'), disable_parallel_tool_use: bool }, ['type'])(
    value,
  );
  if (found !== null || !isObject(value) || value['type'] !== 'tool') return found;
  return fields({ name: text }, ['name'])(value);
};

const thinking: Check = (value) => {
  const found = typed(value);
  if (found !== null || !isObject(value) || value['type'] !== 'enabled') return found;
  return fields({ budget_tokens: integer(1, Infinity) }, ['budget_tokens'])(value);
};

const format: Check = (value) => {
  const found = typed(value);
  if (found !== null || !isObject(value) || value['type'] !== 'json_schema') return found;
  return fields({ schema: object }, ['schema'])(value);
};

const modelList = list(either(text, fields({ model: text }, ['model']), 'must be a model name or an object with one'));

/** Of Anthropic's own, which share their name with ours, it is the judge. */
const fallbacks = either(
  text,
  list(either(text, object, 'must be a model name or an object')),
  'must be a string or an array of models',
);

/** A list of bare names speaks to the gateway; `default`, and objects, are Anthropic's own (beta `server-side-fallback`). */
export function gatewayFallbacks(value: JsonValue | undefined): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const names = value.filter((entry) => typeof entry === 'string');
  return names.length === value.length ? names : null;
}

export const requestChecks: Readonly<Record<string, Check>> = {
  model: text,
  messages: list(message, 1),
  // 0 warms the prompt cache and answers nothing.
  max_tokens: integer(0, Infinity),
  system: either(text, list(textBlock), 'must be a string or an array of text blocks'),
  stream: bool,
  stop_sequences: list(text),
  temperature: number(0, 1),
  top_p: number(0, 1),
  top_k: anyInteger,
  tools: list(tool),
  tool_choice: toolChoice,
  thinking,
  output_config: fields({ effort: text, format }),
  output_format: format,
  metadata: fields({ user_id: text }),
  service_tier: text,
  fallbacks,
  models: modelList,
};
