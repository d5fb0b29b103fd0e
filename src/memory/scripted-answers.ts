// Scripted answers: what the model `demo` says, in OpenAI's shapes. Friendly to a newcomer and useful to a test: it can be
// told what to say, calls tools, speaks JSON, honours length and stop, and its usage is truthful by our own estimate.
import { estimatePromptTokens, estimateTokens } from '../dialects/tokens.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { utf8Encode } from '../kernel/web.ts';
import { scriptedJson } from './scripted-json.ts';

export interface Birth {
  /** Seconds since 1970. */
  readonly created: number;
  readonly id: string;
}

/** One answer in both its forms. */
export interface Script {
  readonly whole: JsonObject;
  /** Made one by one: many choices of a long text are more than should ever be held at once. */
  readonly chunks: Iterable<JsonObject>;
}

const COUNT_MAX = 1_000;
/** No answer is longer: a caller may ask for a long one many times over (`n`). */
const ANSWER_CHARACTERS_MAX = 100_000;
const DIMENSIONS = 256;
const DIMENSIONS_MAX = 4_096;

export function scriptedChat(body: JsonObject, birth: Birth): Script {
  const said = lastMessage(body);
  const call = said.role === 'user' ? toolAskedFor(body, said.text) : null;
  const frame = { id: `chatcmpl-${birth.id}`, created: birth.created, model: 'demo' };
  const choices = choiceIndexes(body);
  const usage = (completion: string): JsonObject =>
    usageOf(estimatePromptTokens(body, 'chat'), completion, choices.length);
  if (call !== null) {
    const toolCall = { id: `call_${birth.id}`, type: 'function', function: call };
    const message = { role: 'assistant', content: null, tool_calls: [toolCall] };
    const deltas: JsonObject[] = [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ index: 0, ...toolCall, function: { ...call, arguments: '' } }],
      },
      ...words(call.arguments).map((piece) => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
    ];
    return script(
      body,
      frame,
      'chat.completion',
      choices,
      { message },
      deltas.map((delta) => ({ delta })),
      'tool_calls',
      usage(call.arguments),
    );
  }
  const full = isJsonAsked(body) ? JSON.stringify(scriptedJson(body)) : replyTo(said);
  const { text, finish } = bounded(full, body);
  const pieces = words(text);
  const logprobs = (tokens: readonly string[]): JsonObject =>
    body['logprobs'] === true ? { logprobs: { content: tokens.map(logprob), refusal: null } } : {};
  const message = { role: 'assistant', content: text, refusal: null };
  return script(
    body,
    frame,
    'chat.completion',
    choices,
    { message, ...logprobs(pieces) },
    [
      { delta: { role: 'assistant', content: '' } },
      ...pieces.map((content) => ({ delta: { content }, ...logprobs([content]) })),
    ],
    finish,
    usage(text),
  );
}

export function scriptedCompletion(body: JsonObject, birth: Birth): Script {
  const prompt = typeof body['prompt'] === 'string' ? body['prompt'] : 'your prompt';
  const full =
    typeof body['suffix'] === 'string'
      ? ' (the scripted model fills the gap) '
      : ` and so the story that began with ${JSON.stringify(endOf(prompt, 40))} goes on: the scripted model wrote this.`;
  const { text, finish } = bounded(full, body);
  const frame = { id: `cmpl-${birth.id}`, created: birth.created, model: 'demo' };
  const pieces = words(text).map((piece) => ({ text: piece, logprobs: null }));
  const choices = choiceIndexes(body);
  const usage = usageOf(estimatePromptTokens(body, 'completions'), text, choices.length);
  return script(body, frame, 'text_completion', choices, { text, logprobs: null }, pieces, finish, usage);
}

