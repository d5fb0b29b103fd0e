// Capabilities: tables that providers start from. What is not known is assumed possible: a wrong "cannot" keeps an answer
// from a caller, a wrong "can" costs one failed attempt, and the config can say better (`targets[].tools` …).
import { type Need, needs } from '../kernel/chat.ts';
import type { Capabilities } from './provider.ts';

export function able(except: readonly Need[] = []): Readonly<Record<Need, boolean>> {
  const entries = needs.map((need): [Need, boolean] => [need, !except.includes(need)]);
  return Object.fromEntries(entries) as Record<Need, boolean>;
}

/** An OpenAI-compatible server of which nothing more is known, and that nobody said could continue a prefix. */
export const anything: Capabilities = {
  surfaces: ['chat', 'completions', 'embeddings'],
  contextTokens: null,
  outputTokens: null,
  can: able(['prefix']),
  prefix: null,
  echoesPrefix: false,
  resumeFields: {},
  reasoningField: null,
};
