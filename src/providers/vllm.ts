// vLLM. Reasoning comes as `reasoning` since its protocol renamed the field; a prefix is continued with
// `continue_final_message`, which needs `add_generation_prompt: false` beside it. Source: vLLM's OpenAI protocol module.
import { able, anything } from './capabilities.ts';
import { prepareBody } from './parameters.ts';
import { continuesFinalMessage, selfHosted } from './self-hosted.ts';

export const vllm = selfHosted({
  name: 'vllm',
  defaultBaseUrl: 'http://127.0.0.1:8000/v1',
  capabilities: () => ({ ...anything, can: able(), prefix: 'continue-final-message', reasoningField: 'reasoning' }),
  prepare: (request, model) => continuesFinalMessage(request, prepareBody(request, model)),
});
