// OpenAI's own API (openai@7.57 typings, API reference). Reasoning models take `max_completion_tokens` and refuse a few
// sampling parameters; what else one of them refuses changes monthly and is left to OpenAI to say, with its 400 that names
// the parameter. A trailing assistant message is accepted but starts over instead of being continued.
import { openaiFar } from '../dialects/openai/dialect.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { JsonValue } from '../kernel/json.ts';
import { able, anything } from './capabilities.ts';
import { type Rewrite, withHistory, withoutReasoning } from './history.ts';
import {
  hasFixedTemperature,
  leastEffort,
  needsResponses,
  priceOf,
  reasons,
  sizeOf,
  surfacesOf,
  takesNoStop,
  whyTemperatureIsFixed,
} from './openai-models.ts';
import { map, type ParameterRules, prepareBody, refuse, renameLimit, waive } from './parameters.ts';
import type { Account, Prepared, Provider } from './provider.ts';
import { ownResponses, writtenResponses } from './responses-request.ts';

const NO_RULES: ParameterRules = {};

/** `max` is DeepSeek's and Anthropic's word. */
const effortFor =
  (model: string) =>
  (value: JsonValue): JsonValue => {
    if (value === 'max') return 'high';
    return value === 'none' ? leastEffort(model) : value;
  };

/** Of the chat's parameters, what callers of other dialects set by habit and no model of OpenAI's takes. */
const translatedRules: ParameterRules = { top_k: waive(() => true) };

const isOther = (value: JsonValue): boolean => value !== 1;

function chatRules(model: string, isTranslated: boolean): ParameterRules {
  // Callers of other dialects may ask any model to think; one that cannot answers all the same.
  if (!reasons(model))
    return isTranslated ? { ...translatedRules, reasoning_effort: waive((value) => value !== 'none') } : NO_RULES;
  return {
    ...(isTranslated && translatedRules),
    reasoning_effort: map(effortFor(model)),
    max_tokens: renameLimit('max_completion_tokens'),
    ...(hasFixedTemperature(model) && {
      temperature: isTranslated ? waive(isOther) : refuse(whyTemperatureIsFixed(model), isOther),
    }),
    ...(takesNoStop(model) && { stop: refuse(`\`${model}\` takes no stop sequences`, () => true) }),
  };
}

/** How a deployment differs from what its model's name says. */
export interface Deployment {
  /** Rules besides the model's own. */
  readonly rules?: ParameterRules;
  /** Of the history's thoughts; absent: none go there, as a message field that OpenAI does not know is an error. */
  readonly history?: Rewrite;
}

/** The chat as OpenAI's models take it; `model` is what is sent, `known` what is known of it. */
export function asChat(request: CanonicalRequest, model: string, known: string, deployment: Deployment = {}): Prepared {
  const isTranslated = request.native !== null;
  const rules = { ...chatRules(known, isTranslated), ...deployment.rules };
  const prepared = prepareBody(request, model, { rules });
  return isTranslated ? withHistory(request, prepared, deployment.history ?? withoutReasoning) : prepared;
}

/** The caller's own Responses as they are, and what only Responses can answer in their form; all else as chat. */
function prepare(request: CanonicalRequest, model: string, { api }: Account): Prepared {
  return inResponses(request, model, model, api) ?? asChat(request, model, model);
}

/** Null: it is to be asked as a chat, or on another surface. */
export function inResponses(
  request: CanonicalRequest,
  model: string,
  known: string,
  api: string | undefined,
): Prepared | null {
  const own = api === 'chat' ? null : ownResponses(request, model);
  if (own !== null || request.surface !== 'chat') return own;
  const isAsked = api === 'responses' || (api === undefined && needsResponses(known));
  return isAsked ? writtenResponses(request, model, known) : null;
}

export const openai: Provider = {
  name: 'openai',
  dialect: openaiFar,
  defaultBaseUrl: 'https://api.openai.com/v1',
  keyRequired: true,
  auth: { kind: 'bearer' },
  // A few ids of openai@7.57's types, until the account's own list has been asked.
  knownModels: ['gpt-6-astra', 'gpt-6.1-sol', 'gpt-6-luna', 'gpt-5.4-mini', 'text-embedding-3-small'],
  modelsPath: '/models',
  accountPage: null,
  capabilities: (model) => ({
    ...anything,
    ...sizeOf(model),
    surfaces: surfacesOf(model),
    // Sound in and out is the audio models'.
    can: able(/^(?:gpt-|o\d)/.test(model) && !model.includes('audio') ? ['prefix', 'audio'] : ['prefix']),
  }),
  accountConcurrency: () => null,
  accountSettings: { api: { kind: 'text', choices: ['chat', 'responses'] } },
  prepare,
  price: (model) => priceOf(model),
};
