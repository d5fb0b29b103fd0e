// OpenAI's models at Microsoft: Azure OpenAI and Foundry (learn.microsoft.com; @ai-sdk/azure 3.0.128). The wire is OpenAI's;
// addresses, names and keys are not: a model is the name of a deployment, older resources want it in the path with an
// `api-version`, and an Entra token may stand in for the key. Verified against recorded shapes only.
import { openaiFar } from '../dialects/openai/dialect.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { withoutProofs } from './history.ts';
import { asChat, type Deployment, inResponses, openai } from './openai.ts';
import { renameLimit } from './parameters.ts';
import type { Account, Prepared, Provider } from './provider.ts';

/** Unverified beyond documentation: which of the two a host wants. */
const SCOPE = 'https://cognitiveservices.azure.com/.default';
const FOUNDRY_SCOPE = 'https://ai.azure.com/.default';

/** With a dated version requests go to `/deployments/…`; `v1` and `preview` are names of the present form. */
const isDated = ({ apiVersion }: Account): boolean => apiVersion !== undefined && /^\d{4}-/.test(apiVersion);

/** The endpoint as the portal shows it: a resource's host, or a Foundry project below it. */
function rootOf({ endpoint, resource }: Account): string | null {
  if (endpoint !== undefined) return endpoint.replace(/\/+$/, '').replace(/\/openai(?:\/v1)?$/, '');
  return resource === undefined ? null : `https://${resource}.openai.azure.com`;
}

function address(account: Account): string | null {
  const root = rootOf(account);
  return root === null ? null : `${root}/openai${isDated(account) ? '' : '/v1'}`;
}

function accountTrouble(account: Account, hasKey: boolean, hasAddress: boolean): string | null {
  if (!hasAddress && rootOf(account) === null) return 'needs `account.resource`, `account.endpoint` or a `baseUrl`';
  if (account['resource'] !== undefined && !/^[A-Za-z0-9-]+$/.test(account['resource'])) {
    return 'takes the bare name of the resource in `account.resource`; an address belongs in `account.endpoint`';
  }
  if (account['endpoint'] !== undefined && !/^https?:\/\/[^\s?#]+$/.test(account['endpoint'])) {
    return 'takes an address like `https://NAME.openai.azure.com` in `account.endpoint`';
  }
  return hasKey || account['entra'] === 'true' ? null : 'needs an `apiKey`, or `account.entra: true`';
}

/** Names that say a model by another maker than OpenAI: those reason in `reasoning_content`, and take it back. */
const OTHER_MAKER = /deepseek|gpt-oss|grok|kimi|llama|ministral|mistral|phi-|qwen/i;
/** Names that say a model of OpenAI's, whose rules are known. */
const OPENAI_NAME = /^(?:ft:)?(?:gpt-|o\d|codex-|text-embedding-)/;
/** `max_completion_tokens` is known from here on. */
const LIMIT_RENAMED_AT = '2024-09';

/** What a deployment is of: its name may say anything, `account.baseModel` says it. */
function deploymentOf(known: string, { apiVersion }: Account): Deployment {
  if (OTHER_MAKER.test(known)) return { history: withoutProofs };
  if (OPENAI_NAME.test(known)) return {};
  // Present models refuse `max_tokens`; older ones take the newer name too.
  const isOld = apiVersion !== undefined && /^\d{4}-/.test(apiVersion) && apiVersion < LIMIT_RENAMED_AT;
  return isOld ? {} : { rules: { max_tokens: renameLimit('max_completion_tokens') } };
}

function prepare(request: CanonicalRequest, model: string, account: Account): Prepared {
  const { apiVersion, api, baseModel: known = model } = account;
  const isOld = isDated(account);
  // Dated versions know Responses under other paths, if at all.
  const prepared =
    inResponses(request, model, known, isOld ? 'chat' : api) ??
    asChat(request, model, known, request.surface === 'chat' ? deploymentOf(known, account) : {});
  // `v1` needs no version; `preview` opens what is not released yet.
  const version = apiVersion === undefined ? '' : `?api-version=${apiVersion}`;
  const below = isOld ? `/deployments/${encodeURIComponent(model)}` : '';
  return { ...prepared, path: below + prepared.path + version };
}

export const azureOpenai: Provider = {
  name: 'azure-openai',
  dialect: openaiFar,
  defaultBaseUrl: null,
  keyRequired: false,
  auth: { kind: 'header', name: 'api-key' },
  accountSettings: {
    resource: { kind: 'text' },
    endpoint: { kind: 'text' },
    apiVersion: { kind: 'text' },
    baseModel: { kind: 'text' },
    api: { kind: 'text', choices: ['chat', 'responses'] },
    entra: { kind: 'flag' },
    entraScope: { kind: 'text' },
  },
  accountTrouble,
  address,
  dynamicAuth: (account) => {
    if (account['entra'] !== 'true') return null;
    const isFoundry = rootOf(account)?.includes('.services.ai.azure.com') ?? false;
    return { kind: 'entra', scope: account['entraScope'] ?? (isFoundry ? FOUNDRY_SCOPE : SCOPE) };
  },
  knownModels: [],
  // Its list names every model there is to deploy, not the deployments.
  modelsPath: null,
  accountPage: null,
  // Deployments of DeepSeek and others reason in `reasoning_content`.
  capabilities: (model) => ({ ...openai.capabilities(model), reasoningField: 'reasoning_content' }),
  accountConcurrency: () => null,
  prepare,
  price: () => null,
};
