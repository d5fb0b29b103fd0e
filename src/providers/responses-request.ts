// A request for OpenAI's Responses API: the caller's own where it wrote in its words, else written anew.
import { responsesFar } from '../dialects/responses/dialect.ts';
import { writeRequest } from '../dialects/responses/request-writer.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { passedThrough } from './native.ts';
import { hasFixedTemperature, leastEffort } from './openai-models.ts';
import type { Prepared } from './provider.ts';

const at = { dialect: responsesFar, path: '/responses' } as const;

/** Null: the caller did not write in its words. */
export const ownResponses = (request: CanonicalRequest, model: string): Prepared | null =>
  passedThrough(request, model, at);

/** For a chat that only Responses can answer. `known`: the model's own name, where `model` is a deployment's. */
export function writtenResponses(request: CanonicalRequest, model: string, known = model): Prepared {
  const { reasoning_effort: effort, temperature } = request.body;
  const least = effort === 'none' ? { reasoning_effort: leastEffort(known) } : {};
  // Callers of other dialects set it by habit.
  const isFixed = request.native !== null && hasFixedTemperature(known) && (temperature ?? 1) !== 1;
  const chat = { ...request.body, ...least, ...(isFixed && { temperature: null }) };
  const { body, unsupported } = writeRequest({ ...request, body: chat }, model);
  const dropped = isFixed ? { dropped: ['temperature'] } : {};
  return { ...at, fromOrigin: false, body, patch: {}, headers: [], unsupported, ...dropped };
}
