// llama.cpp's server. A trailing assistant message is continued by default (`--prefill-assistant`), so a `prefix` flag is
// simply taken off. Source: the server's README.
import { able, anything } from './capabilities.ts';
import { prepareBody } from './parameters.ts';
import { selfHosted, withoutPrefixFlag } from './self-hosted.ts';

export const llamaCpp = selfHosted({
  name: 'llama-cpp',
  defaultBaseUrl: 'http://127.0.0.1:8080/v1',
  capabilities: () => ({ ...anything, can: able(), prefix: 'trailing-assistant' }),
  prepare: (request, model) => {
    const prepared = prepareBody(request, model);
    const messages = withoutPrefixFlag(request.body);
    return messages === null ? prepared : { ...prepared, patch: { ...prepared.patch, messages } };
  },
});
