// Script: what the wall does with one request, as a list of steps made while it is played. Behaviours are scripts, so they
// hold no timers and no sockets; `stage.ts` has both, and cleans up behind every one of them.

export type Step =
  | { readonly kind: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'bytes'; readonly bytes: string | Uint8Array }
  | { readonly kind: 'wait'; readonly ms: number };

/** How it ends: the response is finished, the connection is reset, or nothing more happens until the client leaves. */
export type Ending = 'end' | 'reset' | 'hang';

export type Script = Generator<Step, Ending>;
/** A part of a script; another part follows. */
export type Part = Generator<Step, void>;

export const head = (status: number, headers: Readonly<Record<string, string>> = {}): Step => ({
  kind: 'head',
  status,
  headers,
});
export const bytes = (content: string | Uint8Array): Step => ({ kind: 'bytes', bytes: content });
export const wait = (ms: number): Step => ({ kind: 'wait', ms });

const RESET_AFTER_MS = 20;

/** A reset may overtake bytes that are still under way; what was said shall arrive first. */
export function* reset(): Script {
  yield wait(RESET_AFTER_MS);
  return 'reset';
}

/** A complete body of known length. */
export function* answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Script {
  const content = Buffer.from(body);
  yield head(status, {
    'content-type': 'application/json',
    'content-length': String(content.length),
    ...headers,
  });
  yield bytes(content);
  return 'end';
}
