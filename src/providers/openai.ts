// OpenAI. Source: OpenAI's API reference and the types of its SDK (7.57).
import { openaiFar } from '../dialects/openai/dialect.ts';
import { able, anything } from './capabilities.ts';
import { prepareBody, rename } from './parameters.ts';
import type { Provider } from './provider.ts';

/** Reasoning models refuse `max_tokens` and say to send `max_completion_tokens`. */
const reasons = (model: string): boolean => /^(?:o\d|gpt-5)/.test(model);

export const openai: Provider = {
  name: 'openai',
  dialect: openaiFar,
  defaultBaseUrl: 'https://api.openai.com/v1',
  keyRequired: true,
  auth: { kind: 'bearer' },
  // `GET /models` lists what the account may use.
  knownModels: [],
  modelsPath: '/models',
  accountPage: null,
  // A trailing assistant message is accepted but starts over instead of being continued.
  capabilities: () => ({ ...anything, can: able(['prefix']), reasoningField: null }),
  accountConcurrency: () => null,
  prepare: (request, model) => {
    const renamed = request.surface === 'chat' && reasons(model);
    return prepareBody(request, model, renamed ? { rules: { max_tokens: rename('max_completion_tokens') } } : {});
  },
  price: () => null,
};
