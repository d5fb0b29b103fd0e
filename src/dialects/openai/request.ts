// Requests in OpenAI's wire format, which is the canonical form too: bytes → checked canonical request. It is the only place
// that checks a body; nobody behind it does again. It must never change what the body says (only a body with doubled or
// escaped top-level keys or a byte-order mark is written anew), and never put its text into a message.
import { needs } from '../../kernel/chat.ts';
import type { CanonicalRequest, Need } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { limits } from '../../kernel/limits.ts';
import { reject } from '../../kernel/rejection.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import { fail, ok } from '../../kernel/result.ts';
import type { Result } from '../../kernel/result.ts';
import { parseBody } from '../body.ts';
import { settledBytes } from '../json-patch.ts';
import { estimatePromptTokens } from '../tokens.ts';
import { firstProblem } from './checks.ts';
import { forms } from './fields.ts';
import { partTypes, prefixMessage } from './messages.ts';

/**
 * Body fields that speak to the gateway (as LiteLLM and OpenRouter users write them) and must not reach a far side.
 * `priority` is vLLM's too, but there a non-zero one is an error unless priority scheduling is on.
 */
export const gatewayFields: readonly string[] = ['fallbacks', 'models', 'priority', 'cache'];

const MODEL_CHARACTERS_MAX = 512;

export function readRequest(surface: Surface, bytes: Uint8Array): Result<CanonicalRequest, Rejection> {
  const parsed = parseBody(bytes);
  if (!parsed.ok) return parsed;
  const { object: body, text } = parsed.value;
  const form = forms[surface];
  const found = firstProblem(body, form.checks, form.required);
  if (found !== null) return invalid(found.path.slice(1), found.must);
  const model = body['model'];
  if (typeof model !== 'string' || model === '' || model.length > MODEL_CHARACTERS_MAX) {
    return invalid('model', `must be a name of 1 to ${MODEL_CHARACTERS_MAX} characters`);
  }
  const fallbacks = fallbackModels(body, model);
  if (fallbacks.length > limits.fallbackModelsMax) {
    return invalid('fallbacks', `must name at most ${limits.fallbackModelsMax} models`);
  }
  const options = body['stream_options'];
  return ok({
    surface,
    model,
    stream: surface !== 'embeddings' && body['stream'] === true,
    includeUsage: isObject(options) && options['include_usage'] === true,
    promptTokens: estimatePromptTokens(body, surface),
    answerTokensMax:
      surface === 'embeddings' ? 0 : (numberOf(body['max_completion_tokens']) ?? numberOf(body['max_tokens'])),
    choices: surface === 'embeddings' ? 1 : (numberOf(body['n']) ?? 1),
    needs: needsOf(body, surface),
    fallbackModels: fallbacks,
    body,
    bytes: settledBytes(bytes, text, body),
    native: null,
  });
}

function invalid(param: string, must: string): Result<CanonicalRequest, Rejection> {
  return fail(reject('badRequest', `\`${param}\` ${must}.`, { param }));
}

function numberOf(value: JsonValue | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function needsOf(body: JsonObject, surface: Surface): readonly Need[] {
  if (surface === 'embeddings') return [];
  const wanted: Record<Need, boolean> = { ...noNeeds, manyChoices: (numberOf(body['n']) ?? 1) > 1 };
  if (surface === 'completions') wanted.logprobs = numberOf(body['logprobs']) !== null;
  else readChatNeeds(body, wanted);
  return needs.filter((need) => wanted[need]);
}

const noNeeds: Readonly<Record<Need, boolean>> = {
  tools: false,
  vision: false,
  audio: false,
  jsonObject: false,
  jsonSchema: false,
  logprobs: false,
  manyChoices: false,
  prefix: false,
};

function readChatNeeds(body: JsonObject, wanted: Record<Need, boolean>): void {
  const parts = partTypes(body);
  const format = body['response_format'];
  const type = isObject(format) ? format['type'] : undefined;
  wanted.tools = isFilled(body['tools']) || isFilled(body['functions']);
  wanted.vision = parts.has('image_url');
  wanted.audio = parts.has('input_audio') || isIn(body['modalities'], 'audio');
  wanted.jsonObject = type === 'json_object';
  wanted.jsonSchema = type === 'json_schema';
  wanted.logprobs = body['logprobs'] === true;
  wanted.prefix = prefixMessage(body) !== null;
}

const isFilled = (value: JsonValue | undefined): boolean => Array.isArray(value) && value.length > 0;
const isIn = (value: JsonValue | undefined, wanted: string): boolean => Array.isArray(value) && value.includes(wanted);

/** In the caller's order, each once, without the model itself (OpenRouter's `models` repeats it). */
function fallbackModels(body: JsonObject, model: string): readonly string[] {
  const names = new Set<string>();
  for (const list of [body['fallbacks'], body['models']]) {
    if (!Array.isArray(list)) continue;
    for (const entry of list) {
      const name = isObject(entry) ? entry['model'] : entry;
      if (typeof name === 'string' && name !== '' && name !== model) names.add(name);
    }
  }
  return [...names];
}
