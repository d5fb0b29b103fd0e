// SGLang. As vLLM, but reasoning is `reasoning_content`, errors are flat and `abort` is a finish reason (the dialect reads
// both). Source: SGLang's OpenAI protocol module.
import { able, anything } from './capabilities.ts';
import { prepareBody } from './parameters.ts';
import { continuesFinalMessage, selfHosted } from './self-hosted.ts';

export const sglang = selfHosted({
  name: 'sglang',
  defaultBaseUrl: 'http://127.0.0.1:30000/v1',
  capabilities: () => ({ ...anything, can: able(), prefix: 'continue-final-message' }),
  prepare: (request, model) => continuesFinalMessage(request, prepareBody(request, model)),
});
