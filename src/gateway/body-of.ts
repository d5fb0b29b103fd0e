// What is sent of a request to one target: the caller's bytes with a few fields patched, as long as the target speaks a dialect
// in which the request is at hand; else a body written anew.
import { patchObject } from '../dialects/json-patch.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import { utf8Encode } from '../kernel/web.ts';
import type { Prepared } from '../providers/provider.ts';

export function bodyOf(request: CanonicalRequest, { body, patch }: Pick<Prepared, 'body' | 'patch'>): Uint8Array {
  if (typeof body !== 'string') return utf8Encode(JSON.stringify(body));
  const source = body === 'native' && request.native !== null ? request.native : request;
  return patchObject(source.bytes, source.body, patch);
}
