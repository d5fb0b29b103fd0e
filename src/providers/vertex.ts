// Google Vertex AI through its OpenAI-compatible endpoint (@ai-sdk/google-vertex 4.0.208 `google-vertex-maas-provider.ts`):
// Gemini as `google/…`, open models as `publisher/model`. Errors come in Google's form, sometimes inside a list, which the
// OpenAI reader copes with. Claude on Vertex has an endpoint of its own and is not reached this way.
// Verified against recorded shapes only.
import { openaiFar } from '../dialects/openai/dialect.ts';
import { able, anything } from './capabilities.ts';
import { withHistory, withoutProofs } from './history.ts';
import { drop, hints, prepareBody } from './parameters.ts';
import type { Account, Capabilities, Provider } from './provider.ts';

const LOCATION = 'global';

function hostOf(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com';
  if (location === 'us' || location === 'eu') return `aiplatform.${location}.rep.googleapis.com`;
  return `${location}-aiplatform.googleapis.com`;
}

function address({ project, location = LOCATION }: Account): string | null {
  if (project === undefined) return null;
  return `https://${hostOf(location)}/v1/projects/${project}/locations/${location}/endpoints/openapi`;
}

function accountTrouble(account: Account, _hasKey: boolean, hasAddress: boolean): string | null {
  const { project, location = LOCATION, serviceAccountFile, serviceAccountJson } = account;
  if (project === undefined && !hasAddress) return 'needs `account.project`, the id of the Google Cloud project';
  if (project !== undefined && !/^[a-z][a-z0-9.:-]*$/.test(project)) return 'takes a project id in `account.project`';
  if (!/^[a-z][a-z0-9-]*$/.test(location))
    return 'takes a location like `global` or `us-central1` in `account.location`';
  if (serviceAccountFile !== undefined && serviceAccountJson !== undefined) {
    return 'takes `account.serviceAccountFile` or `account.serviceAccountJson`, not both';
  }
  return null;
}

/** Google's own models may be asked for without their publisher. */
const modelId = (model: string): string => (/^(?:gemini|gemma)/.test(model) ? `google/${model}` : model);

function capabilities(model: string): Capabilities {
  const isDeepseek = model.startsWith('deepseek-ai/');
  return {
    ...anything,
    surfaces: ['chat'],
    contextTokens: isDeepseek ? 163_840 : null,
    can: able(isDeepseek ? ['prefix', 'vision', 'audio'] : ['prefix']),
    reasoningField: 'reasoning_content',
  };
}

const droppedHints = Object.fromEntries(hints.filter((hint) => hint !== 'user').map((hint) => [hint, drop]));

export const vertex: Provider = {
  name: 'vertex',
  dialect: openaiFar,
  defaultBaseUrl: null,
  keyRequired: false,
  auth: { kind: 'bearer' },
  accountSettings: {
    project: { kind: 'text' },
    location: { kind: 'text' },
    serviceAccountFile: { kind: 'file' },
    serviceAccountJson: { kind: 'text' },
  },
  accountTrouble,
  address,
  dynamicAuth: ({ project = null, serviceAccountFile = null, serviceAccountJson = null }) => ({
    kind: 'google',
    project,
    keyFile: serviceAccountFile,
    keyJson: serviceAccountJson,
  }),
  knownModels: ['deepseek-ai/deepseek-v3.2-maas', 'deepseek-ai/deepseek-v3.1-maas', 'openai/gpt-oss-120b-maas'],
  modelsPath: null,
  accountPage: null,
  capabilities,
  accountConcurrency: () => null,
  prepare: (request, model) =>
    withHistory(request, prepareBody(request, modelId(model), { rules: droppedHints }), withoutProofs),
  price: () => null,
};
