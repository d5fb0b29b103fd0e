// A request for OpenAI's Responses API: the caller's own where it wrote in its words, else written anew.
import { responsesFar } from '../dialects/responses/dialect.ts';
import { writeRequest } from '../dialects/responses/request-writer.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { passedThrough } from './native.ts';
import type { Prepared } from './provider.ts';

const at = { dialect: responsesFar, path: '/responses' } as const;

/** Null: the caller did not write in its words. */
export const ownResponses = (request: CanonicalRequest, model: string): Prepared | null =>
  passedThrough(request, model, at);

/** For a chat that only Responses can answer. */
export function writtenResponses(request: CanonicalRequest, model: string): Prepared {
  const { body, unsupported } = writeRequest(request, model);
  return { ...at, fromOrigin: false, body, patch: {}, headers: [], unsupported };
}
