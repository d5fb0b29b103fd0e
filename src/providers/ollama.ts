// Ollama. Its compatible endpoint takes a listed set of fields and ignores others; those it would ignore are refused here,
// so that nobody believes they work. A cold model shows as a long wait for the first token.
// Source: https://docs.ollama.com/api/openai-compatibility.
import { able, anything } from './capabilities.ts';
import { prepareBody, refuse, rename } from './parameters.ts';
import { selfHosted } from './self-hosted.ts';

const rules = {
  max_completion_tokens: rename('max_tokens'),
  logit_bias: refuse('Ollama has no logit bias'),
  n: refuse('Ollama gives one answer', (value) => value !== 1),
};

export const ollama = selfHosted({
  name: 'ollama',
  defaultBaseUrl: 'http://127.0.0.1:11434/v1',
  capabilities: () => ({ ...anything, can: able(['manyChoices', 'audio', 'prefix']), reasoningField: 'reasoning' }),
  prepare: (request, model) => prepareBody(request, model, { rules }),
});
