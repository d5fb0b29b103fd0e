// A canonical chat as a request of the Responses API, for far sides that speak it. It always asks not to be stored; what the API
// cannot be asked is listed with the name the caller knows it by.
import type { CanonicalRequest } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { gatewayFields } from '../openai/request.ts';
import { inputOf } from './history-writer.ts';
import type { Loss } from './parts.ts';
import { flatTextFormat, flatToolChoice, flatTools } from './tools.ts';

/** Fewer are refused. */
const OUTPUT_TOKENS_MIN = 16;

/** Fields of the chat that the API lacks, and the values of them that say what their absence says. */
const lacking: Readonly<Record<string, readonly JsonValue[]>> = {
  n: [1],
  stop: [],
  seed: [],
  logit_bias: [],
  frequency_penalty: [0],
  presence_penalty: [0],
  prediction: [],
  audio: [],
  web_search_options: [],
  functions: [],
  function_call: [],
};

/** Fields that are written in another way, or that speak to the gateway. */
const rewritten: ReadonlySet<string> = new Set([
  ...gatewayFields,
  ...Object.keys(lacking),
  'messages',
  'model',
  'max_tokens',
  'max_completion_tokens',
  'tools',
  'tool_choice',
  'response_format',
  'verbosity',
  'reasoning_effort',
  'logprobs',
  'top_logprobs',
  'modalities',
  'stream_options',
  'store',
]);

export interface WrittenRequest {
  readonly body: JsonObject;
  readonly unsupported: readonly Loss[];
}

export function writeRequest({ body: chat }: CanonicalRequest, model: string): WrittenRequest {
  const unsupported: Loss[] = [];
  const messages = chat['messages'];
  const { instructions, input } = inputOf(Array.isArray(messages) ? messages : [], unsupported);
  const body: JsonObject = { model, ...(instructions === null ? {} : { instructions }), input };
  for (const [field, value] of Object.entries(chat)) {
    if (!rewritten.has(field) && value !== null && value !== undefined) body[field] = value;
  }
  const include = [...writeReasoning(chat, model, body), ...writeLogprobs(chat, body)];
  writeLimit(chat, body, unsupported);
  writeTools(chat, body, unsupported);
  writeText(chat, body);
  listLacking(chat, unsupported);
  if (include.length > 0) body['include'] = include;
  body['store'] = false;
  return { body, unsupported };
}

/** OpenAI's models that think: asking others for encrypted reasoning is an error. */
const THINKING_MODEL = /(?:^|[/.])(?:o\d|gpt-(?:[5-9]|\d{2})|codex)/;

/** Nothing is stored, so reasoning must come back encrypted to be handed in again. */
function writeReasoning(chat: JsonObject, model: string, body: JsonObject): string[] {
  const effort = chat['reasoning_effort'] ?? null;
  if (effort !== null) body['reasoning'] = { effort };
  const thinks = effort === null ? THINKING_MODEL.test(model) : effort !== 'none';
  return thinks ? ['reasoning.encrypted_content'] : [];
}

function writeLogprobs({ logprobs, top_logprobs: top }: JsonObject, body: JsonObject): string[] {
  if (logprobs !== true) return [];
  if (typeof top === 'number') body['top_logprobs'] = top;
  return ['message.output_text.logprobs'];
}

/** Config defaults may set one name and the caller the other: whoever asked for less is obeyed. */
function writeLimit(chat: JsonObject, body: JsonObject, unsupported: Loss[]): void {
  for (const param of ['max_tokens', 'max_completion_tokens']) {
    const most = chat[param];
    if (typeof most !== 'number') continue;
    const known = body['max_output_tokens'];
    body['max_output_tokens'] = Math.max(OUTPUT_TOKENS_MIN, typeof known === 'number' ? Math.min(known, most) : most);
    if (most >= OUTPUT_TOKENS_MIN) continue;
    unsupported.push({ param, why: `the Responses API allows no fewer than ${OUTPUT_TOKENS_MIN} tokens` });
  }
}

function writeTools(chat: JsonObject, body: JsonObject, unsupported: Loss[]): void {
  const tools = chat['tools'];
  if (Array.isArray(tools) && tools.length > 0) body['tools'] = flatTools(tools, unsupported);
  const choice = flatToolChoice(chat['tool_choice']);
  if (choice !== undefined) body['tool_choice'] = choice;
}

function writeText(chat: JsonObject, body: JsonObject): void {
  const format = flatTextFormat(chat['response_format']);
  const verbosity = chat['verbosity'] ?? undefined;
  if (format === undefined && verbosity === undefined) return;
  body['text'] = { ...(format === undefined ? {} : { format }), ...(verbosity === undefined ? {} : { verbosity }) };
}

function listLacking(chat: JsonObject, unsupported: Loss[]): void {
  for (const [param, harmless] of Object.entries(lacking)) {
    const value = chat[param] ?? null;
    if (value === null || harmless.includes(value) || isBlank(value)) continue;
    unsupported.push({ param, why: 'the Responses API has nothing like it' });
  }
  const modalities = chat['modalities'];
  if (Array.isArray(modalities) && modalities.some((kind) => kind !== 'text')) {
    unsupported.push({ param: 'modalities', why: 'the Responses API answers in text only' });
  }
}

const isBlank = (value: JsonValue): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
