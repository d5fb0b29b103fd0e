// Cache eligibility: which answers may be given again. A request must ask for something that repeats, its answer must be
// whole, and the caller must not have said no. Callers say it as they do to LiteLLM and OpenRouter (`cache: {…}` in the body),
// as to any HTTP cache (`Cache-Control`), or in a header of ours (`x-spillway-cache`); the strictest word counts.
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import type { CacheConfig } from '../ports/config.ts';

export const CACHE_HEADER = 'x-spillway-cache';

/** What the caller allows. */
export interface CacheControls {
  /** May be answered from what is kept. */
  readonly reads: boolean;
  /** The answer may be kept. */
  readonly stores: boolean;
  /** Not older than this when it is given; null: as old as the model allows. */
  readonly maxAgeMs: number | null;
  /** Kept as fresh no longer than this; null: as long as the model allows. */
  readonly ttlMs: number | null;
  readonly namespace: string;
}

const NAMESPACE_CHARACTERS_MAX = 256;
const MS_PER_SECOND = 1_000;
const free: CacheControls = { reads: true, stores: true, maxAgeMs: null, ttlMs: null, namespace: '' };

/** What nobody understands says nothing: a cache is no reason to refuse a request. */
export function controlsOf(request: CanonicalRequest, headers: HeaderRecord): CacheControls {
  const body = request.native?.body['cache'] ?? request.body['cache'];
  const common = headers['cache-control'];
  const own = headers[CACHE_HEADER];
  if (body === undefined && common === undefined && own === undefined) return free;
  const words = new Map<string, string>([
    ...directives(common).filter(([word]) => word !== 'ttl' && word !== 'namespace'),
    ...directives(own),
    ...(isObject(body) ? fields(body) : []),
  ]);
  return {
    reads: !['no-cache', 'bypass', 'off'].some((word) => words.has(word)),
    stores: !['no-store', 'bypass', 'off'].some((word) => words.has(word)),
    maxAgeMs: ms(words.get('s-maxage') ?? words.get('max-age')),
    ttlMs: ms(words.get('ttl')),
    namespace: (words.get('namespace') ?? '').slice(0, NAMESPACE_CHARACTERS_MAX),
  };
}

/** The caller wants the answer to its own question: `cache: {"semantic": false}`, or `x-spillway-cache: no-semantic`. */
export function refusesSimilar({ native, body }: CanonicalRequest, headers: HeaderRecord): boolean {
  const cache = native?.body['cache'] ?? body['cache'];
  if (isObject(cache) && (cache['semantic'] === false || cache['no-semantic'] === true)) return true;
  return directives(headers[CACHE_HEADER]).some(([word]) => word === 'no-semantic');
}

/** Null: an answer to it may be kept and given again; else why not, in a few words. */
export function whyNotCached(request: CanonicalRequest, bodyBytes: number, config: CacheConfig): string | null {
  const { body, surface, needs, native } = request;
  if (surface === 'countTokens') return 'counting is cheap';
  if (surface === 'completions' && request.stream) return 'a streamed text completion';
  if (bodyBytes > limits.cacheRequestBytesMax) return 'a large request';
  if (surface === 'embeddings') return null;
  if (!config.anyTemperature && body['temperature'] !== 0) return 'the temperature is not 0';
  if (needs.includes('audio')) return 'audio';
  // A stream of it could not be told whole, nor a whole one as a stream.
  if (needs.includes('logprobs')) return 'logprobs';
  if (native?.dialect === 'anthropic' && isFilled(native.body['stop_sequences']))
    return 'stop sequences are told apart';
  if (native !== null && native.untranslatable.length > 0) return 'only its own dialect can say it';
  if (body['store'] === true) return 'it is stored far away';
  if (asksTheWorld(body)) return 'the far side would look something up';
  if (isFilled(body['tools']) || isFilled(body['functions'])) {
    if (!config.tools) return 'it has tools';
    if (!onlyFunctions(body['tools'])) return 'it has tools that run far away';
  }
  return null;
}

/** Whether this answer is one to give again: every choice ended by itself, and none asks for a tool. */
export function isRepeatable(answer: JsonObject): boolean {
  const { choices, data } = answer;
  if (!Array.isArray(choices)) return Array.isArray(data) && data.length > 0;
  return choices.length > 0 && choices.every(isWholeChoice);
}

function isWholeChoice(choice: JsonValue): boolean {
  if (!isObject(choice) || choice['finish_reason'] !== 'stop') return false;
  const { message } = choice;
  if (!isObject(message)) return true;
  return !isFilled(message['tool_calls']) && !message['function_call'] && !message['refusal'];
}

const isFilled = (value: JsonValue | undefined): boolean => Array.isArray(value) && value.length > 0;

/** Searches and plugins (OpenAI, OpenRouter, xAI): tomorrow the world answers differently. */
const asksTheWorld = (body: JsonObject): boolean =>
  ['web_search_options', 'plugins', 'search_parameters'].some((field) => (body[field] ?? null) !== null);

const onlyFunctions = (tools: JsonValue | undefined): boolean =>
  !Array.isArray(tools) || tools.every((tool) => isObject(tool) && tool['type'] === 'function');

/** `no-cache, max-age=60` as words and values. */
function directives(header: string | undefined): [string, string][] {
  if (header === undefined) return [];
  return header.split(',').map((part) => {
    const [word = '', value = ''] = part.split('=', 2);
    return [word.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
  });
}

/** LiteLLM writes `"no-cache": true`, `"no-store": true`, `ttl`, `s-maxage`, `namespace`; a false one says nothing. */
function fields(cache: JsonObject): [string, string][] {
  return Object.entries(cache).flatMap(([word, value]): [string, string][] => {
    if (value === true) return [[word.toLowerCase().replaceAll('_', '-'), '']];
    if (typeof value === 'number' || typeof value === 'string') return [[word.toLowerCase(), String(value)]];
    return [];
  });
}

function ms(seconds: string | undefined): number | null {
  if (seconds === undefined || !/^\d{1,9}(?:\.\d+)?$/.test(seconds)) return null;
  return Number(seconds) * MS_PER_SECOND;
}
