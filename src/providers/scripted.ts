// Scripted: the built-in model `demo`, which needs no network and no key. Its transport is memory/scripted-transport.ts.
import { able, anything } from './capabilities.ts';
import { selfHosted } from './self-hosted.ts';

export const scripted = selfHosted({
  name: 'scripted',
  defaultBaseUrl: null,
  auth: { kind: 'none' },
  knownModels: ['demo'],
  capabilities: () => ({ ...anything, can: able(['prefix', 'audio']) }),
});
