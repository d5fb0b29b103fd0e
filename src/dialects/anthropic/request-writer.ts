// A canonical chat request as a Messages body for one model. What a model's generation takes is data (`AnthropicManner`). What
// Anthropic's API cannot be told is listed as unsupported under the caller's own name for it; fields that only steer
// bookkeeping, or say what their absence says, are left out.
import type { CanonicalRequest } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { prefixMessage } from '../openai/messages.ts';
import { gatewayFields } from '../openai/request.ts';
import type { Refuse } from './content-reader.ts';
import { writeHistory } from './history-writer.ts';
import type { History, Turn } from './history-writer.ts';
import { writeThinking } from './thinking-writer.ts';
import { writeFormat, writeTools } from './tools-writer.ts';
import { count } from './usage.ts';

/** What the model's generation takes. */
export interface AnthropicManner {
  /** `temperature`, `top_p` and `top_k` are known; of the first two one at a time. */
  readonly sampling: boolean;
  /** `max_tokens` must be said: this is it when the caller did not. */
  readonly answerTokensMax: number;
  /** How it is told to think: with a budget of tokens, or by leaving it to the model with an effort. */
  readonly thinking: 'budget' | 'adaptive' | 'none';
  /** A last message of the assistant is continued; newer models answer 400. */
  readonly prefill: boolean;
  /** Signed thinking in the history may be handed back. */
  readonly trustsSignatures: boolean;
  /** JSON schemas are kept to: `output_config.format`, and `strict` tools. */
  readonly schemas: boolean;
}

export interface WrittenRequest {
  readonly body: JsonObject;
  readonly unsupported: readonly { readonly param: string; readonly why: string }[];
  /** Parameters left out, since the model samples in its own way or not at all: an answer without them is an answer. */
  readonly dropped: readonly string[];
}

/** Steer bookkeeping or pace only, or mean nothing here. The last two are how vLLM's users mark a prefix. */
const harmless = [
  'metadata',
  'n',
  'prediction',
  'prompt_cache_key',
  'prompt_cache_retention',
  'safety_identifier',
  'store',
  'stream_options',
  'continue_final_message',
  'add_generation_prompt',
  ...gatewayFields,
];

/** Anthropic's own fields, which some write into a chat request (`extra_body` in SDKs). */
const same = ['cache_control', 'container', 'context_management', 'inference_geo', 'mcp_servers', 'speed'];

/** Values that say what their absence says, for fields there are none of. */
const idle: Readonly<Record<string, readonly JsonValue[]>> = {
  frequency_penalty: [0],
  presence_penalty: [0],
  logprobs: [false],
  top_logprobs: [0],
  verbosity: ['medium'],
};

const written: ReadonlySet<string> = new Set([
  ...harmless,
  ...same,
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'model',
  'parallel_tool_calls',
  'reasoning_effort',
  'response_format',
  'service_tier',
  'stop',
  'stream',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
  'user',
]);

export function writeRequest(request: CanonicalRequest, model: string, manner: AnthropicManner): WrittenRequest {
  const chat = request.body;
  const unsupported: { readonly param: string; readonly why: string }[] = [];
  const refuse: Refuse = (param, why) => void unsupported.push({ param, why });
  const messages = Array.isArray(chat['messages']) ? chat['messages'] : [];
  const history = writeHistory(messages, manner.trustsSignatures, refuse);
  const body: JsonObject = { model, max_tokens: answerTokensMax(chat, manner) };
  if (history.system.length > 0) body['system'] = plainly(history.system);
  body['messages'] = writeTurns(chat, history, manner, refuse);
  if (request.stream) body['stream'] = true;
  for (const field of same) if (isSaid(chat[field])) body[field] = chat[field];
  writeTools(chat, body, manner, refuse);
  writeFormat(chat, body, manner, refuse);
  writeThinking(chat, body, history.turns, manner, refuse);
  const dropped = writeSampling(chat, body, manner);
  writeStop(chat, body, refuse);
  writeBookkeeping(chat, body);
  refuseRest(chat, refuse);
  return { body, unsupported, dropped };
}

const isSaid = (value: JsonValue | undefined): value is JsonValue => value !== undefined && value !== null;

