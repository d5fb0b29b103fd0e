// A request for Claude, wherever it is served: the caller's own where it wrote in Anthropic's words, else written anew for
// the model's generation.
import { anthropicFar } from '../dialects/anthropic/dialect.ts';
import { signedHistory } from '../dialects/anthropic/reasoning.ts';
import { writeRequest } from '../dialects/anthropic/request-writer.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { type Claude, claude, isKnownClaude, mannerOf } from './anthropic-models.ts';
import { able } from './capabilities.ts';
import { passedThrough } from './native.ts';
import { withPatch } from './parameters.ts';
import type { Capabilities, Prepared, Unsupported } from './provider.ts';

/** Pinned: the one that still takes sampling parameters where the model does. A caller's own version goes first. */
export const ANTHROPIC_VERSION = ['anthropic-version', '2023-06-01'];

export function claudeRequest(
  request: CanonicalRequest,
  model: string,
  at: { readonly path: string; readonly fromOrigin: boolean },
): Prepared {
  const own = passedThrough(request, model, { dialect: anthropicFar, headers: ANTHROPIC_VERSION, ...at });
  if (own !== null) return withSignedHistory(own, request);
  const written = writeRequest(request, model, mannerOf(model));
  const { body, unsupported } = fitted(written.body, claude(model));
  return {
    ...at,
    dialect: anthropicFar,
    body,
    patch: {},
    headers: ANTHROPIC_VERSION,
    unsupported: [...written.unsupported, ...unsupported],
    dropped: written.dropped,
  };
}

/** Thoughts of other models that stand in the history have no signature of Anthropic's, which answers 400 to them. */
function withSignedHistory(prepared: Prepared, { native }: CanonicalRequest): Prepared {
  const messages = native?.body['messages'];
  if (!Array.isArray(messages)) return prepared;
  const signed = signedHistory(messages);
  return signed === messages ? prepared : withPatch(prepared, { messages: signed });
}

/** Models that always think: told not to, they think as little as can be had; forced to a tool, they answer 400. */
function fitted(
  written: JsonObject,
  model: Claude,
): { readonly body: JsonObject; readonly unsupported: readonly Unsupported[] } {
  const body = { ...written };
  const unsupported: Unsupported[] = [];
  const { thinking, output_config: config, tool_choice: choice } = body;
  if (model.thinking === 'always' && isObject(thinking) && thinking['type'] === 'disabled') {
    delete body['thinking'];
    body['output_config'] = { ...(isObject(config) ? config : {}), effort: 'low' };
  }
  if (!model.forcedTools && isObject(choice) && (choice['type'] === 'any' || choice['type'] === 'tool')) {
    delete body['tool_choice'];
    unsupported.push({ param: 'tool_choice', why: 'this model cannot be made to call a tool' });
  }
  return { body, unsupported };
}

export function claudeCapabilities(model: string): Capabilities {
  const { prefill, schemas, contextTokens, outputTokens } = claude(model);
  const isKnown = isKnownClaude(model);
  const cannot = ['logprobs', 'manyChoices', 'audio', 'jsonObject'] as const;
  return {
    surfaces: ['chat'],
    contextTokens: isKnown ? contextTokens : null,
    outputTokens: isKnown ? outputTokens : null,
    can: able([...cannot, ...(schemas ? [] : (['jsonSchema'] as const)), ...(prefill ? [] : (['prefix'] as const))]),
    prefix: prefill ? 'trailing-assistant' : null,
    echoesPrefix: false,
    // The request's writer asks for no thinking where an answer is continued.
    resumeFields: {},
    reasoningField: 'reasoning_content',
  };
}
