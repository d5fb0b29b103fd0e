// The top-level fields of OpenAI's three request forms that are checked (openai@7.57 typings; ranges from its API docs).
// Fields that are not here are kept and travel on: far sides add their own, and this gateway must not be in their way.
import { isObject } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { anyInteger, bool, either, fields, integer, list, number, object, oneOf, problem, text } from './checks.ts';
import type { Check } from './checks.ts';
import { messages } from './messages.ts';

const stop = either(text, list(text), 'must be a string or an array of strings');
const choices = integer(1, 128);
const streaming = { stream: bool, stream_options: fields({ include_usage: bool }) };

/** DeepSeek, vLLM and SGLang take more than OpenAI's 20 and 4; whoever is asked enforces its own maximum. */
const sampling = {
  temperature: number(0, 2),
  top_p: number(0, 1),
  frequency_penalty: number(-2, 2),
  presence_penalty: number(-2, 2),
  logit_bias: object,
  seed: anyInteger,
  stop,
  n: choices,
  user: text,
};

const typed: Check = (value) => {
  if (!isObject(value)) return problem('must be an object');
  return typeof value['type'] === 'string' ? null : problem('must be a string', '.type');
};

const functionSchema = fields({ name: text, description: text, parameters: object, strict: bool }, ['name']);
const tool: Check = (value) => {
  const found = typed(value);
  if (found !== null || !isObject(value) || value['type'] !== 'function') return found;
  return fields({ function: functionSchema }, ['function'])(value);
};

/** `any` is Mistral's word for `required`. */
const toolChoice = either(
  oneOf('none', 'auto', 'required', 'any'),
  typed,
  'must be none, auto, required or an object that names a tool',
);

const responseFormat: Check = (value) => {
  const found = typed(value);
  if (found !== null || !isObject(value) || value['type'] !== 'json_schema') return found;
  return fields({ json_schema: fields({ name: text, schema: object, strict: bool }) }, ['json_schema'])(value);
};

/** LiteLLM writes names, or objects with a model; OpenRouter writes names. */
const modelList = list(either(text, fields({ model: text }, ['model']), 'must be a model name or an object with one'));
const gateway = { fallbacks: modelList, models: modelList };

const tokenIds = list(integer(0, Infinity), 1);
const input = (must: string): Check => {
  const items = either(
    text,
    either(integer(0, Infinity), tokenIds, must),
    'must be a string, a token id or an array of them',
  );
  return either(text, list(items, 1), must);
};

interface Form {
  readonly required: readonly string[];
  readonly checks: Readonly<Record<string, Check>>;
}

const chat: Form = {
  required: ['model', 'messages'],
  checks: {
    model: text,
    messages,
    ...sampling,
    ...streaming,
    ...gateway,
    max_tokens: integer(1, Infinity),
    max_completion_tokens: integer(1, Infinity),
    logprobs: bool,
    top_logprobs: integer(0, Infinity),
    tools: list(tool),
    tool_choice: toolChoice,
    parallel_tool_calls: bool,
    functions: list(functionSchema),
    function_call: either(text, fields({ name: text }, ['name']), 'must be none, auto or an object with a name'),
    response_format: responseFormat,
    modalities: list(text),
    audio: object,
    reasoning_effort: text,
    verbosity: text,
    service_tier: text,
    store: bool,
    metadata: object,
    prediction: object,
  },
};

export const forms: Readonly<Record<Surface, Form>> = {
  chat,
  countTokens: chat,
  completions: {
    required: ['model', 'prompt'],
    checks: {
      model: text,
      prompt: input('must be a string, an array of strings, or arrays of token ids'),
      ...sampling,
      ...streaming,
      ...gateway,
      // 0 with `echo` asks for the prompt's own logprobs.
      max_tokens: integer(0, Infinity),
      logprobs: integer(0, Infinity),
      best_of: integer(1, 128),
      echo: bool,
      suffix: text,
    },
  },
  embeddings: {
    required: ['model', 'input'],
    checks: {
      model: text,
      input: input('must be a string, an array of strings, or arrays of token ids'),
      encoding_format: oneOf('float', 'base64'),
      dimensions: integer(1, Infinity),
      user: text,
      ...gateway,
    },
  },
};
