// Scripted: the built-in model `demo`, which needs no network and no key. Its transport lives in memory/.
import { openaiFar } from '../dialects/openai/dialect.ts';
import { able, anything } from './capabilities.ts';
import { prepareBody } from './parameters.ts';
import type { Provider } from './provider.ts';

export const scripted: Provider = {
  name: 'scripted',
  dialect: openaiFar,
  defaultBaseUrl: null,
  keyRequired: false,
  auth: { kind: 'none' },
  knownModels: ['demo'],
  modelsPath: '/models',
  accountPage: null,
  capabilities: () => ({ ...anything, can: able(['prefix', 'audio']), reasoningField: null }),
  accountConcurrency: () => null,
  prepare: (request, model) => prepareBody(request, model),
  price: () => null,
};
