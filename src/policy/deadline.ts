// Deadline: until when an answer is worth anything to its caller. Three voices, the earliest counts:
//
//   x-spillway-deadline-ms: 8000       said to us: later than this an answer need not begin
//   x-stainless-timeout: 600 (seconds), grpc-timeout: 1500m
//                                      the client's own patience: it hangs up when no answer has begun by then
//   the model's timeouts               what the operator allows
//
// An answer that is not streamed begins when it is complete.
// What is said to us and is no number is refused: who means a deadline must not be served without one. What was said to
// somebody else and makes no sense is ignored.
// It must never give anybody more time than the operator allows.
import { later, type MonotonicMs } from '../kernel/brands.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { fail, ok, type Result } from '../kernel/result.ts';

export interface Deadlines {
  /** Without a first token by then, the answer is too late. */
  readonly firstTokenAt: MonotonicMs;
  readonly totalAt: MonotonicMs;
}

export const DEADLINE_HEADER = 'x-spillway-deadline-ms';
const GRPC_UNIT_MS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 } as const;

/** An error is a sentence for the caller. */
export function deadlinesOf(
  headers: HeaderRecord,
  { totalMs: allowedMs, stream, arrivedAt }: { totalMs: number; stream: boolean; arrivedAt: MonotonicMs },
): Result<Deadlines, string> {
  const said = headers[DEADLINE_HEADER];
  const callerMs = said === undefined ? Number.POSITIVE_INFINITY : positive(said);
  if (callerMs === null) {
    return fail(`${DEADLINE_HEADER} must be a positive number of milliseconds, such as 30000.`);
  }
  const clientMs = clientPatienceMs(headers) ?? Number.POSITIVE_INFINITY;
  const totalMs = Math.min(allowedMs, stream ? Number.POSITIVE_INFINITY : Math.min(callerMs, clientMs));
  const firstTokenMs = Math.min(callerMs, clientMs, totalMs);
  return ok({
    firstTokenAt: later(arrivedAt, firstTokenMs),
    totalAt: later(arrivedAt, totalMs),
  });
}

/** The shorter of what the SDK and what gRPC says; null when neither makes sense. */
function clientPatienceMs(headers: HeaderRecord): number | null {
  const seconds = positive(headers['x-stainless-timeout'] ?? '');
  const [, amount, unit] = /^(\d{1,8})([HMSmun])$/.exec(headers['grpc-timeout'] ?? '') ?? [];
  const grpcMs = amount === undefined ? 0 : Number(amount) * GRPC_UNIT_MS[unit as keyof typeof GRPC_UNIT_MS];
  const known = [seconds === null ? 0 : seconds * 1_000, grpcMs].filter((ms) => ms > 0);
  return known.length === 0 ? null : Math.min(...known);
}

/** Plain decimal notation only: `1e3`, `0x10` and signs are more likely mistakes than wishes. */
function positive(text: string): number | null {
  if (!/^\d{1,12}(?:\.\d{1,6})?$/.test(text.trim())) return null;
  const value = Number(text);
  return value > 0 ? value : null;
}
