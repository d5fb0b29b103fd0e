// Catalogue: every provider by name.
import { openaiFar } from '../dialects/openai/dialect.ts';
import { gatewayFields } from '../dialects/openai/request.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { JsonValue } from '../kernel/json.ts';
import { type ProviderName, providerNames } from '../kernel/provider.ts';
import type { Prepared, Provider } from './provider.ts';

const paths = { chat: '/chat/completions', completions: '/completions', embeddings: '/embeddings' };

function prepare(request: CanonicalRequest, model: string): Prepared {
  const patch: Record<string, JsonValue | undefined> = { model };
  for (const field of gatewayFields) if (request.body[field] !== undefined) patch[field] = undefined;
  if (request.stream) patch['stream_options'] = { include_usage: true };
  const unsupported = request.body['seed'] === undefined ? [] : [{ param: 'seed', why: 'has no seed' }];
  return { path: paths[request.surface], fromOrigin: false, patch, unsupported };
}

const plain = (name: ProviderName): Provider => ({
  name,
  dialect: openaiFar,
  defaultBaseUrl: name === 'openai-compatible' || name === 'scripted' ? null : 'http://127.0.0.1:9/v1',
  keyRequired: name === 'deepseek' || name === 'openai' || name === 'mistral',
  auth: { kind: 'bearer' },
  knownModels: name === 'scripted' ? ['demo'] : [],
  modelsPath: '/models',
  accountPage: null,
  capabilities: () => ({
    surfaces: ['chat', 'completions', 'embeddings'],
    contextTokens: null,
    outputTokens: null,
    can: { tools: true, vision: true, audio: true, jsonObject: true, jsonSchema: true, logprobs: true, manyChoices: true, prefix: true },
    prefix: null,
    reasoningField: null,
  }),
  accountConcurrency: () => null,
  prepare,
  price: () => null,
});

export const catalogue = Object.fromEntries(providerNames.map((name) => [name, plain(name)])) as Readonly<
  Record<ProviderName, Provider>
>;
