// DeepSeek's own API (api-docs.deepseek.com, copies of 2026-11). What is special: thinking is on unless switched off, and
// then no tool can be forced and reasoning must come back with the history; a continued prefix, strict tools and
// fill-in-the-middle live under `/beta`; the concurrency limit counts per account; prices have a peak.
import { anthropicFar } from '../dialects/anthropic/dialect.ts';
import { openaiFar } from '../dialects/openai/dialect.ts';
import { prefixMessage } from '../dialects/openai/messages.ts';
import { responsesFar } from '../dialects/responses/dialect.ts';
import type { CanonicalRequest, NativeRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { able } from './capabilities.ts';
import { areStrict, callsUnthought, reasoningFilledIn } from './deepseek-history.ts';
import { CONTEXT_TOKENS, concurrency, FLASH, knownModel, OUTPUT_TOKENS, PRO } from './deepseek-models.ts';
import { deepseekPrice } from './deepseek-prices.ts';
import {
  developerAsSystem,
  flagged,
  reasoningAs,
  withHistory,
  withoutContinueWords,
  withoutProofs,
} from './history.ts';
import { passedThrough } from './native.ts';
import {
  isForced,
  isLongerThan,
  lack,
  map,
  openaiOnly,
  type ParameterRules,
  prepareBody,
  refuse,
  renameLimit,
  withPatch,
} from './parameters.ts';
import type { Capabilities, Prepared, Provider, Unsupported } from './provider.ts';

const TOOLS_MAX = 128;
const STOPS_MAX = 16;

const rules: ParameterRules = {
  n: lack('DeepSeek gives one answer per request', 1),
  best_of: lack('DeepSeek gives one answer per request', 1),
  seed: lack('DeepSeek has no seed'),
  logit_bias: lack('DeepSeek has no logit bias', {}),
  stop: refuse(`DeepSeek takes at most ${STOPS_MAX} stop sequences`, isLongerThan(STOPS_MAX)),
};

/** DeepSeek knows low, high and max. Its docs name the first two mappings; `xhigh` and `none` are ours. */
const efforts: ReadonlyMap<JsonValue, string | undefined> = new Map([
  ['minimal', 'low'],
  ['medium', 'high'],
  ['xhigh', 'max'],
  // Said by switching thinking off instead.
  ['none', undefined],
]);

const chatRules: ParameterRules = {
  ...openaiOnly('DeepSeek'),
  ...rules,
  max_completion_tokens: renameLimit('max_tokens'),
  reasoning_effort: map((value) => (efforts.has(value) ? efforts.get(value) : value)),
  tools: refuse(`DeepSeek takes at most ${TOOLS_MAX} tools`, isLongerThan(TOOLS_MAX)),
  tool_choice: refuse('without its tools there is nothing to choose', (_value, { tools }) =>
    isLongerThan(TOOLS_MAX)(tools ?? null),
  ),
};

/** Fill-in-the-middle takes one prompt, as a string. */
const completionRules: ParameterRules = {
  ...rules,
  prompt: refuse('DeepSeek takes one prompt, as a string', (value) => typeof value !== 'string'),
};

/** Whether it will think, and what must be said for it: the caller's own word wins over what the id stood for. */
function thinkingOf(
  body: JsonObject,
  model: string,
): { readonly isOn: boolean; readonly say: 'enabled' | 'disabled' | null } {
  const own = body['thinking'];
  if (isObject(own)) return { isOn: own['type'] !== 'disabled', say: null };
  if (body['reasoning_effort'] === 'none') return { isOn: false, say: 'disabled' };
  const meant = knownModel(model)?.thinking ?? null;
  return { isOn: meant !== 'disabled', say: meant };
}

function prepareChat(request: CanonicalRequest, model: string): Prepared {
  const { body } = request;
  const thinking = thinkingOf(body, model);
  const plain = prepareBody(request, knownModel(model)?.id ?? model, { rules: chatRules });
  const prepared = withHistory(
    request,
    withoutContinueWords(request, plain),
    developerAsSystem,
    reasoningAs('reasoning_content'),
    reasoningFilledIn(body, thinking.isOn),
    withoutProofs,
    flagged,
  );
  const isBeta = prefixMessage(body) !== null || areStrict(body);
  return {
    ...prepared,
    path: isBeta ? '/beta/chat/completions' : prepared.path,
    fromOrigin: isBeta,
    patch: {
      ...prepared.patch,
      ...userPatch(body),
      ...(thinking.say !== null && { thinking: { type: thinking.say } }),
    },
    unsupported: [...prepared.unsupported, ...refusedWhileThinking(body, thinking.isOn)],
  };
}

/** A live test of 2026-07-26 by a third party: 400 for `required` and for a named function. */
function refusedWhileThinking(body: JsonObject, isThinking: boolean): readonly Unsupported[] {
  if (!isThinking || !isForced(body['tool_choice'] ?? null)) return [];
  const why = 'DeepSeek cannot be made to call a tool while it thinks; send `"thinking": {"type": "disabled"}` with it';
  return [{ param: 'tool_choice', why }];
}

/**
 * `user_id` separates callers' caches and safety records. A name outside its alphabet is dropped: squeezed into it, two
 * callers could become one.
 */
function userPatch(body: JsonObject): Record<string, JsonValue | undefined> {
  const { user } = body;
  if (user === undefined) return {};
  const fits = typeof user === 'string' && /^[A-Za-z0-9_-]{1,512}$/.test(user) && body['user_id'] === undefined;
  return fits ? { user: undefined, user_id: user } : { user: undefined };
}

/** Fill-in-the-middle: only under `/beta`, only without thinking, so none is asked for. */
function prepareCompletion(request: CanonicalRequest, model: string): Prepared {
  const prepared = prepareBody(request, knownModel(model)?.id ?? model, { rules: completionRules });
  return { ...withPatch(prepared, userPatch(request.body)), path: '/beta/completions', fromOrigin: true };
}

function capabilities(model: string): Capabilities {
  const known = knownModel(model);
  return {
    // A model that must think cannot fill in the middle.
    surfaces: known?.thinking === 'enabled' ? ['chat'] : ['chat', 'completions'],
    contextTokens: known === null ? null : CONTEXT_TOKENS,
    outputTokens: known === null ? null : OUTPUT_TOKENS,
    // Vision is on flash only; documented for uploaded files (unverified for `image_url`).
    can: able(
      known?.family === 'pro'
        ? ['jsonSchema', 'manyChoices', 'audio', 'vision']
        : ['jsonSchema', 'manyChoices', 'audio'],
    ),
    prefix: 'prefix-flag',
    echoesPrefix: false,
    // Unverified on V4: with thinking on, a continued answer may begin with a second train of thought.
    resumeFields: { thinking: { type: 'disabled' } },
    reasoningField: 'reasoning_content',
  };
}

/** It speaks all three dialects: what its caller wrote in one of them passes through. A prefix is known only in chat. */
function prepare(request: CanonicalRequest, model: string): Prepared {
  if (request.surface === 'completions') return prepareCompletion(request, model);
  return prepareOwn(request, model) ?? prepareChat(request, model);
}

function prepareOwn(request: CanonicalRequest, model: string): Prepared | null {
  const { native } = request;
  if (native === null || request.needs.includes('prefix') || lacksThoughts(native, model)) return null;
  const id = knownModel(model)?.id ?? model;
  const own = passedThrough(request, id, native.dialect === 'anthropic' ? messages : responses);
  const meant = knownModel(model)?.thinking ?? null;
  if (own === null || meant === null) return own;
  // A retired id stands for thinking or not; what the caller says itself goes first.
  if (native.dialect === 'anthropic') {
    return native.body['thinking'] === undefined ? withPatch(own, { thinking: { type: meant } }) : own;
  }
  const isSilent = native.body['reasoning'] === undefined && meant === 'disabled';
  return isSilent ? withPatch(own, { reasoning: { effort: 'none' } }) : own;
}

/**
 * Calls without the thoughts that led to them, from another far side: "`content[].thinking` must be passed back". In chat
 * they can be filled in. A request that chat cannot say goes as it is: DeepSeek may know better.
 */
function lacksThoughts({ dialect, body, untranslatable }: NativeRequest, model: string): boolean {
  if (dialect !== 'anthropic' || untranslatable.length > 0 || !thinkingOf(body, model).isOn) return false;
  return callsUnthought(body);
}

const messages = { dialect: anthropicFar, path: '/anthropic/v1/messages', fromOrigin: true } as const;
const responses = { dialect: responsesFar, path: '/responses' } as const;

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
  capabilities,
  accountConcurrency: (model) => {
    const known = knownModel(model);
    return known === null ? null : concurrency[known.family];
  },
  prepare,
  price: (model, at) => {
    const known = knownModel(model);
    return known === null ? null : deepseekPrice(known.family, at);
  },
};
