// A request for OpenAI's Responses API: the caller's own where it wrote in its words, else written anew.
import { responsesFar } from '../dialects/responses/dialect.ts';
import { writeRequest } from '../dialects/responses/request-writer.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { passedThrough } from './native.ts';
import { hasFixedTemperature, leastEffort, whyTemperatureIsFixed } from './openai-models.ts';
import type { Prepared, Unsupported } from './provider.ts';

const at = { dialect: responsesFar, path: '/responses' } as const;

/** Null: the caller did not write in its words. */
export const ownResponses = (request: CanonicalRequest, model: string): Prepared | null =>
  passedThrough(request, model, at);

/** For a chat that only Responses can answer. `known`: the model's own name, where `model` is a deployment's. */
export function writtenResponses(request: CanonicalRequest, model: string, known = model): Prepared {
  const effort = request.body['reasoning_effort'];
  const least = effort === 'none' ? { reasoning_effort: leastEffort(known) } : {};
  const { refused, dropped } = samplingUnknown(request, known);
  const left = [...refused.map(({ param }) => param), ...dropped];
  const chat = { ...request.body, ...least, ...Object.fromEntries(left.map((param) => [param, null])) };
  const { body, unsupported } = writeRequest({ ...request, body: chat }, model);
  return { ...at, fromOrigin: false, body, patch: {}, headers: [], unsupported: [...refused, ...unsupported], dropped };
}

interface SamplingUnknown {
  readonly refused: readonly Unsupported[];
  readonly dropped: readonly string[];
}

/** Callers of other dialects set these by habit; OpenAI's own mean them, and hear what they would hear in chat. */
function samplingUnknown({ body, native }: CanonicalRequest, known: string): SamplingUnknown {
  const isFixed = hasFixedTemperature(known) && (body['temperature'] ?? 1) !== 1;
  if (native === null) {
    const refused = isFixed ? [{ param: 'temperature', why: whyTemperatureIsFixed(known) }] : [];
    return { refused, dropped: [] };
  }
  const hasTopK = (body['top_k'] ?? null) !== null;
  return { refused: [], dropped: [...(isFixed ? ['temperature'] : []), ...(hasTopK ? ['top_k'] : [])] };
}
