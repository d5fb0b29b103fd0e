// Requests of Converse, written from the canonical chat. Each field of the chat is written, or named as unsupported in the
// caller's word for it, or (only if it cannot change the answer) left out; never lost without a word. `model` is in the
// address, not in the body, and whether the answer streams is too.
import type { CanonicalRequest } from '../../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { gatewayFields } from '../openai/request.ts';
import { writeReasoning } from './effort-writer.ts';
import type { ConverseManner } from './manner.ts';
import { writeMessages } from './messages-writer.ts';
import { writeTools } from './tools-writer.ts';

/** What this far side cannot be told. */
export interface Lack {
  readonly param: string;
  readonly why: string;
}

export interface ConverseRequest {
  readonly body: JsonObject;
  readonly unsupported: readonly Lack[];
  /** Sampling parameters left out: an answer without them is an answer. */
  readonly dropped: readonly string[];
}

/** What is unsupported is not in the body: whoever lets parameters be dropped sends it as it is. */
export function writeRequest(request: CanonicalRequest, model: string, manner: ConverseManner): ConverseRequest {
  const lacks: Lack[] = [];
  const dropped = samplingDropped(request.body, manner);
  const asked = withoutRefused(without(request.body, dropped), model, manner, lacks);
  const conversation = writeMessages(asked['messages'], manner, lacks);
  const reasoning = writeReasoning(asked, conversation, model, manner, lacks);
  const body = without(asked, [...reasoning.displaced, ...reasoning.dropped]);
  const tools = writeTools(body, conversation, manner, lacks);
  const fields = { ...modelFields(body, manner), ...tools.fields, ...reasoning.fields };
  const written: JsonObject = {
    messages: conversation.messages,
    ...filled('system', conversation.system),
    ...filled('inferenceConfig', inferenceConfig(body)),
    ...(tools.config === null ? {} : { toolConfig: tools.config }),
    ...filled('additionalModelRequestFields', fields),
    ...outputConfig(body['response_format'], model, manner, lacks),
    ...serviceTier(body['service_tier']),
    ...filled('requestMetadata', metadata(body['metadata'])),
  };
  return { body: written, unsupported: lacks, dropped: [...dropped, ...reasoning.dropped] };
}

const without = (body: JsonObject, params: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([param]) => !params.includes(param)));

function filled(name: string, value: JsonObject | JsonValue[]): JsonObject {
  return Object.keys(value).length === 0 ? {} : { [name]: value };
}

function inferenceConfig(body: JsonObject): JsonObject {
  // Config defaults may set one name and the caller the other: whoever asked for less is obeyed.
  const limits = [body['max_tokens'], body['max_completion_tokens']].filter((value) => typeof value === 'number');
  const { stop, temperature, top_p: topP } = body;
  const stops = (Array.isArray(stop) ? stop : [stop]).filter((text) => typeof text === 'string' && text !== '');
  return {
    ...(limits.length === 0 ? {} : { maxTokens: Math.min(...limits) }),
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof topP === 'number' ? { topP } : {}),
    ...(stops.length === 0 ? {} : { stopSequences: stops as string[] }),
  };
}

function modelFields(body: JsonObject, manner: ConverseManner): JsonObject {
  return Object.fromEntries(
    manner.modelFields.flatMap((name) => ((body[name] ?? null) === null ? [] : [[name, body[name]]])),
  );
}

function outputConfig(format: JsonValue | undefined, model: string, manner: ConverseManner, lacks: Lack[]): JsonObject {
  if (!isObject(format) || format['type'] === 'text') return {};
  const definition = format['json_schema'];
  if (format['type'] !== 'json_schema' || !isObject(definition) || !manner.jsonSchema) {
    lacks.push({ param: 'response_format', why: `${model} cannot be kept to it through Converse` });
    return {};
  }
  const { schema, name, description } = definition;
  const jsonSchema = {
    schema: JSON.stringify(schema ?? {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  };
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } };
}

/** A hint: tiers that AWS does not have are left out. */
function serviceTier(tier: JsonValue | undefined): JsonObject {
  return tier === 'default' || tier === 'flex' || tier === 'priority' ? { serviceTier: { type: tier } } : {};
}

const METADATA_MAX = 16;
const METADATA_TEXT = /^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/;

/** A hint, for the invocation log: what AWS would refuse the request for is left out. */
function metadata(value: JsonValue | undefined): JsonObject {
  const entries = Object.entries(isObject(value) ? value : {}).filter(
    ([name, text]) => name !== '' && METADATA_TEXT.test(name) && typeof text === 'string' && METADATA_TEXT.test(text),
  );
  return Object.fromEntries(entries.slice(0, METADATA_MAX));
}

/** Written above, or steering bookkeeping only. */
const settled = new Set(
  [
    gatewayFields,
    ['model', 'messages', 'stream', 'stream_options'],
    ['max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'stop', 'tools', 'tool_choice'],
    ['parallel_tool_calls', 'reasoning_effort', 'thinking', 'response_format', 'service_tier', 'metadata'],
    ['user', 'store', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention'],
  ].flat(),
);

/** Values that say what the field's absence says. */
const harmless: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  n: (value) => value === 1,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  logit_bias: (value) => isObject(value) && Object.keys(value).length === 0,
  functions: (value) => Array.isArray(value) && value.length === 0,
  modalities: (value) => Array.isArray(value) && value.every((entry) => entry === 'text'),
  add_generation_prompt: () => true,
  continue_final_message: () => true,
};

const sampling = ['temperature', 'top_p', 'top_k'];

/** A model that takes no such parameter answers without it. */
function samplingDropped(body: JsonObject, manner: ConverseManner): string[] {
  return manner.sampling ? [] : sampling.filter((param) => (body[param] ?? null) !== null);
}

/** What neither Converse nor this model knows is named here once, and gone for all that follows. */
function withoutRefused(body: JsonObject, model: string, manner: ConverseManner, lacks: Lack[]): JsonObject {
  const refused = Object.entries(body).flatMap(([param, value]) => {
    if (value === undefined || value === null) return [];
    if (settled.has(param) || manner.modelFields.includes(param)) return [];
    const isHarmless = Object.hasOwn(harmless, param) ? harmless[param] : undefined;
    return isHarmless?.(value) === true ? [] : [{ param, why: `${model} does not take it through Converse` }];
  });
  lacks.push(...refused);
  return without(
    body,
    refused.map(({ param }) => param),
  );
}
