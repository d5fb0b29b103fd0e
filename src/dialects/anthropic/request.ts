// Requests to the Messages API: bytes → checked canonical request. It is the only place that checks such a body; nobody behind
// it does again. What the caller wrote is kept as `native` for targets that speak the same dialect; the canonical body beside
// it is written as bytes only when someone asks for them.
import type { CanonicalRequest, Need } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { limits } from '../../kernel/limits.ts';
import { reject } from '../../kernel/rejection.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import { fail, ok } from '../../kernel/result.ts';
import type { Result } from '../../kernel/result.ts';
import { utf8Encode } from '../../kernel/web.ts';
import { parseBody } from '../body.ts';
import { settledBytes } from '../json-patch.ts';
import { firstProblem } from '../openai/checks.ts';
import { partTypes, prefixMessage } from '../openai/messages.ts';
import { estimatePromptTokens } from '../tokens.ts';
import { gatewayFallbacks, requestChecks } from './fields.ts';
import { chatRequest } from './request-reader.ts';
import { count } from './usage.ts';

const MODEL_CHARACTERS_MAX = 512;

/** Counting takes the same body, without a word about the answer. */
const required = {
  chat: ['model', 'messages', 'max_tokens'],
  countTokens: ['model', 'messages'],
} as const;

export function readRequest(surface: Surface, bytes: Uint8Array): Result<CanonicalRequest, Rejection> {
  const counts = surface === 'countTokens';
  const parsed = parseBody(bytes);
  if (!parsed.ok) return parsed;
  const { object: own, text } = parsed.value;
  const found = firstProblem(own, requestChecks, required[counts ? 'countTokens' : 'chat']);
  if (found !== null) return invalid(found.path.slice(1), found.must);
  const model = own['model'];
  if (typeof model !== 'string' || model === '' || model.length > MODEL_CHARACTERS_MAX) {
    return invalid('model', `must be a name of 1 to ${MODEL_CHARACTERS_MAX} characters`);
  }
  const fallbacks = fallbackModels(own, model);
  if (fallbacks.length > limits.fallbackModelsMax) {
    return invalid('fallbacks', `must name at most ${limits.fallbackModelsMax} models`);
  }
  const { body, untranslatable } = chatRequest(own);
  let written: Uint8Array | null = null;
  return ok({
    surface: counts ? 'countTokens' : 'chat',
    model,
    stream: !counts && own['stream'] === true,
    includeUsage: true,
    promptTokens: estimatePromptTokens(body, 'chat'),
    answerTokensMax: counts ? 0 : count(own['max_tokens']),
    choices: 1,
    needs: needsOf(body),
    fallbackModels: fallbacks,
    body,
    get bytes() {
      return (written ??= utf8Encode(JSON.stringify(body)));
    },
    native: { dialect: 'anthropic', body: own, bytes: settledBytes(bytes, text, own), untranslatable },
  });
}

function invalid(param: string, must: string): Result<CanonicalRequest, Rejection> {
  return fail(reject('badRequest', `\`${param}\` ${must}.`, { param }));
}

/** Of the canonical body: tools that only Anthropic has are no need that others could meet. */
function needsOf(body: JsonObject): readonly Need[] {
  const wanted: Need[] = [];
  if (Array.isArray(body['tools'])) wanted.push('tools');
  if (partTypes(body).has('image_url')) wanted.push('vision');
  if (isObject(body['response_format'])) wanted.push('jsonSchema');
  if (prefixMessage(body) !== null) wanted.push('prefix');
  return wanted;
}

/** In the caller's order, each once, without the model itself. */
function fallbackModels(body: JsonObject, model: string): readonly string[] {
  const { fallbacks, models } = body;
  const lists = [...(gatewayFallbacks(fallbacks) ?? []), ...(Array.isArray(models) ? models : [])];
  const names = lists.map((entry) => (isObject(entry) ? entry['model'] : entry));
  return [...new Set(names.filter((name) => typeof name === 'string' && name !== '' && name !== model))] as string[];
}
