// Mistral. Close to OpenAI's format, but every field it does not know is a 422 "Extra inputs are not permitted": at the top
// (`stream_options`: dnakov/anon-kode#53, `max_completion_tokens`: editor-code-assistant/eca#231) and inside messages
// (`reasoning_content`: charmbracelet/crush#1590, `name`: Gage-Technologies/mistral-go#2). Fields: mistralai/client-ts,
// ChatCompletionStreamRequest and EmbeddingRequest. Usage comes unasked with the last chunk; thinking comes as content parts.
import { openaiFar } from '../dialects/openai/dialect.ts';
import { able, anything } from './capabilities.ts';
import {
  developerAsSystem,
  flagged,
  reasoningAs,
  type Rewrite,
  withHistory,
  without,
  withoutContinueWords,
} from './history.ts';
import { drop, hints, lack, openaiOnly, type ParameterRules, prepareBody, rename, renameLimit } from './parameters.ts';
import type { Provider } from './provider.ts';

const droppedHints = Object.fromEntries(hints.filter((hint) => hint !== 'metadata').map((hint) => [hint, drop]));

const chatRules: ParameterRules = {
  ...openaiOnly('Mistral'),
  ...droppedHints,
  seed: rename('random_seed'),
  max_completion_tokens: renameLimit('max_tokens'),
  logprobs: lack('Mistral gives no log probabilities', false),
  top_logprobs: lack('Mistral gives no log probabilities', 0),
  logit_bias: lack('Mistral has no logit bias', {}),
};

const embeddingsRules: ParameterRules = {
  ...droppedHints,
  // Newer than the client read here (unverified).
  dimensions: rename('output_dimension'),
};

/** What other far sides' answers and SDKs put into messages. A tool's name is known. */
const foreign = ['reasoning_content', 'reasoning_details', 'refusal', 'annotations', 'audio', 'function_call'];
const onlyKnown: Rewrite = (message) => without(message, message['role'] === 'tool' ? foreign : [...foreign, 'name']);

export const mistral: Provider = {
  name: 'mistral',
  dialect: openaiFar,
  defaultBaseUrl: 'https://api.mistral.ai/v1',
  keyRequired: true,
  auth: { kind: 'bearer' },
  // Aliases of its model overview; `-latest` moves with the releases.
  knownModels: [
    'mistral-large-latest',
    'mistral-medium-latest',
    'mistral-small-latest',
    'codestral-latest',
    'mistral-embed',
  ],
  modelsPath: '/models',
  accountPage: null,
  capabilities: (model) => ({
    ...anything,
    // Its fill-in-the-middle has a path and an answer form of its own, so completions are not served.
    surfaces: model.includes('embed') ? ['embeddings'] : ['chat'],
    can: able(['logprobs']),
    // The answer repeats the prefix (unverified).
    prefix: 'prefix-flag',
    // Unverified: some accounts say that the answer includes the prefix.
    echoesPrefix: true,
  }),
  accountConcurrency: () => null,
  prepare: (request, model) => {
    const rules = request.surface === 'embeddings' ? embeddingsRules : chatRules;
    const prepared = prepareBody(request, model, { rules, asksForUsage: false });
    const rewrites = [developerAsSystem, reasoningAs('reasoning_content'), onlyKnown, flagged];
    return withoutContinueWords(request, withHistory(request, prepared, ...rewrites));
  },
  price: () => null,
};
