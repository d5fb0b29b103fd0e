// Any server that speaks OpenAI's wire format. Nothing is assumed about it, so everything passes through.
import { openaiFar } from '../dialects/openai/dialect.ts';
import { able, anything } from './capabilities.ts';
import { prepareBody } from './parameters.ts';
import type { Provider } from './provider.ts';

export const openaiCompatible: Provider = {
  name: 'openai-compatible',
  dialect: openaiFar,
  defaultBaseUrl: null,
  keyRequired: false,
  auth: { kind: 'bearer' },
  knownModels: [],
  modelsPath: '/models',
  accountPage: null,
  // A caller who sends a prefix knows the server it talks to better than we do.
  capabilities: () => ({ ...anything, can: able() }),
  accountConcurrency: () => null,
  prepare: (request, model) => prepareBody(request, model),
  price: () => null,
};
