// Overload signal: what an upstream ran out of when it said "too many" or "too busy". Each lack has its own remedy: fewer at
// once (concurrency), fewer per minute (requests, tokens), nothing but money (spend), or patience with everybody
// (global: the far side as a whole is full). It must never call spend an overload: waiting does not cure it. And it must never
// guess: a 429 without a word or a header is unsaid, and what it was for is learned from what was taken beside it.
import type { Fault } from '../kernel/fault.ts';
import type { RateLevel, RateLevels } from './rate-headers.ts';

export type OverloadSignal = 'concurrency' | 'requests' | 'tokens' | 'spend' | 'global' | 'unsaid';

/** Null: the fault says nothing about load. `levels`: what the answer's headers told. */
export function overloadSignalOf(fault: Fault, levels: RateLevels): OverloadSignal | null {
  if (fault.kind === 'exhausted') return 'spend';
  if (fault.kind === 'overloaded') return 'global';
  return fault.kind === 'rateLimited' ? (ofWords(fault) ?? ofLevels(levels) ?? 'unsaid') : null;
}

/** First that fits: a message about one limit often names the others ("tokens per min … see your requests"). */
const words: readonly (readonly [OverloadSignal, RegExp])[] = [
  ['spend', /spend|insufficient_quota|credit_balance|billing|insufficient balance/i],
  ['concurrency', /concurren|simultaneous|in[- ]flight|parallel|too many (?:active|open|running)/i],
  [
    'tokens',
    /\btpm\b|\btpd\b|tokens?[ _-]*(?:per|\/)|per[ _-]?(?:minute|day)[ _-]tokens?|token[ _-](?:rate|quota|limit)/i,
  ],
  [
    'requests',
    /\brpm\b|\brpd\b|\bqpm\b|requests?[ _-]*(?:per|\/)|per[ _-]?minute[ _-]requests?|request[ _-](?:rate|quota|limit)/i,
  ],
  ['global', /overloaded|slow_down|server_is_overloaded|high demand|system.{0,20}busy|server.{0,20}busy/i],
];

function ofWords(fault: Fault): OverloadSignal | null {
  const said = `${fault.type ?? ''} ${fault.code ?? ''} ${fault.message}`;
  return words.find(([, pattern]) => pattern.test(said))?.[0] ?? null;
}

function ofLevels({ requests, tokens }: RateLevels): OverloadSignal | null {
  if (isUsedUp(tokens)) return 'tokens';
  return isUsedUp(requests) ? 'requests' : null;
}

const isUsedUp = (level: RateLevel | null): boolean => level !== null && level.remaining <= 0;
