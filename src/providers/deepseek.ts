// DeepSeek, in full: retired names, thinking and its consequences, the beta endpoints, account limits, prices, balance.
// Source: api-docs.deepseek.com as of 2026-11; where only third parties say it, the comment says "unverified".
import { openaiFar } from '../dialects/openai/dialect.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { able, anything } from './capabilities.ts';
import { deepseekMessages, hasPrefix, hasStrictTools } from './deepseek-messages.ts';
import { deepseekPrice } from './deepseek-prices.ts';
import { map, type ParameterRules, prepareBody, refuse, rename } from './parameters.ts';
import type { Prepared, Provider, Unsupported } from './provider.ts';

const FLASH = 'deepseek-flash';
const PRO = 'deepseek-v4-pro';

/** Retired 2026-07-24, still sent by clients: both meant one model, told apart by whether it thinks. */
const retired: Readonly<Record<string, { readonly model: string; readonly thinking: 'enabled' | 'disabled' }>> = {
  'deepseek-chat': { model: FLASH, thinking: 'disabled' },
  'deepseek-reasoner': { model: FLASH, thinking: 'enabled' },
};
/** Accepted by DeepSeek and served by Flash: the same limits and prices. */
const servedByFlash = new Set([
  'deepseek-v4-flash',
  'deepseek-v4-flash-vision-exp',
  'deepseek-chat',
  'deepseek-reasoner',
]);

/** Flash or Pro, for limits and prices. */
const family = (model: string): string => (servedByFlash.has(model) ? FLASH : model);

const TOOLS_MAX = 128;
const STOPS_MAX = 16;
const EFFORTS: Readonly<Record<string, string>> = { minimal: 'low', medium: 'high', xhigh: 'max' };
const USER_ID = /^[A-Za-z0-9_-]{1,512}$/;

const rules: ParameterRules = {
  max_completion_tokens: rename('max_tokens'),
  reasoning_effort: map((value) => (typeof value === 'string' ? (EFFORTS[value] ?? value) : value)),
  seed: refuse('DeepSeek has no seed'),
  n: refuse('DeepSeek gives one answer', (value) => value !== 1),
  logit_bias: refuse('DeepSeek has no logit bias'),
  tools: refuse(
    `DeepSeek takes at most ${TOOLS_MAX} tools`,
    (value) => Array.isArray(value) && value.length > TOOLS_MAX,
  ),
  stop: refuse(
    `DeepSeek takes at most ${STOPS_MAX} stop sequences`,
    (value) => Array.isArray(value) && value.length > STOPS_MAX,
  ),
};

/** Thinking is on unless somebody switched it off (default since V4). */
function thinks(body: JsonObject, model: string): boolean {
  const { thinking } = body;
  if (isObject(thinking)) return thinking['type'] !== 'disabled';
  if (body['reasoning_effort'] === 'none') return false;
  return retired[model]?.thinking !== 'disabled';
}

function prepareChat(request: CanonicalRequest, model: string): Prepared {
  const { body } = request;
  const alias = retired[model];
  const thinking = thinks(body, model);
  const prepared = prepareBody(request, alias?.model ?? model, { rules });
  const patch: Record<string, JsonValue | undefined> = { ...prepared.patch };
  const messages = deepseekMessages(body, thinking);
  if (messages !== null) patch['messages'] = messages;
  if (body['reasoning_effort'] === 'none') patch['reasoning_effort'] = undefined;
  const switched = alias !== undefined || body['reasoning_effort'] === 'none';
  if (switched && body['thinking'] === undefined) patch['thinking'] = { type: thinking ? 'enabled' : 'disabled' };
  Object.assign(patch, userPatch(body));
  // `/beta` continues a prefix, and checks strict tools; both are refused elsewhere.
  const beta = hasPrefix(body) || hasStrictTools(body);
  return {
    path: beta ? '/beta/chat/completions' : prepared.path,
    fromOrigin: beta,
    patch,
    unsupported: [...prepared.unsupported, ...refusedWhileThinking(body, thinking)],
  };
}

/** A forced tool call is a 400 in thinking mode (unverified: a live test of 2026-07-26 by a third party). */
function refusedWhileThinking(body: JsonObject, thinking: boolean): Unsupported[] {
  const choice = body['tool_choice'];
  if (!thinking || choice === undefined || choice === null || choice === 'auto' || choice === 'none') return [];
  return [
    {
      param: 'tool_choice',
      why: 'DeepSeek cannot be made to call a tool while thinking; send `thinking: {"type": "disabled"}`',
    },
  ];
}

/** `user_id` separates callers' caches and safety records; what its pattern does not allow is replaced, not lost. */
function userPatch(body: JsonObject): Record<string, JsonValue | undefined> {
  const { user } = body;
  if (typeof user !== 'string' || user === '') return {};
  if (body['user_id'] !== undefined) return { user: undefined };
  const id = USER_ID.test(user) ? user : user.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 512);
  return { user: undefined, user_id: id };
}

/** Fill-in-the-middle: only on `/beta`, only without thinking. */
function prepareCompletion(request: CanonicalRequest, model: string): Prepared {
  const prepared = prepareBody(request, retired[model]?.model ?? model, { rules });
  return {
    ...prepared,
    path: '/beta/completions',
    fromOrigin: true,
    patch: { ...prepared.patch, ...userPatch(request.body) },
  };
}

export const deepseek: Provider = {
  name: 'deepseek',
  dialect: openaiFar,
  // The bare host; `/v1` is accepted too.
  defaultBaseUrl: 'https://api.deepseek.com',
  keyRequired: true,
  auth: { kind: 'bearer' },
  knownModels: [FLASH, PRO, 'deepseek-chat', 'deepseek-reasoner'],
  modelsPath: '/models',
  accountPage: { path: '/user/balance', fromOrigin: true },
  capabilities: (model) => ({
    ...anything,
    surfaces: ['chat', 'completions'],
    contextTokens: [FLASH, PRO].includes(family(model)) ? 1_000_000 : null,
    outputTokens: [FLASH, PRO].includes(family(model)) ? 384_000 : null,
    // Vision is on Flash only.
    can: able(
      family(model) === PRO ? ['jsonSchema', 'manyChoices', 'audio', 'vision'] : ['jsonSchema', 'manyChoices', 'audio'],
    ),
    prefix: 'prefix-flag',
    reasoningField: 'reasoning_content',
  }),
  // Per account, not per key; a request counts from send to completion.
  accountConcurrency: (model) => ({ [FLASH]: 2_500, [PRO]: 500 })[family(model)] ?? null,
  prepare: (request, model) =>
    request.surface === 'completions' ? prepareCompletion(request, model) : prepareChat(request, model),
  price: (model, at) => deepseekPrice(family(model), at),
};
