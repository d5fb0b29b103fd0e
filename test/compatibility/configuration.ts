// Configuration of the gateway under test: every check of every client has an upstream and a model of its own, so that what
// one does to the gateway's memory (breakers, resting credentials) does not colour the next.
import { type DialectName, dialectNames } from '../../src/kernel/dialect-name.ts';
import { behavioursUsed } from './checks.ts';
import { talkers, utilities } from './clients.ts';

export const apiKey = 'sk-compatibility';

/** Trouble is to be told, not mended: one attempt, and no wait for a better time. */
const CLOCKS = `timeouts: { connectMs: 2000, firstTokenMs: 8000, idleMs: 8000, totalMs: 14000, queueMs: 2000, commitAfterMs: 14000 }
retry: { maxAttempts: 1 }
keys: [{ key: ${apiKey}, name: known }]`;

interface Far {
  /** The wall's address without a path. */
  upstream(origin: string): string;
  /** Before the behaviour's name: what the gateway takes the model for. */
  readonly model: string;
}

const fars: Readonly<Record<DialectName, Far>> = {
  openai: { upstream: (origin) => `provider: openai-compatible, baseUrl: '${origin}/v1'`, model: '' },
  anthropic: { upstream: (origin) => `provider: anthropic, baseUrl: '${origin}/v1'`, model: 'claude-haiku-4-5/' },
  responses: {
    upstream: (origin) => `provider: openai-compatible, baseUrl: '${origin}/v1', account: { api: responses }`,
    model: '',
  },
  converse: {
    upstream: (origin) => `provider: bedrock, baseUrl: '${origin}', account: { region: us-east-1, api: converse }`,
    model: 'us.anthropic.claude-haiku-4-5-20251001-v1/',
  },
};

/** Also the mark by which the wall's log tells who asked. */
export const modelName = (client: string, far: DialectName, behaviour: string): string =>
  `${client}-${far}-${behaviour}`;

export const talkerId = (at: number): string => `talker${at}`;
export const utilityId = (at: number): string => `utility${at}`;

export interface Configuration {
  readonly text: string;
  readonly models: number;
}

export function configurationFor(wallUrl: string): Configuration {
  const { origin } = new URL(wallUrl);
  const upstreams: string[] = [];
  const models: string[] = [];
  const add = (client: string, far: DialectName, behaviour: string): void => {
    const name = modelName(client, far, behaviour);
    const at = fars[far];
    const played = behaviour.replace(/-(?:stream|whole)$/, '');
    upstreams.push(`  ${name}: { ${at.upstream(origin)}, discover: false, apiKey: k-${name} }`);
    models.push(`  ${name}: { targets: ['${name}/${at.model}${name}:${played}'] }`);
  };
  for (const far of dialectNames) {
    for (const at of talkers.keys()) for (const behaviour of behavioursUsed) add(talkerId(at), far, behaviour);
    for (const at of utilities.keys()) add(utilityId(at), far, 'healthy');
  }
  const text = ['upstreams:', ...upstreams, 'models:', ...models, CLOCKS, ''].join('\n');
  return { text, models: models.length };
}
