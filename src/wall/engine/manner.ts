// Manner: how DeepSeek's API and a vLLM server differ in what they let their askers see of the same overload. DeepSeek keeps
// connections alive while they wait and counts an account's requests; vLLM says nothing until it has something to say, and
// refuses only when it was told a limit. A manner must never decide who waits.
import { remotePace } from '../../engine/constants.ts';

export const mannerNames = ['deepseek', 'vllm'] as const;
export type MannerName = (typeof mannerNames)[number];

export interface Refusal {
  readonly status: number;
  readonly body: string;
}

export interface Manner {
  /** Signs of life to those who wait: comments in streams, blank lines otherwise. Null: there are none. */
  readonly keepAliveMs: number | null;
  /** Requests in flight above which it refuses, when nothing else is said; null: no bound. */
  inFlightMaxAt(capacity: number): number | null;
  /** Usage rides on the chunk with the finish reason, asked for or not; else it has its own chunk, if asked for. */
  readonly usageOnFinish: boolean;
  full(inFlight: number, inFlightMax: number): Refusal;
  busy(): Refusal;
  limited(): Refusal;
  tooLong(tokens: number, tokensMax: number): Refusal;
  wrong(message: string): Refusal;
  unknownModel(model: string): Refusal;
}

/** DeepSeek's published limit on an account's requests in flight, for its larger model. */
const DEEPSEEK_IN_FLIGHT_MAX = 500;

const deepseekError = (status: number, message: string, type: string, code = type): Refusal => ({
  status,
  body: JSON.stringify({ error: { message, type, param: null, code } }),
});

const deepseek: Manner = {
  keepAliveMs: remotePace.keepAliveMs,
  inFlightMaxAt: (capacity) => Math.max(1, Math.round(DEEPSEEK_IN_FLIGHT_MAX * capacity)),
  usageOnFinish: true,
  full: (inFlight, inFlightMax) =>
    deepseekError(
      429,
      `Your current concurrency is ${inFlight}, which exceeds your concurrency limit of ${inFlightMax}.`,
      'rate_limit_error',
      'invalid_request_error',
    ),
  busy: () => deepseekError(503, 'Service is too busy. Please try again later.', 'service_unavailable_error'),
  limited: () =>
    deepseekError(429, 'Rate limit reached. Please pace your requests.', 'rate_limit_error', 'invalid_request_error'),
  tooLong: (tokens, tokensMax) =>
    deepseekError(
      400,
      `This model's maximum context length is ${tokensMax} tokens. However, you requested ${tokens} tokens.`,
      'invalid_request_error',
    ),
  wrong: (message) => deepseekError(400, message, 'invalid_request_error'),
  unknownModel: () => deepseekError(400, 'Model Not Exist', 'invalid_request_error'),
};

/** vLLM repeats the status as the code. */
const vllmError = (status: number, message: string, type: string): Refusal => ({
  status,
  body: JSON.stringify({ error: { message, type, param: null, code: status } }),
});

const vllm: Manner = {
  keepAliveMs: null,
  inFlightMaxAt: () => null,
  usageOnFinish: false,
  full: (inFlight, inFlightMax) =>
    vllmError(503, `Too many requests in flight: ${inFlight} of ${inFlightMax}.`, 'ServiceUnavailableError'),
  busy: () => vllmError(503, 'The engine does not take requests now.', 'ServiceUnavailableError'),
  limited: () => vllmError(429, 'Too many requests.', 'TooManyRequestsError'),
  tooLong: (tokens, tokensMax) =>
    vllmError(
      400,
      `This model's maximum context length is ${tokensMax} tokens. However, you requested ${tokens} tokens.`,
      'BadRequestError',
    ),
  wrong: (message) => vllmError(400, message, 'BadRequestError'),
  unknownModel: (model) => vllmError(404, `The model \`${model}\` does not exist.`, 'NotFoundError'),
};

export const manners: Readonly<Record<MannerName, Manner>> = { deepseek, vllm };
