// Requests of the Responses API as callers send them: bytes → checked canonical request, with the body as it came beside its
// translation. It answers nothing from memory: what refers to an earlier response is refused, with what to send instead.
import { needs } from '../../kernel/chat.ts';
import type { CanonicalRequest, Need, NativeRequest } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import type { Surface } from '../../kernel/lane.ts';
import { limits } from '../../kernel/limits.ts';
import { reject } from '../../kernel/rejection.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import { fail, ok } from '../../kernel/result.ts';
import type { Result } from '../../kernel/result.ts';
import { utf8Encode } from '../../kernel/web.ts';
import { parseBody, type ParsedBody } from '../body.ts';
import { settledBytes } from '../json-patch.ts';
import { partTypes } from '../openai/messages.ts';
import { estimatePromptTokens } from '../tokens.ts';
import { chatRequest } from './chat-writer.ts';
import { checkBody } from './fields.ts';
import { withoutOwnReasoning } from './proof.ts';

const MODEL_CHARACTERS_MAX = 512;

export function readRequest(_surface: Surface, bytes: Uint8Array): Result<CanonicalRequest, Rejection> {
  const parsed = parseBody(bytes);
  if (!parsed.ok) return parsed;
  const { object: own } = parsed.value;
  const found = checkBody(own);
  if (found !== null) return invalid(found.path.slice(1), found.must);
  const model = own['model'];
  if (typeof model !== 'string' || model === '' || model.length > MODEL_CHARACTERS_MAX) {
    return invalid('model', `must be a name of 1 to ${MODEL_CHARACTERS_MAX} characters`);
  }
  const fallbacks = fallbackModels(own, model);
  if (fallbacks.length > limits.fallbackModelsMax) {
    return invalid('fallbacks', `must name at most ${limits.fallbackModelsMax} models`);
  }
  const { body, lost } = chatRequest(own);
  const most = own['max_output_tokens'];
  // A far side of the caller's own dialect never needs the translation's bytes: they are made when asked for.
  let made: Uint8Array | null = null;
  return ok({
    surface: 'chat',
    model,
    stream: own['stream'] === true,
    includeUsage: true,
    promptTokens: estimatePromptTokens(body, 'chat'),
    answerTokensMax: typeof most === 'number' ? most : null,
    choices: 1,
    needs: needsOf(body),
    fallbackModels: fallbacks,
    body,
    get bytes(): Uint8Array {
      made ??= utf8Encode(JSON.stringify(body));
      return made;
    },
    native: nativeOf(parsed.value, bytes, lost),
  });
}

function invalid(param: string, must: string): Result<CanonicalRequest, Rejection> {
  return fail(reject('badRequest', `\`${param}\` ${must}.`, { param }));
}

function nativeOf(
  { object: body, text }: ParsedBody,
  bytes: Uint8Array,
  untranslatable: NativeRequest['untranslatable'],
): NativeRequest {
  const { input } = body;
  const kept = Array.isArray(input) ? withoutOwnReasoning(input) : input;
  if (kept === input) return { dialect: 'responses', body, bytes: settledBytes(bytes, text, body), untranslatable };
  const changed = { ...body, input: kept };
  return { dialect: 'responses', body: changed, bytes: utf8Encode(JSON.stringify(changed)), untranslatable };
}

function needsOf(body: JsonObject): readonly Need[] {
  const parts = partTypes(body);
  const format = isObject(body['response_format']) ? body['response_format']['type'] : undefined;
  const wanted: Readonly<Record<Need, boolean>> = {
    tools: Array.isArray(body['tools']),
    vision: parts.has('image_url'),
    audio: parts.has('input_audio'),
    jsonObject: format === 'json_object',
    jsonSchema: format === 'json_schema',
    logprobs: body['logprobs'] === true,
    manyChoices: false,
    // A trailing answer is history in this API, never a beginning to go on from.
    prefix: false,
  };
  return needs.filter((need) => wanted[need]);
}

/** In the caller's order, each once, without the model itself (OpenRouter's `models` repeats it). */
function fallbackModels(body: JsonObject, model: string): readonly string[] {
  const lists: readonly (JsonValue | undefined)[] = [body['fallbacks'], body['models']];
  const entries = lists.flatMap((list) => (Array.isArray(list) ? list : []));
  const names = entries.map((entry) => (isObject(entry) ? entry['model'] : entry));
  return [...new Set(names.filter((name) => typeof name === 'string' && name !== '' && name !== model))] as string[];
}
