// vLLM (vllm/entrypoints/openai/chat_completion/protocol.py @002032ee). Reasoning comes as `reasoning` since its protocol
// renamed the field, and of messages only `reasoning` is read: `reasoning_content` is ignored without a word
// (vllm/entrypoints/chat_utils.py @001eadcf). A prefix is continued with `continue_final_message`, an error without `add_generation_prompt: false`.
// Its `priority` goes with the gateway's fields: non-zero is an error unless priority scheduling is on.
import { prefixMessage } from '../dialects/openai/messages.ts';
import { able, anything } from './capabilities.ts';
import { reasoningAs, unflagged, withHistory, withoutProofs } from './history.ts';
import { prepareBody, withPatch } from './parameters.ts';
import { selfHosted, withoutThinking } from './self-hosted.ts';

export const vllm = selfHosted({
  name: 'vllm',
  defaultBaseUrl: 'http://127.0.0.1:8000/v1',
  metricsPath: '/metrics',
  capabilities: () => ({
    ...anything,
    can: able(),
    prefix: 'continue-final-message',
    resumeFields: withoutThinking,
    reasoningField: 'reasoning',
  }),
  prepare: (request, model) => {
    const prepared = withHistory(
      request,
      prepareBody(request, model),
      reasoningAs('reasoning'),
      withoutProofs,
      unflagged,
    );
    if (request.surface !== 'chat' || prefixMessage(request.body) === null) return prepared;
    return withPatch(prepared, { continue_final_message: true, add_generation_prompt: false });
  },
});