function script(
  body: JsonObject,
  frame: JsonObject,
  object: string,
  choices: readonly number[],
  said: JsonObject,
  pieces: readonly JsonObject[],
  finish: string,
  usage: JsonObject,
): Script {
  const chunkObject = object === 'chat.completion' ? 'chat.completion.chunk' : object;
  const chunk = (index: number, piece: JsonObject, reason: string | null): JsonObject => ({
    ...frame,
    object: chunkObject,
    choices: [{ index, ...piece, finish_reason: reason }],
  });
  const last = object === 'chat.completion' ? { delta: {} } : { text: '', logprobs: null };
  const options = body['stream_options'];
  const usageChunk = { ...frame, object: chunkObject, choices: [], usage };
  function* chunks(): Iterable<JsonObject> {
    for (const index of choices) {
      for (const piece of pieces) yield chunk(index, piece, null);
      yield chunk(index, last, finish);
    }
    if (isObject(options) && options['include_usage'] === true) yield usageChunk;
  }
  return {
    whole: { ...frame, object, choices: choices.map((index) => ({ index, ...said, finish_reason: finish })), usage },
    chunks: chunks(),
  };
}

interface Said {
  readonly role: string;
  readonly text: string;
}

function lastMessage(body: JsonObject): Said {
  const messages = Array.isArray(body['messages']) ? body['messages'] : [];
  const last = messages.at(-1);
  if (!isObject(last)) return { role: 'user', text: '' };
  return { role: stringOf(last['role']), text: textOf(last['content']) };
}

const stringOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join(' ');
}

