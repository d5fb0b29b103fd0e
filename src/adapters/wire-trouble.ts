// Wire trouble: what can go wrong on a connection to an upstream, in the kinds the classifier knows and in one wording for
// both transports. The message may reach a caller: it names addresses and codes only.
import type { WireTrouble } from '../ports/upstream.ts';

interface CodedError extends Error {
  readonly code?: unknown;
  readonly errors?: readonly unknown[];
}

const WORDS_MAX = 300;

export const transportClosed: WireTrouble = { kind: 'cancelled', message: 'the transport was closed' };

export const cannotConnect = (why: string): WireTrouble => ({ kind: 'connect', message: `cannot connect: ${why}` });

export const cannotSend = (why: string): WireTrouble => ({
  kind: 'protocol',
  message: `the request cannot be sent: ${why}`,
});

export const notHttp = (why: string): WireTrouble => ({
  kind: 'protocol',
  message: `the answer is not valid HTTP: ${why}`,
});

/** `error` null: the far side closed in order. `reused`: an earlier answer had come over the same connection. */
export function lost(error: Error | null, headSeen: boolean, reused: boolean): WireTrouble {
  if (error === null && headSeen) {
    return { kind: 'reset', message: 'the connection was closed in the middle of the answer' };
  }
  // A kept connection that the far side closed just then says nothing about its health, unlike a fresh one.
  const early = reused ? 'before any answer (a kept connection the far side had closed)' : 'before any answer';
  const when = headSeen ? 'in the middle of the answer' : early;
  return { kind: 'reset', message: `the connection was lost ${when}: ${error === null ? 'closed' : describe(error)}` };
}

export function describe(error: CodedError): string {
  const code = typeof error.code === 'string' ? error.code : '';
  // Several addresses were tried: the outer error has no words of its own.
  const inner = error.errors?.find((one) => one instanceof Error);
  const words = error.message === '' && inner instanceof Error ? inner.message : error.message;
  const named = code === '' || words.includes(code) ? words : `${words} (${code})`;
  return named.length > WORDS_MAX ? `${named.slice(0, WORDS_MAX - 1)}…` : named;
}
