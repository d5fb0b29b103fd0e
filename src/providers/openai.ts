// OpenAI's own API (openai@7.57 typings, API reference). Reasoning models take `max_completion_tokens` and refuse a few
// sampling parameters; what else one of them refuses changes monthly and is left to OpenAI to say, with its 400 that names
// the parameter. A trailing assistant message is accepted but starts over instead of being continued.
import { openaiFar } from '../dialects/openai/dialect.ts';
import { able, anything } from './capabilities.ts';
import { hasFixedTemperature, priceOf, reasons, sizeOf, surfacesOf, takesNoStop } from './openai-models.ts';
import { type ParameterRules, prepareBody, refuse, renameLimit } from './parameters.ts';
import type { Provider } from './provider.ts';

const NO_RULES: ParameterRules = {};

function chatRules(model: string): ParameterRules {
  if (!reasons(model)) return NO_RULES;
  return {
    max_tokens: renameLimit('max_completion_tokens'),
    ...(hasFixedTemperature(model) && {
      temperature: refuse(`\`${model}\` has a fixed temperature of 1`, (value) => value !== 1),
    }),
    ...(takesNoStop(model) && { stop: refuse(`\`${model}\` takes no stop sequences`, () => true) }),
  };
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
  prepare: (request, model) =>
    prepareBody(request, model, { rules: request.surface === 'chat' ? chatRules(model) : NO_RULES }),
  price: (model) => priceOf(model),
};
