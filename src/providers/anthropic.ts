// Anthropic's own API: Messages. What a model's generation takes differs, see anthropic-models.ts.
import { anthropicFar } from '../dialects/anthropic/dialect.ts';
import { claudePrice } from './anthropic-models.ts';
import { ANTHROPIC_VERSION, claudeCapabilities, claudeRequest } from './claude-request.ts';
import type { Provider } from './provider.ts';

export const anthropic: Provider = {
  name: 'anthropic',
  dialect: anthropicFar,
  defaultBaseUrl: 'https://api.anthropic.com/v1',
  keyRequired: true,
  auth: { kind: 'header', name: 'x-api-key' },
  knownModels: ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-haiku-4-5'],
  modelsPath: '/models',
  lookupHeaders: ANTHROPIC_VERSION,
  accountPage: null,
  capabilities: (model) => ({ ...claudeCapabilities(model), surfaces: ['chat', 'countTokens'] }),
  accountConcurrency: () => null,
  prepare: (request, model) => {
    const path = request.surface === 'countTokens' ? '/messages/count_tokens' : '/messages';
    return claudeRequest(request, model, { path, fromOrigin: false });
  },
  price: (model) => claudePrice(model),
};
