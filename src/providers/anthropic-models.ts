// Claude's generations: what differs between them, as data. Ids are matched wherever they stand in a name, because Bedrock
// and others put a prefix and a version around them. Sources: platform.claude.com model pages, versioning and migration
// guides (2026-10), @ai-sdk/anthropic 4.0.105 `anthropic-model-catalog.ts`; prefill: "does not support assistant message
// prefill" from 4.6 on, on all clouds.
import type { AnthropicManner } from '../dialects/anthropic/request-writer.ts';
import type { Price } from './provider.ts';

export interface Claude {
  /** Takes `temperature`, `top_p`, `top_k`. */
  readonly sampling: boolean;
  /** How it is told to think; `always`: adaptive, and cannot be told not to. */
  readonly thinking: 'none' | 'budget' | 'adaptive' | 'always';
  /** Continues a last message of the assistant. */
  readonly prefill: boolean;
  /** Can be made to call a tool. */
  readonly forcedTools: boolean;
  readonly schemas: boolean;
  readonly contextTokens: number;
  readonly outputTokens: number;
}

const newest: Claude = {
  sampling: false,
  thinking: 'adaptive',
  prefill: false,
  forcedTools: true,
  schemas: true,
  contextTokens: 1_000_000,
  outputTokens: 128_000,
};
const older: Claude = {
  sampling: true,
  thinking: 'budget',
  prefill: true,
  forcedTools: true,
  schemas: true,
  contextTokens: 200_000,
  outputTokens: 64_000,
};

const generations: readonly (readonly [RegExp, Claude])[] = [
  [/claude-(?:opus|sonnet)-5-5|claude-fable-5-[12]/, { ...newest, thinking: 'always', forcedTools: false }],
  [/claude-fable-5/, { ...newest, thinking: 'always' }],
  [/claude-(?:opus|sonnet|haiku)-[5-9]|claude-opus-4-[78]/, newest],
  [/claude-(?:opus|sonnet)-4-6/, { ...newest, sampling: true }],
  [/claude-(?:opus|sonnet|haiku)-4-5/, older],
  [/claude-opus-4-1/, { ...older, outputTokens: 32_000 }],
  [/claude-sonnet-4(?:-0|-\d{8}|@|$)/, { ...older, schemas: false }],
  [/claude-opus-4(?:-0|-\d{8}|@|$)/, { ...older, outputTokens: 32_000, schemas: false }],
  [/claude-3-7/, { ...older, schemas: false }],
  [/claude-3-5/, { ...older, thinking: 'none', outputTokens: 8_192, schemas: false }],
  [/claude-3/, { ...older, thinking: 'none', outputTokens: 4_096, schemas: false }],
];

export const isKnownClaude = (model: string): boolean => generations.some(([pattern]) => pattern.test(model));

/** A name we do not know is taken for a newer model than any we do. */
export function claude(model: string): Claude {
  return generations.find(([pattern]) => pattern.test(model))?.[1] ?? newest;
}

/**
 * Anthropic wants a limit for every answer. Prompt and limit together must fit into the context of older models, so a
 * caller who said none is not given all of it.
 */
const ANSWER_TOKENS_MAX = 32_000;

export function mannerOf(model: string): AnthropicManner {
  const { sampling, thinking, prefill, schemas, outputTokens } = claude(model);
  return {
    sampling,
    prefill,
    schemas,
    thinking: thinking === 'always' ? 'adaptive' : thinking,
    answerTokensMax: Math.min(outputTokens, ANSWER_TOKENS_MAX),
    trustsSignatures: true,
  };
}

/** Cache reads cost a tenth of the input. Writing the cache (a quarter more, or double) is not told apart here. */
const perMillion = (input: number, output: number): Price => ({
  inputMicroUsd: input * 1_000_000,
  cachedInputMicroUsd: input * 100_000,
  outputMicroUsd: output * 1_000_000,
});

/** Only where Anthropic's own page was read: platform.claude.com model pages and pricing. */
const prices: readonly (readonly [RegExp, Price])[] = [
  [/claude-fable-5-1/, perMillion(10, 50)],
  [/claude-opus-5-5/, perMillion(4, 20)],
  [/claude-sonnet-5-5/, perMillion(2, 10)],
  [/claude-opus-(?:5$|4-[678])/, perMillion(5, 25)],
  [/claude-sonnet-4-6/, perMillion(3, 15)],
  [/claude-haiku-4-5/, perMillion(1, 5)],
  [/claude-opus-4(?:-0|-1|-2\d{7}|$)/, perMillion(15, 75)],
  [/claude-sonnet-4(?:-0|-2\d{7}|$)/, perMillion(3, 15)],
];

export function claudePrice(model: string): Price | null {
  return prices.find(([pattern]) => pattern.test(model))?.[1] ?? null;
}
