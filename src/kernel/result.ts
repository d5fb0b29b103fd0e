// Result: the answer of a step that may fail in a way its caller handles. Bugs throw; everything expected is a Result.

export type Result<Value, Trouble> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Trouble };

export const ok = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value });
export const fail = <Trouble>(error: Trouble): { readonly ok: false; readonly error: Trouble } => ({
  ok: false,
  error,
});

/**
 * A thrown bug in words for the log: name, message and frames. The message of a SyntaxError is left out: parsers quote
 * their input there, and the input may be a prompt.
 */
export function wordsOfBug(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'a thrown value that is no Error';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const message = error instanceof SyntaxError ? '' : `: ${error.message}`;
  return [`${error.name}${message}`, ...frames].join('\n');
}

/** A bug, not trouble: throws when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