/** Both names may be there (a config's default and the caller's own): whoever asked for less is obeyed. */
function answerTokensMax(chat: JsonObject, manner: AnthropicManner): number {
  const said = [count(chat['max_completion_tokens']), count(chat['max_tokens'])].filter((limit) => limit !== null);
  return said.length === 0 ? manner.answerTokensMax : Math.min(...said);
}

/** One text without marks is a string, as people write it. */
function plainly(blocks: readonly JsonObject[]): JsonValue {
  const only = blocks.length === 1 ? blocks[0] : undefined;
  const isPlain = only?.['type'] === 'text' && Object.keys(only).length === 2;
  return isPlain ? (only['text'] ?? '') : [...blocks];
}

function writeTurns(chat: JsonObject, { turns }: History, manner: AnthropicManner, refuse: Refuse): JsonValue[] {
  const last = turns.at(-1);
  if (last?.role === 'assistant') {
    if (manner.prefill) trimEnd(last);
    else {
      const why = 'this model cannot continue an answer; the last message must be of the user or a tool';
      refuse(prefixMessage(chat) === null ? 'messages' : `messages[${lastIndex(chat)}].prefix`, why);
    }
  }
  return turns.map(({ role, content }) => ({ role, content: plainly(content) }));
}

function lastIndex(chat: JsonObject): number {
  return Array.isArray(chat['messages']) ? chat['messages'].length - 1 : 0;
}

/** "final assistant content cannot end with trailing whitespace" */
function trimEnd(turn: Turn): void {
  const last = turn.content.at(-1);
  if (typeof last?.['text'] === 'string') turn.content.splice(-1, 1, { ...last, text: last['text'].trimEnd() });
}

/** Answers the names of those that could not be had. Callers of other dialects set them by habit: none is worth a refusal. */
function writeSampling(chat: JsonObject, body: JsonObject, manner: AnthropicManner): string[] {
  const thinks = isObject(body['thinking']) && body['thinking']['type'] !== 'disabled';
  // 1 is the default of both, and 0 of the third.
  const asked = ['temperature', 'top_p', 'top_k'].filter(
    (name) => isSaid(chat[name]) && chat[name] !== (name === 'top_k' ? 0 : 1),
  );
  return asked.filter((name) => {
    const value = Number(chat[name]);
    // No number below 0 is a `top_k`; above 1 the API knows no temperature, and takes one of the two only.
    if (name === 'top_k' && value < 0) return false;
    const isOutside = name === 'temperature' && value > 1;
    const isSecond = name === 'top_p' && asked.includes('temperature');
    if (!manner.sampling || thinks || isOutside || isSecond) return true;
    body[name] = chat[name];
    return false;
  });
}

function writeStop(chat: JsonObject, body: JsonObject, refuse: Refuse): void {
  const stop = chat['stop'];
  const sequences = typeof stop === 'string' ? [stop] : Array.isArray(stop) ? stop : [];
  if (sequences.length === 0) return;
  if (sequences.some((text) => typeof text === 'string' && text.trim() === '')) {
    return refuse('stop', "Anthropic's API does not stop at white space");
  }
  body['stop_sequences'] = sequences;
}

/** Other tiers are a matter of pace and price, and have no name there. */
function writeBookkeeping(chat: JsonObject, body: JsonObject): void {
  const user = chat['user'] ?? chat['safety_identifier'];
  if (typeof user === 'string') body['metadata'] = { user_id: user };
  if (chat['service_tier'] === 'auto') body['service_tier'] = 'auto';
  if (chat['service_tier'] === 'default') body['service_tier'] = 'standard_only';
}

function refuseRest(chat: JsonObject, refuse: Refuse): void {
  const why = "Anthropic's API has no such parameter";
  if ((count(chat['n']) ?? 1) > 1) refuse('n', "Anthropic's API gives one answer");
  for (const [name, value] of Object.entries(chat)) {
    if (!written.has(name) && isSaid(value) && !isIdle(name, value)) refuse(name, why);
  }
}

function isIdle(name: string, value: JsonValue): boolean {
  if (Array.isArray(value))
    return value.length === 0 || (name === 'modalities' && value.length === 1 && value[0] === 'text');
  if (isObject(value)) return Object.keys(value).length === 0;
  return Object.hasOwn(idle, name) && (idle[name]?.includes(value) ?? false);
}
