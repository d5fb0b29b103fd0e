// OpenAI's own API (openai@7.57 typings, API reference). Reasoning models take `max_completion_tokens` and refuse a few
// sampling parameters; what else one of them refuses changes monthly and is left to OpenAI to say, with its 400 that names
// the parameter. A trailing assistant message is accepted but starts over instead of being continued.
import { openaiFar } from '../dialects/openai/dialect.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { able, anything } from './capabilities.ts';
import { withHistory, withoutReasoning } from './history.ts';
import {
  hasFixedTemperature,
  needsResponses,
  priceOf,
  reasons,
  sizeOf,
  surfacesOf,
  takesNoStop,
} from './openai-models.ts';
import { drop, map, type ParameterRules, prepareBody, refuse, renameLimit } from './parameters.ts';
import type { Account, Prepared, Provider } from './provider.ts';
import { ownResponses, writtenResponses } from './responses-request.ts';

const NO_RULES: ParameterRules = {};

/** `max` is DeepSeek's and Anthropic's word. */
const effort = map((value) => (value === 'max' ? 'high' : value));

function chatRules(model: string, isTranslated: boolean): ParameterRules {
  // Callers of other dialects may ask any model to think; one that cannot answers all the same.
  if (!reasons(model)) return isTranslated ? { reasoning_effort: drop } : NO_RULES;
  return {
    reasoning_effort: effort,
    max_tokens: renameLimit('max_completion_tokens'),
    ...(hasFixedTemperature(model) && {
      temperature: refuse(`\`${model}\` has a fixed temperature of 1`, (value) => value !== 1),
    }),
    ...(takesNoStop(model) && { stop: refuse(`\`${model}\` takes no stop sequences`, () => true) }),
  };
}

/** The caller's own Responses as they are, and what only Responses can answer in their form; all else as chat. */
function prepare(request: CanonicalRequest, model: string, { api }: Account): Prepared {
  const own = api === 'chat' ? null : ownResponses(request, model);
  if (own !== null) return own;
  if (request.surface !== 'chat') return prepareBody(request, model);
  if (api === 'responses' || (api === undefined && needsResponses(model))) return writtenResponses(request, model);
  const isTranslated = request.native !== null;
  const prepared = prepareBody(request, model, { rules: chatRules(model, isTranslated) });
  // A message field that it does not know is an error there.
  return isTranslated ? withHistory(request, prepared, withoutReasoning) : prepared;
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
