// Text Generation Inference. One model per server, no embeddings, one choice, no way to continue a prefix in chat; its
// errors are strings (the dialect reads them). Source: TGI's router (`InferError`), its Messages API.
import { able, anything } from './capabilities.ts';
import { prepareBody, refuse } from './parameters.ts';
import { selfHosted } from './self-hosted.ts';

export const tgi = selfHosted({
  name: 'tgi',
  defaultBaseUrl: 'http://127.0.0.1:8080/v1',
  capabilities: () => ({
    ...anything,
    surfaces: ['chat', 'completions'],
    can: able(['prefix', 'manyChoices', 'audio']),
  }),
  prepare: (request, model) =>
    prepareBody(request, model, { rules: { n: refuse('TGI gives one answer', (value) => value !== 1) } }),
});