function replyTo({ role, text }: Said): string {
  if (role === 'tool' || role === 'function') return `The tool says: ${text}`;
  const say = /^\s*say:\s*([\s\S]+)$/i.exec(text)?.[1];
  if (say !== undefined) return say;
  const count = /count to (\d{1,6})/i.exec(text)?.[1];
  if (count !== undefined) {
    return Array.from({ length: Math.min(Number(count), COUNT_MAX) }, (_, at) => at + 1).join(' ');
  }
  if (/what(?:'|’)?s? (?:is )?spillway/i.test(text)) return ABOUT;
  const heard = text.length > 80 ? `${startOf(text, 79)}…` : text;
  return (
    `Hello! You said: "${heard}". I am demo, Spillway's built-in scripted model: no network, no key, no intelligence. ` +
    'For a real answer start Spillway with a key, for example DEEPSEEK_API_KEY=sk-... npm start. ' +
    'Until then I can count ("count to 10"), repeat ("say: anything"), call your tools ("call <name>") and speak JSON.'
  );
}

const ABOUT =
  'Spillway is a gateway for language models: one address for your programs, many providers behind it. When one says ' +
  '"server is busy", it waits, tries again or asks the next, and your program gets its answer. I am demo, its built-in ' +
  'scripted model. For a real one set a key, for example DEEPSEEK_API_KEY or OPENAI_API_KEY, and start Spillway again.';

/** A tool that the message names, with arguments in the shape its schema asks for. */
function toolAskedFor(body: JsonObject, text: string): { name: string; arguments: string } | null {
  const tools = Array.isArray(body['tools']) ? body['tools'] : [];
  const functions = tools.flatMap((tool) => (isObject(tool) && isObject(tool['function']) ? [tool['function']] : []));
  const forced = body['tool_choice'];
  const forcedName = isObject(forced) && isObject(forced['function']) ? forced['function']['name'] : undefined;
  const wanted = functions.find((tool) =>
    forcedName === undefined ? text.includes(stringOf(tool['name'])) : tool['name'] === forcedName,
  );
  const chosen = wanted ?? (forced === 'required' ? functions[0] : undefined);
  if (chosen === undefined || forced === 'none') return null;
  return {
    name: stringOf(chosen['name']),
    arguments: JSON.stringify(scriptedJson({ schema: chosen['parameters'] ?? {} })),
  };
}

function isJsonAsked(body: JsonObject): boolean {
  const format = body['response_format'];
  return isObject(format) && (format['type'] === 'json_object' || format['type'] === 'json_schema');
}

/** Cut at the first stop sequence, then at the most that is allowed. */
function bounded(full: string, body: JsonObject): { text: string; finish: string } {
  const stops = [body['stop'] ?? []].flat().filter((stop) => typeof stop === 'string' && stop !== '') as string[];
  const cuts = stops.map((stop) => full.indexOf(stop)).filter((at) => at >= 0);
  const stopped = full.slice(0, Math.min(full.length, ...cuts));
  const short = startOf(stopped, ANSWER_CHARACTERS_MAX);
  const limits = [body['max_completion_tokens'], body['max_tokens']].filter((limit) => typeof limit === 'number');
  const text = withinTokens(short, Math.min(...limits));
  return { text, finish: text === stopped ? 'stop' : 'length' };
}

/** As many whole words as weigh no more than `most`; halved, since weighing word by word is quadratic. */
function withinTokens(text: string, most: number): string {
  if (estimateTokens(text) <= most) return text;
  const pieces = words(text);
  let [fits, exceeds] = [0, pieces.length];
  while (exceeds - fits > 1) {
    const middle = Math.floor((fits + exceeds) / 2);
    if (estimateTokens(pieces.slice(0, middle).join('')) <= most) fits = middle;
    else exceeds = middle;
  }
  return pieces.slice(0, fits).join('');
}

/** The first and last characters of a text, never half a surrogate pair. */
const startOf = (text: string, most: number): string => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
const endOf = (text: string, most: number): string => text.slice(-most).replace(/^[\uDC00-\uDFFF]/, '');

/** Words with the white space before them: put together they are the text again. */
const words = (text: string): string[] => text.match(/\s*\S+|\s+$/g) ?? [];

const logprob = (token: string): JsonObject => ({
  token,
  logprob: -0.1,
  bytes: [...utf8Encode(token)],
  top_logprobs: [],
});

function choiceIndexes(body: JsonObject): number[] {
  const count = typeof body['n'] === 'number' ? body['n'] : 1;
  return Array.from({ length: count }, (_, index) => index);
}

function usageOf(promptTokens: number, completion: string, choices: number): JsonObject {
  const completionTokens = choices * estimateTokens(completion);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

export function scriptedEmbeddings(body: JsonObject): JsonObject {
  const input = body['input'];
  const many = Array.isArray(input) && input.some((item) => typeof item !== 'number');
  const inputs = many ? input : [input ?? ''];
  const asked = typeof body['dimensions'] === 'number' ? body['dimensions'] : DIMENSIONS;
  const dimensions = Math.min(Math.max(1, Math.floor(asked)), DIMENSIONS_MAX);
  const encode = body['encoding_format'] === 'base64' ? base64 : (vector: Float32Array): JsonValue => [...vector];
  const data = inputs.map((item, index) => {
    const text = typeof item === 'string' ? item : JSON.stringify(item);
    return { object: 'embedding', index, embedding: encode(embed(text, dimensions)) };
  });
  const tokens = Math.ceil(estimatePromptTokens(body, 'embeddings'));
  return { object: 'list', model: 'demo', data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** A bag of hashed words, of unit length: texts that share words are near each other. */
function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    const hash = fnv1a(word);
    const at = hash % dimensions;
    vector[at] = (vector[at] ?? 0) + (hash & 0x8000_0000 ? -1 : 1);
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/** FNV-1a, 32 bits. Source: draft-eastlake-fnv. */
function fnv1a(text: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of utf8Encode(text)) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
  return hash;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Little-endian 32-bit floats, as OpenAI encodes them. */
function base64(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [at, value] of vector.entries()) view.setFloat32(at * 4, value, true);
  let text = '';
  for (let at = 0; at < view.byteLength; at += 3) {
    const left = view.byteLength - at;
    const bits =
      (view.getUint8(at) << 16) |
      ((left > 1 ? view.getUint8(at + 1) : 0) << 8) |
      (left > 2 ? view.getUint8(at + 2) : 0);
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(bits >> shift) & 63]);
    text += digits.slice(0, Math.min(left, 3) + 1).join('') + '='.repeat(3 - Math.min(left, 3));
  }
  return text;
}
