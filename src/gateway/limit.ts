// Limit: what this key may still use. Requests, tokens and concurrency are reserved before anything is sent and settled
// with the true figures when the exchange ends, so that parallel requests cannot overdraw together.
import type { MonotonicMs } from '../kernel/brands.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import type { TokenCorrection } from '../policy/token-correction.ts';
import type { Exchange } from './exchange.ts';

/** Reserved for an answer whose length the client did not bound, and the most reserved for one it did: reserving a
 * 200k maximum would shut everyone near their limit out (settling charges what was really used). */
const ANSWER_TOKENS_GUESS = 1_000;
const ANSWER_TOKENS_RESERVED_MAX = 4_000;
/** Of all answers together. */
const RESERVED_MAX = 16_000;

export function limit(exchange: Exchange, correction: TokenCorrection, now: MonotonicMs): Rejection | null {
  const { request, model, key, keyLimits } = exchange;
  if (request === null || model === null) return null;
  // Counting computes nothing: it is a request, but no tokens.
  const counts = request.surface === 'countTokens';
  const prompt = correction.estimate(model.name, key?.name ?? null, request.promptTokens);
  const answer = Math.min(request.answerTokensMax ?? ANSWER_TOKENS_GUESS, ANSWER_TOKENS_RESERVED_MAX);
  const answers = request.surface === 'embeddings' ? 0 : Math.min(answer * request.choices, RESERVED_MAX);
  exchange.tokensReserved = counts ? 0 : Math.ceil(prompt + answers);
  if (keyLimits === null) return null;
  const reserved = keyLimits.reserve(exchange.tokensReserved, now);
  if (!reserved.ok) {
    return reject(reserved.error.kind, reserved.error.message, { retryAfterMs: reserved.error.retryAfterMs });
  }
  exchange.reservation = reserved.value;
  return null;
}
