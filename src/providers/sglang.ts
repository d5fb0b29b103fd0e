// SGLang (srt/entrypoints/openai/protocol.py @004c82e0). A prefix is continued with `continue_final_message` alone;
// reasoning is `reasoning_content` in answers and in messages; errors are flat and `abort` is a finish reason (the dialect
// reads both). Its `priority` goes with the gateway's fields.
import { prefixMessage } from '../dialects/openai/messages.ts';
import { able, anything } from './capabilities.ts';
import { reasoningAs, unflagged, withHistory, withoutProofs } from './history.ts';
import { prepareBody, withPatch } from './parameters.ts';
import { selfHosted, withoutThinking } from './self-hosted.ts';

export const sglang = selfHosted({
  name: 'sglang',
  defaultBaseUrl: 'http://127.0.0.1:30000/v1',
  metricsPath: '/metrics',
  capabilities: () => ({
    ...anything,
    can: able(),
    prefix: 'continue-final-message',
    resumeFields: withoutThinking,
    reasoningField: 'reasoning_content',
  }),
  prepare: (request, model) => {
    const prepared = withHistory(
      request,
      prepareBody(request, model),
      reasoningAs('reasoning_content'),
      withoutProofs,
      unflagged,
    );
    if (request.surface !== 'chat' || prefixMessage(request.body) === null) return prepared;
    return withPatch(prepared, { continue_final_message: true });
  },
});
