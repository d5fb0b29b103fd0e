// Retry-After in all the forms providers write it. It exists because most gateways honour one form and hammer the upstream
// in the others. It needs no clock: an HTTP date is measured against the same answer's `date` header, and ignored without.
import { parseGoDurationMs } from '../kernel/headers.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { limits } from '../kernel/limits.ts';

/** Milliseconds the far side asks us to wait, at most `limits.retryAfterMsMax`; null when it does not say. */
export function retryAfterMs(headers: HeaderRecord): number | null {
  const wait =
    milliseconds(headers['retry-after-ms']) ??
    milliseconds(headers['x-ms-retry-after-ms']) ??
    secondsOrDate(headers['retry-after'], headers['date']) ??
    resetOfEmptyBudget(headers);
  return wait === null ? null : Math.min(Math.ceil(wait), limits.retryAfterMsMax);
}

function milliseconds(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? '';
  return /^\d+(?:\.\d+)?$/.test(trimmed) ? Number(trimmed) : null;
}

function secondsOrDate(text: string | undefined, sentAt: string | undefined): number | null {
  const seconds = milliseconds(text);
  if (seconds !== null) return seconds * 1000;
  // `Date.parse` finds a date in "in 2027" and in "-2030" too: only what has a time of day is taken for one.
  if (text === undefined || sentAt === undefined || !/\d:\d\d/.test(text)) return null;
  const wait = Date.parse(text) - Date.parse(sentAt);
  return Number.isFinite(wait) && wait >= 0 ? wait : null;
}

/**
 * `x-ratelimit-reset-*` tells when a budget is full again, which matters only where nothing of it is left. Azure may send
 * `-1` for what remains: not known.
 */
function resetOfEmptyBudget(headers: HeaderRecord): number | null {
  let wait: number | null = null;
  for (const budget of ['requests', 'tokens']) {
    if (headers[`x-ratelimit-remaining-${budget}`]?.trim() !== '0') continue;
    const reset = parseGoDurationMs(headers[`x-ratelimit-reset-${budget}`]?.trim() ?? '');
    if (reset !== null) wait = Math.max(wait ?? 0, reset);
  }
  return wait;
}
