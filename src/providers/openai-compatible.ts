// Any server that speaks OpenAI's wire format. Nothing is assumed about it, so everything passes through. Whether it has the
// Responses API too is for the config to say.
import { able, anything } from './capabilities.ts';
import { withHistory, withoutProofs } from './history.ts';
import { prepareBody } from './parameters.ts';
import { ownResponses, writtenResponses } from './responses-request.ts';
import { selfHosted } from './self-hosted.ts';

export const openaiCompatible = selfHosted({
  name: 'openai-compatible',
  defaultBaseUrl: null,
  // It may be anything, another gateway too.
  windowKind: 'api',
  accountSettings: { api: { kind: 'text', choices: ['chat', 'responses'] } },
  // A caller who sends a prefix knows the server it talks to better than we do; we ourselves would not know how.
  capabilities: () => ({ ...anything, can: able(), reasoningField: 'reasoning_content' }),
  prepare: (request, model, { api }) => {
    if (api === 'responses' && request.surface === 'chat') {
      return ownResponses(request, model) ?? writtenResponses(request, model);
    }
    const prepared = prepareBody(request, model);
    return request.native === null ? prepared : withHistory(request, prepared, withoutProofs);
  },
});
