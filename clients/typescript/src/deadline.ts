// Deadline: what the gateway is told about the caller's patience (`x-spillway-deadline-ms`), so that it refuses at once what
// would come too late. A signal does not say when it will fire; those made by `deadlineSignal` are remembered here.

export const DEADLINE_HEADER = 'x-spillway-deadline-ms';

const known = new WeakMap<AbortSignal, number>();

/**
 * `AbortSignal.timeout(ms)` whose time is also told to the gateway. For plain `fetch` calls: SDKs put a signal of their own
 * around it, and tell their `timeout` themselves.
 */
export function deadlineSignal(ms: number): AbortSignal {
  const signal = AbortSignal.timeout(ms);
  known.set(signal, Date.now() + ms);
  return signal;
}

/** On the wall clock; null: there is none. */
export function deadlineAt(signal: AbortSignal | null, deadlineMs: number | null, now: number): number | null {
  const bySignal = signal === null ? undefined : known.get(signal);
  const times = [bySignal, deadlineMs === null ? undefined : now + deadlineMs].filter((at) => at !== undefined);
  return times.length === 0 ? null : Math.min(...times);
}
