// Ollama. Its compatible endpoint takes a listed set of fields (docs.ollama.com/api/openai-compatibility; ollama/ollama
// openai/openai.go) and ignores others without a word; those that would change the answer are refused here, so that nobody
// believes they work. Reasoning is `reasoning` in answers and in messages. A cold model shows as a long wait.
import { able, anything } from './capabilities.ts';
import { reasoningAs, withHistory, withoutProofs } from './history.ts';
import { lack, openaiOnly, type ParameterRules, prepareBody, renameLimit } from './parameters.ts';
import { selfHosted } from './self-hosted.ts';

const rules: ParameterRules = {
  ...openaiOnly('Ollama'),
  max_completion_tokens: renameLimit('max_tokens'),
  n: lack('Ollama gives one answer per request', 1),
  best_of: lack('Ollama gives one answer per request', 1),
  echo: lack('Ollama does not echo the prompt', false),
  logit_bias: lack('Ollama has no logit bias', {}),
  tool_choice: lack('Ollama lets the model choose its tools', 'auto'),
};

export const ollama = selfHosted({
  name: 'ollama',
  defaultBaseUrl: 'http://127.0.0.1:11434/v1',
  // Its native chat continues a trailing assistant message (unverified for this endpoint, so it is not offered).
  capabilities: () => ({ ...anything, can: able(['manyChoices', 'audio', 'prefix']), reasoningField: 'reasoning' }),
  prepare: (request, model) =>
    withHistory(request, prepareBody(request, model, { rules }), reasoningAs('reasoning'), withoutProofs),
});
