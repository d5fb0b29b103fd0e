// Rate headers: what an upstream says of its limits in `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` (OpenAI and
// those who copy it) or `anthropic-ratelimit-{requests,tokens,…}-{limit,remaining,reset}`.
// It must never take what is missing, negative or no number (Azure sends -1) for a limit: that is unknown, not zero.
import type { WallMs } from '../kernel/brands.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { parseGoDurationMs } from '../kernel/headers.ts';

export interface RateLevel {
  /** Per window of the upstream's, most often a minute. */
  readonly limit: number;
  readonly remaining: number;
  /** Until it is full again; null when not told. */
  readonly resetMs: number | null;
}

export interface RateLevels {
  readonly requests: RateLevel | null;
  readonly tokens: RateLevel | null;
}

export const noRateLevels: RateLevels = { requests: null, tokens: null };

const DAY_MS = 86_400_000;

export function readRateLevels(headers: HeaderRecord, now: WallMs): RateLevels {
  return {
    requests: openaiLevel(headers, 'requests', now) ?? anthropicLevel(headers, 'requests', now),
    tokens:
      openaiLevel(headers, 'tokens', now) ??
      // The first that is told; the sum of both kinds is what our costs are counted in.
      anthropicLevel(headers, 'tokens', now) ??
      anthropicLevel(headers, 'input-tokens', now),
  };
}

/** What one of several may take of it, who do not see each other. */
export const partOf = (fraction: number, told: RateLevel | null): RateLevel | null =>
  told === null || fraction === 1
    ? told
    : { ...told, limit: told.limit * fraction, remaining: told.remaining * fraction };

function openaiLevel(headers: HeaderRecord, of: string, now: WallMs): RateLevel | null {
  return level(
    headers[`x-ratelimit-limit-${of}`],
    headers[`x-ratelimit-remaining-${of}`],
    headers[`x-ratelimit-reset-${of}`],
    now,
  );
}

function anthropicLevel(headers: HeaderRecord, of: string, now: WallMs): RateLevel | null {
  const name = `anthropic-ratelimit-${of}`;
  return level(headers[`${name}-limit`], headers[`${name}-remaining`], headers[`${name}-reset`], now);
}

function level(limit: Told, remaining: Told, reset: Told, now: WallMs): RateLevel | null {
  const [most, left] = [whole(limit), whole(remaining)];
  if (most === null || left === null || most === 0) return null;
  return { limit: most, remaining: Math.min(left, most), resetMs: resetMsOf(reset?.trim() ?? '', now) };
}

type Told = string | undefined;

function whole(told: Told): number | null {
  return told !== undefined && /^\s*\d{1,12}\s*$/.test(told) ? Number(told) : null;
}

/** A Go duration (`6m0s`), seconds (`12`, `0.5`) or an instant (RFC 3339). */
function resetMsOf(told: string, now: WallMs): number | null {
  const ms = parseGoDurationMs(told) ?? secondsMs(told) ?? instantMs(told, now);
  return ms === null || !(ms <= DAY_MS) ? null : Math.max(0, ms);
}

const secondsMs = (told: string): number | null => (/^\d{1,6}(?:\.\d{1,6})?$/.test(told) ? Number(told) * 1000 : null);

function instantMs(told: string, now: WallMs): number | null {
  const at = /^\d{4}-\d\d-\d\dT/.test(told) ? Date.parse(told) : Number.NaN;
  return Number.isNaN(at) ? null : at - now;
}
