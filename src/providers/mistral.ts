// Mistral. Close to OpenAI's format, but unknown fields are a 422, so what it names otherwise is renamed and what it lacks is
// refused. Usage comes with the last event of a stream by itself. Source: Mistral's OpenAPI specification.
import { openaiFar } from '../dialects/openai/dialect.ts';
import { isObject } from '../kernel/json.ts';
import { able, anything } from './capabilities.ts';
import { map, type ParameterRules, prepareBody, refuse, rename } from './parameters.ts';
import type { Provider } from './provider.ts';

const rules: ParameterRules = {
  seed: rename('random_seed'),
  max_completion_tokens: rename('max_tokens'),
  logit_bias: refuse('Mistral has no logit bias'),
  logprobs: refuse('Mistral gives no log probabilities', (value) => value !== false),
  top_logprobs: refuse('Mistral gives no log probabilities'),
  service_tier: refuse('Mistral has no service tiers', (value) => value !== 'auto'),
  store: refuse('Mistral stores no completions', (value) => value !== false),
  tool_choice: map((value) => (value === 'required' ? 'any' : value)),
};

export const mistral: Provider = {
  name: 'mistral',
  dialect: openaiFar,
  defaultBaseUrl: 'https://api.mistral.ai/v1',
  keyRequired: true,
  auth: { kind: 'bearer' },
  knownModels: ['mistral-large-latest', 'mistral-medium-latest', 'mistral-small-latest', 'codestral-latest'],
  modelsPath: '/models',
  accountPage: null,
  capabilities: () => ({
    ...anything,
    surfaces: ['chat', 'embeddings'],
    can: able(['logprobs']),
    prefix: 'prefix-flag',
  }),
  accountConcurrency: () => null,
  prepare: (request, model) => {
    const prepared = prepareBody(request, model, { rules, asksForUsage: false });
    const { user, metadata } = request.body;
    if (typeof user !== 'string') return prepared;
    // Mistral knows no `user`, but keeps metadata.
    const noted = { ...(isObject(metadata) ? metadata : {}), user };
    return { ...prepared, patch: { ...prepared.patch, user: undefined, metadata: noted } };
  },
  price: () => null,
};
