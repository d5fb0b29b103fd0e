// Caller: who asks, by the credential that came, whatever header the dialect has for it. "Once" is once for a caller.
import type { IncomingHttpHeaders } from 'node:http';

/** Null: nobody said. Signatures of AWS differ from request to request, their access key does not. */
export function credentialOf({ authorization, ...headers }: IncomingHttpHeaders): string | null {
  const given = authorization ?? headers['x-api-key'] ?? headers['api-key'];
  if (given === undefined) return null;
  const text = String(given);
  return /^AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)/.exec(text)?.[1] ?? text;
}

/** `x-wall-key` goes first: tests count by it. */
export function callerOf(headers: IncomingHttpHeaders): string {
  return String(headers['x-wall-key'] ?? credentialOf(headers) ?? '');
}
