// Any server that speaks OpenAI's wire format. Nothing is assumed about it, so everything passes through.
import { able, anything } from './capabilities.ts';
import { selfHosted } from './self-hosted.ts';

export const openaiCompatible = selfHosted({
  name: 'openai-compatible',
  defaultBaseUrl: null,
  // A caller who sends a prefix knows the server it talks to better than we do; we ourselves would not know how.
  capabilities: () => ({ ...anything, can: able(), reasoningField: 'reasoning_content' }),
});
