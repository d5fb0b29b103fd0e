// A request for OpenAI's Responses API: the caller's own where it wrote in its words, else written anew.
import { responsesFar } from '../dialects/responses/dialect.ts';
import { writeRequest } from '../dialects/responses/request-writer.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { JsonObject } from '../kernel/json.ts';
import { passedThrough } from './native.ts';
import { hasFixedTemperature, leastEffort } from './openai-models.ts';
import type { Prepared } from './provider.ts';

const at = { dialect: responsesFar, path: '/responses' } as const;

/** Null: the caller did not write in its words. */
export const ownResponses = (request: CanonicalRequest, model: string): Prepared | null =>
  passedThrough(request, model, at);

/** For a chat that only Responses can answer. `known`: the model's own name, where `model` is a deployment's. */
export function writtenResponses(request: CanonicalRequest, model: string, known = model): Prepared {
  const effort = request.body['reasoning_effort'];
  const least = effort === 'none' ? { reasoning_effort: leastEffort(known) } : {};
  const dropped = request.native === null ? [] : samplingDropped(request.body, known);
  const chat = { ...request.body, ...least, ...Object.fromEntries(dropped.map((param) => [param, null])) };
  const { body, unsupported } = writeRequest({ ...request, body: chat }, model);
  return { ...at, fromOrigin: false, body, patch: {}, headers: [], unsupported, dropped };
}

/** Callers of other dialects set these by habit. */
function samplingDropped({ temperature, top_k: topK }: JsonObject, known: string): string[] {
  const isFixed = hasFixedTemperature(known) && (temperature ?? 1) !== 1;
  return [...(isFixed ? ['temperature'] : []), ...((topK ?? null) === null ? [] : ['top_k'])];
}
