// Limit: what this key may still use. Requests, tokens and concurrency are reserved before anything is sent and settled
// with the true figures when the exchange ends, so that parallel requests cannot overdraw together. Where several workers
// keep limits together the word takes a moment, in which the exchange parks.
import { reject, type Rejection } from '../kernel/rejection.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { Clock } from '../ports/clock.ts';
import type { BurstCircumstances } from '../policy/burst.ts';
import type { AnswerLength, AnswerLengths } from '../policy/answer-length.ts';
import type { TokenCorrection } from '../policy/token-correction.ts';
import type { Exchange } from './exchange.ts';

/** The most that is reserved for one answer: a caller's 200k maximum would shut everyone near their limit out. */
const ANSWER_TOKENS_RESERVED_MAX = 4_000;
/** Of all answers together. */
const RESERVED_MAX = 16_000;

/** What was learned of prompts and answers. */
export interface Estimates {
  readonly correction: TokenCorrection;
  readonly lengths: AnswerLengths;
}

/** What it will cost, as far as can be known. */
function estimate(exchange: Exchange, { correction, lengths }: Estimates): void {
  const { request, model, key } = exchange;
  // Counting computes nothing: it is a request, but no tokens.
  if (request === null || model === null || request.surface === 'countTokens') return;
  const keyName = key?.name ?? null;
  const promptTokens = correction.estimate(model.name, keyName, request.promptTokens);
  const { meanTokens, q80Tokens } = answers(request, lengths.estimate(model.name, request.answerTokensMax, keyName));
  exchange.tokensReserved = Math.ceil(promptTokens + Math.min(q80Tokens, RESERVED_MAX));
  exchange.demand = {
    lane: exchange.lane,
    tenant: keyName ?? '',
    tokens: exchange.tokensReserved,
    promptTokens,
    answerTokensMean: meanTokens,
    answerTokensQ80: q80Tokens,
    answerTokensMax: request.answerTokensMax,
    streamed: exchange.outbound?.stream ?? request.stream,
  };
}

/**
 * Calls `done` once, unless the exchange has ended meanwhile: null, or why it may not go on. `circumstances`: asked only when
 * the key would go beyond a limit.
 */
export function limit(
  exchange: Exchange,
  estimates: Estimates,
  circumstances: () => BurstCircumstances,
  clock: Clock,
  done: (rejection: Rejection | null) => void,
): void {
  const { request, model, keyLimits } = exchange;
  estimate(exchange, estimates);
  if (request === null || model === null || keyLimits === null) return done(null);
  keyLimits.ask(exchange.tokensReserved, clock.now(), circumstances, (reserved) => {
    // Whom nobody waits for any more has used nothing.
    if (exchange.phase === 'ended') return reserved.ok ? reserved.value.cancel(clock.now()) : undefined;
    if (reserved.ok) {
      exchange.reservation = reserved.value;
      return done(null);
    }
    const { kind, message, retryAfterMs } = reserved.error;
    done(reject(kind, message, { retryAfterMs }));
  });
}

/** Of all answers that are asked for. */
function answers(request: CanonicalRequest, one: AnswerLength): AnswerLength {
  if (request.surface === 'embeddings') return { meanTokens: 0, q80Tokens: 0 };
  const { choices } = request;
  return {
    meanTokens: one.meanTokens * choices,
    q80Tokens: Math.min(one.q80Tokens, ANSWER_TOKENS_RESERVED_MAX) * choices,
  };
}
