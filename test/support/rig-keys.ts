// Rig keys: API keys of a gateway under test, and the heads of who asks with them.
import { createHash } from 'node:crypto';
import type { KeyConfig } from '../../src/ports/config.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Its secret is `sk-` and its name; without limits. */
export const key = (name: string, over: Partial<KeyConfig> = {}): KeyConfig => ({
  name,
  sha256: sha256(`sk-${name}`),
  lane: 'standard',
  models: null,
  regions: null,
  limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
  ...over,
});

/** The head of who asks with it. */
export const as = (name: string): Record<string, string> => ({ authorization: `Bearer sk-${name}` });
