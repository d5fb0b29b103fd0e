// Result: the answer of a step that may fail in a way its caller handles. Bugs throw; everything expected is a Result.

export type Result<Value, Trouble> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: Trouble };

export const ok = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value });
export const fail = <Trouble>(error: Trouble): { readonly ok: false; readonly error: Trouble } => ({ ok: false, error });

/** A bug, not trouble: throws when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
