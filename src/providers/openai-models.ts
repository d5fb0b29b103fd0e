// OpenAI's models: what differs between them, as data. Names come and go every month: what matches no line here is not
// checked, and `GET /models` says what an account has. Sources: openai@7.57 (ids, "Not supported with latest reasoning
// models `o3` and `o4-mini`" for `stop`), developers.openai.com/api/docs/models (gpt-5-nano, gpt-5.4-mini, gpt-6-luna).
import type { Surface } from '../kernel/lane.ts';
import type { Price } from './provider.ts';

/** Reasoning models answer 400 to `max_tokens`: "Use 'max_completion_tokens' instead". Fine-tuned ones too. */
const reasoning = /^(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d\d)|codex-)/;
/** "Only the default (1) value is supported" for `temperature`; from gpt-5.1 on it depends on the effort, so OpenAI says. */
const fixedTemperature = /^(?:ft:)?(?:o\d|gpt-5(?:-(?:mini|nano|pro|\d{4})|$))/;
/** Models that always think, and the least they can be told to; gpt-5.1 and later know `none`. */
const leastEfforts: readonly (readonly [RegExp, string])[] = [
  [/^(?:ft:)?o\d/, 'low'],
  [/^(?:ft:)?gpt-5-pro/, 'high'],
  [/^(?:ft:)?gpt-5-codex/, 'low'],
  [/^(?:ft:)?gpt-5(?:-|$)/, 'minimal'],
];
const withoutStop = /^(?:ft:)?(?:o3|o4-mini)/;

/** Deep thinkers and coders of which Chat Completions says 404: "only supported in v1/responses". */
const responsesOnly = /^(?:o\d-pro|gpt-5(?:\.\d)?-(?:pro|codex)|gpt-6(?:\.\d)?-(?:pro|codex)|codex-|o\d-deep-research)/;

export const needsResponses = (model: string): boolean => responsesOnly.test(model);
export const reasons = (model: string): boolean => reasoning.test(model);
export const hasFixedTemperature = (model: string): boolean => fixedTemperature.test(model);
export const whyTemperatureIsFixed = (model: string): string => `\`${model}\` has a fixed temperature of 1`;
/** What says "do not think" to this model, or comes closest. */
export const leastEffort = (model: string): string =>
  leastEfforts.find(([pattern]) => pattern.test(model))?.[1] ?? 'none';

export const takesNoStop = (model: string): boolean => withoutStop.test(model);

const surfaces: readonly (readonly [RegExp, readonly Surface[]])[] = [
  [/^text-embedding-/, ['embeddings']],
  [/^(?:gpt-3\.5-turbo-instruct|davinci-002|babbage-002)/, ['completions']],
  [/^(?:ft:)?(?:gpt-|chatgpt-|o\d)/, ['chat']],
];
const everySurface: readonly Surface[] = ['chat', 'completions', 'embeddings'];

/** Names we do not know may be deployments of anything. */
export function surfacesOf(model: string): readonly Surface[] {
  return surfaces.find(([pattern]) => pattern.test(model))?.[1] ?? everySurface;
}

interface Size {
  readonly contextTokens: number;
  readonly outputTokens: number;
}
const sizes: readonly (readonly [RegExp, Size])[] = [
  [/^gpt-6(?:\.1)?-(?:sol|luna)/, { contextTokens: 1_050_000, outputTokens: 128_000 }],
  [/^gpt-5(?:\.4-mini|-nano)/, { contextTokens: 400_000, outputTokens: 128_000 }],
];

export function sizeOf(model: string): Size | null {
  return sizes.find(([pattern]) => pattern.test(model))?.[1] ?? null;
}

/**
 * Standard processing, prompts up to 272,000 tokens: a longer one costs double for all of its input, which is not told apart
 * here. gpt-6.1-sol by resellers' price lists of 2026-10 (unverified).
 */
const prices: readonly (readonly [RegExp, Price])[] = [
  [/^gpt-6\.1-sol/, { inputMicroUsd: 2_000_000, cachedInputMicroUsd: 100_000, outputMicroUsd: 10_000_000 }],
  [/^gpt-6-luna/, { inputMicroUsd: 100_000, cachedInputMicroUsd: 10_000, outputMicroUsd: 500_000 }],
  [/^gpt-5-nano/, { inputMicroUsd: 50_000, cachedInputMicroUsd: 5_000, outputMicroUsd: 400_000 }],
];

export function priceOf(model: string): Price | null {
  return prices.find(([pattern]) => pattern.test(model))?.[1] ?? null;
}
