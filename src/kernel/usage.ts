// Usage: what one answer cost in tokens, in OpenAI's sense (prompt tokens include cached ones). Null means "not said",
// zero means zero.

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  /** Of the prompt, written to the provider's cache, which costs more than reading it. Absent: none, or not said. */
  readonly cacheWriteTokens?: number;
  /** Where the figures come from: the provider said so, or they were counted from what was delivered. */
  readonly source: 'provider' | 'estimated';
}
