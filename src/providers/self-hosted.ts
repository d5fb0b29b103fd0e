// What the self-hosted engines share: no key needed, their own port on this machine, the models they were started with.
import { openaiFar } from '../dialects/openai/dialect.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { prepareBody } from './parameters.ts';
import type { Prepared, Provider } from './provider.ts';

export type SelfHosted = Pick<Provider, 'name' | 'defaultBaseUrl' | 'capabilities'> & Partial<Provider>;

export const selfHosted = (engine: SelfHosted): Provider => ({
  dialect: openaiFar,
  keyRequired: false,
  auth: { kind: 'bearer' },
  knownModels: [],
  modelsPath: '/models',
  accountPage: null,
  accountConcurrency: () => null,
  prepare: (request, model) => prepareBody(request, model),
  price: () => null,
  ...engine,
});

/** The last message without its `prefix` flag, if it carries one; null when it does not. */
export function withoutPrefixFlag(body: JsonObject): JsonValue[] | null {
  const { messages } = body;
  const last = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (!Array.isArray(messages) || !isObject(last) || last['prefix'] !== true) return null;
  const plain = Object.fromEntries(Object.entries(last).filter(([field]) => field !== 'prefix'));
  return [...messages.slice(0, -1), plain];
}

/** DeepSeek's and Mistral's `prefix: true` as vLLM and SGLang say it. */
export function continuesFinalMessage(request: CanonicalRequest, prepared: Prepared): Prepared {
  const messages = withoutPrefixFlag(request.body);
  if (messages === null) return prepared;
  const patch = { ...prepared.patch, messages, continue_final_message: true, add_generation_prompt: false };
  return { ...prepared, patch };
}
