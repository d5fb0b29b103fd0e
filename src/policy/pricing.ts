// Pricing: what an answer cost by the provider's list price. A leaf: it must never round, since the sum of many small
// answers (embeddings cost fractions of a millionth) would drift from the provider's bill.
import type { Usage } from '../kernel/usage.ts';

/** Millionths of a US dollar per million tokens. */
export interface Price {
  readonly inputMicroUsd: number;
  readonly cachedInputMicroUsd: number;
  readonly outputMicroUsd: number;
}

const PER_TOKENS = 1_000_000;

/** Cached tokens are part of the prompt's, and priced apart; reasoning tokens are part of the completion's. */
export function costMicroUsd(usage: Usage, price: Price): number {
  const cached = Math.min(usage.cachedTokens ?? 0, usage.promptTokens);
  const fresh = usage.promptTokens - cached;
  const total =
    fresh * price.inputMicroUsd + cached * price.cachedInputMicroUsd + usage.completionTokens * price.outputMicroUsd;
  return total / PER_TOKENS;
}
