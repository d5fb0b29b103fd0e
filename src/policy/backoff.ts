// Backoff: how long to wait before asking the same upstream again. Full jitter, because resends that wait the same time
// arrive together and fail together; what the upstream asked for always wins, and gets jitter on top for the same reason.
// It must never answer less than the upstream asked for.
import type { Chance } from '../ports/chance.ts';
import type { RetryConfig } from '../ports/config.ts';

const RETRY_AFTER_JITTER = 0.2;

export type Backoff = Pick<RetryConfig, 'backoffMs' | 'backoffMsMax'>;

/** `resend`: 1 for the first resend. `retryAfterMs`: what the upstream asked for; null when it did not say. */
export function backoffMs(resend: number, retry: Backoff, retryAfterMs: number | null, chance: Chance): number {
  const ceilingMs = Math.min(retry.backoffMsMax, retry.backoffMs * 2 ** (resend - 1));
  const askedMs = retryAfterMs === null ? 0 : retryAfterMs * (1 + RETRY_AFTER_JITTER * chance.draw());
  return Math.max(askedMs, ceilingMs * chance.draw());
}
