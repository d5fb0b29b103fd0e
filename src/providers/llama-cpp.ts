// llama.cpp's llama-server. A trailing assistant message is continued by default (`--prefill-assistant`, server README), so
// other words for a prefix are taken off. It answers 500 "Only one completion choice is allowed" and "Unsupported param"
// where it could say 400 (server utils, oaicompat_*_params_parse); a 500 would be tried elsewhere and count against it.
import { isObject, type JsonObject } from '../kernel/json.ts';
import { able, anything } from './capabilities.ts';
import { unflagged, withHistory, withoutContinueWords, withoutProofs } from './history.ts';
import { lack, openaiOnly, type ParameterRules, prepareBody, refuse, renameLimit } from './parameters.ts';
import { selfHosted } from './self-hosted.ts';

const WHO = 'llama-server';

const streamsWithTools = ({ stream, tools }: JsonObject): boolean =>
  stream === true && Array.isArray(tools) && tools.length > 0;

const rules: ParameterRules = {
  ...openaiOnly(WHO),
  // Whether newer builds read it by itself is not confirmed.
  max_completion_tokens: renameLimit('max_tokens'),
  n: lack(`${WHO} gives one answer per request`, 1),
  best_of: lack(`${WHO} gives one answer per request`),
  suffix: lack(`${WHO} takes no suffix here`),
  echo: lack(`${WHO} does not echo the prompt`, false),
  // Taken for `auto` without a word (langchain-llama-cpp, build b11429).
  tool_choice: refuse(`${WHO} takes none, auto and required, but no tool by name`, (value) => isObject(value)),
  // 400 "logprobs is not supported with tools + stream" (ggml-org/llama.cpp#28478).
  logprobs: refuse(
    `${WHO} gives no logprobs in a stream with tools`,
    (value, body) => value === true && streamsWithTools(body),
  ),
  top_logprobs: refuse(`${WHO} gives no logprobs in a stream with tools`, (_value, body) => streamsWithTools(body)),
};

export const llamaCpp = selfHosted({
  name: 'llama-cpp',
  defaultBaseUrl: 'http://127.0.0.1:8080/v1',
  metricsPath: '/metrics',
  capabilities: () => ({
    ...anything,
    can: able(['manyChoices']),
    prefix: 'trailing-assistant',
    reasoningField: 'reasoning_content',
  }),
  prepare: (request, model) =>
    withoutContinueWords(
      request,
      withHistory(request, prepareBody(request, model, { rules }), withoutProofs, unflagged),
    ),
});
