// AWS Bedrock. One account has several interfaces, and no model is behind all of them: Chat Completions and Messages for
// those that have it, Converse for the rest; the mantle endpoint where the config says so. Requests are signed, or carry a
// Bedrock API key. Verified against recorded shapes only.
import { withCacheMarks, withThinkingBudget } from '../dialects/anthropic/request-reader.ts';
import { converseFar } from '../dialects/converse/dialect.ts';
import { mannerOf } from '../dialects/converse/manner.ts';
import { writeRequest } from '../dialects/converse/request-writer.ts';
import { openaiFar } from '../dialects/openai/dialect.ts';
import type { CanonicalRequest, Need } from '../kernel/chat.ts';
import type { DynamicAuth } from '../kernel/dynamic-auth.ts';
import { hasChatCompletions, isBelowOpenaiPath, isClaudeId, isOpenaiModel, sizeOf } from './bedrock-models.ts';
import { able, anything } from './capabilities.ts';
import { claudeCapabilities, claudeRequest } from './claude-request.ts';
import { withHistory, withoutProofs } from './history.ts';
import { openai } from './openai.ts';
import { prepareBody, withPatch } from './parameters.ts';
import type { Account, Capabilities, Prepared, Provider } from './provider.ts';

const isMantle = ({ api }: Account): boolean => api === 'mantle';

function address(account: Account): string | null {
  const { region } = account;
  if (region === undefined) return null;
  return isMantle(account)
    ? `https://bedrock-mantle.${region}.api.aws`
    : `https://bedrock-runtime.${region}.amazonaws.com`;
}

function accountTrouble({ region, accessKeyId, secretAccessKey, sessionToken }: Account): string | null {
  // A signature names the region, whatever the address.
  if (region === undefined) return 'needs `account.region`, like `us-east-1`';
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(region)) return 'takes an AWS region like `us-east-1` in `account.region`';
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    return 'takes `account.accessKeyId` and `account.secretAccessKey` together';
  }
  return sessionToken !== undefined && accessKeyId === undefined
    ? 'takes `account.sessionToken` together with `account.accessKeyId`'
    : null;
}

function dynamicAuth(account: Account): DynamicAuth | null {
  const { region, accessKeyId, secretAccessKey, sessionToken = null } = account;
  if (region === undefined) return null;
  const service = isMantle(account) ? 'bedrock-mantle' : 'bedrock';
  const isGiven = accessKeyId !== undefined && secretAccessKey !== undefined;
  return { kind: 'sigv4', service, region, keys: isGiven ? { accessKeyId, secretAccessKey, sessionToken } : null };
}

function prepare(request: CanonicalRequest, model: string, account: Account): Prepared {
  if (account['api'] === 'converse') return converse(request, model);
  if (isClaudeId(model)) {
    // AWS documents Messages at the mantle endpoint; whoever knows better of the runtime's says so.
    if (!isMantle(account) && account['api'] !== 'messages') return converse(request, model);
    return claudeRequest(request, model, { path: '/anthropic/v1/messages', fromOrigin: false });
  }
  if (isMantle(account)) return chat(request, model, isBelowOpenaiPath(model) ? '/openai/v1' : '/v1');
  const hasChat = hasChatCompletions(model) || account['api'] === 'openai';
  return hasChat ? chat(request, model, '/openai/v1') : converse(request, model);
}

function chat(request: CanonicalRequest, model: string, below: string): Prepared {
  const prepared = isOpenaiModel(model) ? asOpenai(request, model) : asOther(request, model);
  return { ...prepared, path: below + prepared.path };
}

const asOther = (request: CanonicalRequest, model: string): Prepared =>
  withHistory(request, prepareBody(request, model), withoutProofs);

/** OpenAI's rules go by the bare name. */
function asOpenai(request: CanonicalRequest, model: string): Prepared {
  const prepared = openai.prepare(request, model.replace(/^.*openai\./, ''), {});
  return typeof prepared.body === 'string'
    ? withPatch(prepared, { model })
    : { ...prepared, body: { ...prepared.body, model } };
}

function converse(request: CanonicalRequest, model: string): Prepared {
  const manner = mannerOf(model);
  const marked = manner.cachePoints ? withCacheMarks(request) : request.body;
  const asked = manner.effort === 'budget' ? withThinkingBudget(marked, request) : marked;
  const { body, unsupported, dropped } = writeRequest({ ...request, body: asked }, model, manner);
  const verb = request.stream ? 'converse-stream' : 'converse';
  return {
    dialect: converseFar,
    path: `/model/${encodeURIComponent(model)}/${verb}`,
    fromOrigin: false,
    body,
    patch: {},
    headers: [],
    unsupported,
    dropped,
  };
}

/** What Converse has no word for. */
const beyondConverse: readonly Need[] = ['prefix', 'logprobs', 'manyChoices', 'audio', 'jsonObject'];

function capabilities(model: string): Capabilities {
  if (isClaudeId(model)) return claudeCapabilities(model);
  const common = { ...anything, ...sizeOf(model), reasoningField: 'reasoning_content' as const };
  if (hasChatCompletions(model)) return { ...common, surfaces: ['chat'], can: able(['prefix', 'audio']) };
  const { jsonSchema } = mannerOf(model);
  return { ...common, surfaces: ['chat'], can: able(jsonSchema ? beyondConverse : [...beyondConverse, 'jsonSchema']) };
}

export const bedrock: Provider = {
  name: 'bedrock',
  dialect: openaiFar,
  defaultBaseUrl: null,
  keyRequired: false,
  auth: { kind: 'bearer' },
  accountSettings: {
    region: { kind: 'text' },
    api: { kind: 'text', choices: ['openai', 'converse', 'messages', 'mantle'] },
    accessKeyId: { kind: 'text' },
    secretAccessKey: { kind: 'text' },
    sessionToken: { kind: 'text' },
  },
  accountTrouble,
  address,
  dynamicAuth,
  knownModels: ['deepseek.v3.2', 'us.deepseek.r1-v1:0', 'openai.gpt-oss-120b-1:0'],
  // Only the mantle endpoint has a list, of what it serves itself.
  modelsPath: null,
  accountPage: null,
  capabilities,
  accountConcurrency: () => null,
  prepare,
  price: () => null,
};
