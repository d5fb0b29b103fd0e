// Bedrock's models: which of its interfaces serves which, as data. Sources: docs.aws.amazon.com/bedrock model cards,
// models-endpoint-availability and inference-responses-api pages (2026-11), @ai-sdk/amazon-bedrock
// `bedrock-mantle-provider.ts`. An inference profile's prefix (`us.`, `global.`) or an ARN may stand before the id.

const is = (pattern: RegExp) => (model: string) => pattern.test(model);

export const isClaudeId = is(/anthropic\.claude/);

/** Chat Completions at the runtime endpoint; what is not listed is asked through Converse, which serves nearly all. */
export const hasChatCompletions = is(/(?:^|[./])(?:openai\.gpt-|deepseek\.v3|google\.gemma-4|xai\.)/);

/** OpenAI's present models: Responses too, and OpenAI's own rules for parameters. The open-weight ones are not among them. */
export const isOpenaiModel = is(/(?:^|[./])openai\.gpt-(?!oss)/);

/** Served below `/openai/v1` at the mantle endpoint; below the other prefix it says "isn't supported on this route". */
export const isBelowOpenaiPath = is(/^(?:openai\.gpt-(?!oss-)|google\.gemma-4|xai\.)/);

interface Size {
  readonly contextTokens: number;
  readonly outputTokens: number;
}
const sizes: readonly (readonly [RegExp, Size])[] = [
  [/deepseek\.r1/, { contextTokens: 128_000, outputTokens: 8_192 }],
  [/deepseek\.v3/, { contextTokens: 164_000, outputTokens: 8_192 }],
];

export function sizeOf(model: string): Size | null {
  return sizes.find(([pattern]) => pattern.test(model))?.[1] ?? null;
}
