// What the self-hosted engines share: no key needed, their own port on this machine, the models they were started with,
// no price. An engine writes down only where it differs.
import { openaiFar } from '../dialects/openai/dialect.ts';
import type { JsonObject } from '../kernel/json.ts';
import { withHistory, withoutProofs } from './history.ts';
import { prepareBody } from './parameters.ts';
import type { Provider } from './provider.ts';

export type SelfHosted = Pick<Provider, 'name' | 'defaultBaseUrl' | 'capabilities'> & Partial<Provider>;

export const selfHosted = (engine: SelfHosted): Provider => ({
  dialect: openaiFar,
  keyRequired: false,
  auth: { kind: 'bearer' },
  knownModels: [],
  modelsPath: '/models',
  accountPage: null,
  windowKind: 'engine',
  accountConcurrency: () => null,
  prepare: (request, model) => withHistory(request, prepareBody(request, model), withoutProofs),
  price: () => null,
  ...engine,
});

/**
 * Keeps a reasoning parser from taking the rest of an answer for thoughts (wire notes, H). DeepSeek's templates read
 * `thinking`, Qwen's `enable_thinking`; a template that reads neither ignores both (unverified).
 */
export const withoutThinking: JsonObject = { chat_template_kwargs: { thinking: false, enable_thinking: false } };
