// A Messages request as a canonical chat request. Each field has a rule: it is said in the chat's words, or it may be left out
// because it cannot change the answer, or it is listed as untranslatable. No field is lost silently.
import type { CanonicalRequest, NativeRequest } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { gatewayFields } from '../openai/request.ts';
import type { Refuse } from './content-reader.ts';
import { chatEffort } from './effort.ts';
import { chatMessages } from './history-reader.ts';
import { wordOf } from './values.ts';

type Untranslatable = NativeRequest['untranslatable'];

export interface Translation {
  readonly body: JsonObject;
  readonly untranslatable: Untranslatable;
}

/** Same name, same meaning. */
const same = [
  'model',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  ...gatewayFields.filter((field) => field !== 'fallbacks'),
];

/**
 * Bookkeeping, and what only decides how much a far side remembers or caches; Claude Code sends several of them always.
 * `fallbacks` are ours, or name models of Anthropic's that only it can ask instead. `anthropic_version` and `anthropic_beta` are how Bedrock and Vertex take the headers of that name.
 */
const harmless = [
  'anthropic_beta',
  'anthropic_version',
  'betas',
  'cache_control',
  'context_management',
  'diagnostics',
  'fallbacks',
  'user_profile_id',
  'workspace_id',
];

/** Read below, by name. */
const read = [
  'max_tokens',
  'messages',
  'metadata',
  'output_config',
  'output_format',
  'service_tier',
  'stop_sequences',
  'system',
  'thinking',
  'tool_choice',
  'tools',
];

const known: ReadonlySet<string> = new Set([...same, ...harmless, ...read]);

export function chatRequest(body: JsonObject): Translation {
  const untranslatable: { readonly param: string; readonly why: string }[] = [];
  const refuse: Refuse = (param, why) => void untranslatable.push({ param, why });
  const chat: JsonObject = {};
  for (const field of same) if (isSaid(body[field])) chat[field] = body[field];
  for (const [field, value] of Object.entries(body)) {
    if (!known.has(field) && isFilled(value)) refuse(field, "only Anthropic's API knows this parameter");
  }
  chat['messages'] = chatMessages(body, refuse, false);
  readLimits(body, chat, refuse);
  readTools(body, chat, refuse);
  readFormat(body, chat, refuse);
  const effort = chatEffort(body, refuse);
  if (effort !== null) chat['reasoning_effort'] = effort;
  return { body: chat, untranslatable };
}

/** The canonical body with the caller's cache marks on messages and tools, for far sides that take them. */
export function withCacheMarks({ body, native }: CanonicalRequest): JsonObject {
  if (native?.dialect !== 'anthropic') return body;
  const { tools } = native.body;
  const marks = (Array.isArray(tools) ? tools : []).map((tool) => (isObject(tool) ? tool['cache_control'] : null));
  const own = body['tools'];
  // Tools that were left out would shift the marks; such a request does not come here, or lost some by the config's leave.
  const isWhole = Array.isArray(own) && own.length === marks.length;
  const marked = isWhole
    ? own.map((tool, at) => (isObject(tool) && isObject(marks[at]) ? { ...tool, cache_control: marks[at] } : tool))
    : own;
  const messages = chatMessages(native.body, () => undefined, true);
  return { ...body, messages, ...(marked === undefined ? {} : { tools: marked }) };
}

/**
 * The canonical body with the caller's own budget of thoughts, for far sides that take one: the word for it is coarser. Where
 * the answer's limit was lowered since, the budget would leave no room for the answer, and the word stays alone.
 */
export function withThinkingBudget(body: JsonObject, { native }: CanonicalRequest): JsonObject {
  if (native?.dialect !== 'anthropic') return body;
  const { thinking, max_tokens: tokensMax } = native.body;
  const isOwn = isObject(thinking) && thinking['type'] === 'enabled' && body['max_tokens'] === tokensMax;
  return isOwn ? { ...body, thinking } : body;
}

const isSaid = (value: JsonValue | undefined): value is JsonValue => value !== undefined && value !== null;

/** Empty lists, and `speed: "standard"`, say what their absence says. */
function isFilled(value: JsonValue | undefined): boolean {
  return isSaid(value) && value !== 'standard' && !(Array.isArray(value) && value.length === 0);
}

function readLimits(body: JsonObject, chat: JsonObject, refuse: Refuse): void {
  const { max_tokens: tokensMax, stop_sequences: stops, metadata, service_tier: tier } = body;
  if (tokensMax === 0) refuse('max_tokens', "only Anthropic's API takes requests for no answer");
  else if (isSaid(tokensMax)) chat['max_tokens'] = tokensMax;
  if (Array.isArray(stops) && stops.length > 0) chat['stop'] = stops;
  if (isObject(metadata) && isSaid(metadata['user_id'])) chat['user'] = metadata['user_id'];
  if (tier === 'auto') chat['service_tier'] = 'auto';
  if (tier === 'standard_only') chat['service_tier'] = 'default';
}

function readTools(body: JsonObject, chat: JsonObject, refuse: Refuse): void {
  const { tools, tool_choice: choice } = body;
  if (Array.isArray(tools) && tools.length > 0) {
    const functions = tools.flatMap((tool, index) => readTool(tool, `tools[${index}]`, refuse));
    if (functions.length > 0) chat['tools'] = functions;
  }
  if (chat['tools'] === undefined || !isObject(choice)) return;
  chat['tool_choice'] = readChoice(choice);
  if (choice['disable_parallel_tool_use'] === true) chat['parallel_tool_calls'] = false;
}

function readTool(tool: JsonValue, path: string, refuse: Refuse): JsonObject[] {
  if (!isObject(tool)) return [];
  if ((tool['type'] ?? 'custom') !== 'custom') {
    refuse(path, "only Anthropic's API has this tool");
    return [];
  }
  const { name, input_schema: parameters, strict } = tool;
  const description = describe(tool);
  const called = {
    name,
    ...(description === '' ? {} : { description }),
    parameters,
    ...(typeof strict === 'boolean' ? { strict } : {}),
  };
  return [{ type: 'function', function: called }];
}

/** Examples are part of what a model reads about a tool. */
function describe(tool: JsonObject): string {
  const { description, input_examples: examples } = tool;
  const text = typeof description === 'string' ? description : '';
  if (!Array.isArray(examples) || examples.length === 0) return text;
  return [text, 'Examples of its input:', ...examples.map((example) => JSON.stringify(example))].join('\n').trim();
}

function readChoice(choice: JsonObject): JsonValue {
  switch (wordOf(choice['type'])) {
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: choice['name'] } };
    case 'none':
      return 'none';
    default:
      return 'auto';
  }
}

/** `output_format` is the field's older place. */
function readFormat(body: JsonObject, chat: JsonObject, refuse: Refuse): void {
  const config = body['output_config'];
  const inConfig = isObject(config) && isSaid(config['format']);
  const format = inConfig ? config['format'] : body['output_format'];
  if (!isObject(format)) return;
  if (format['type'] !== 'json_schema') {
    return refuse(inConfig ? 'output_config.format' : 'output_format', "only Anthropic's API knows this format");
  }
  // Anthropic always keeps to the schema, and gives it no name; OpenAI requires one.
  const schema = { name: 'answer', schema: format['schema'], strict: true };
  chat['response_format'] = { type: 'json_schema', json_schema: schema };
}
