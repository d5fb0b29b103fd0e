// Timeouts, retry and breaker: the sections that are numbers with relations between them.
import type { BreakerConfig, RetryConfig, TimeoutsConfig } from '../../ports/config.ts';
import { defaultBreaker, defaultRetry } from './defaults.ts';
import type { Path, Problems } from './problems.ts';
import type { FileConfig, FileTimeouts } from './schema.ts';

const insideTotal = ['firstTokenMs', 'idleMs', 'queueMs', 'commitAfterMs'] as const;

/** What is not written comes from `inherited`, cut to a `totalMs` that is written: nothing outlasts the whole. */
export function readTimeouts(
  file: FileTimeouts | undefined,
  inherited: TimeoutsConfig,
  path: Path,
  problems: Problems,
): TimeoutsConfig {
  const totalMs = file?.totalMs ?? inherited.totalMs;
  const part = (name: keyof TimeoutsConfig): number => file?.[name] ?? Math.min(inherited[name], totalMs);
  for (const name of insideTotal) {
    if ((file?.[name] ?? 0) <= totalMs) continue;
    problems.add([...path, name], `\`${name}\` has no effect: it is longer than \`totalMs\` (${totalMs})`);
  }
  return {
    connectMs: part('connectMs'),
    firstTokenMs: part('firstTokenMs'),
    idleMs: part('idleMs'),
    totalMs,
    queueMs: part('queueMs'),
    commitAfterMs: part('commitAfterMs'),
  };
}

export function readRetry(file: FileConfig['retry'], problems: Problems): RetryConfig {
  const backoffMs = file?.backoffMs ?? Math.min(defaultRetry.backoffMs, file?.backoffMsMax ?? Infinity);
  const backoffMsMax = file?.backoffMsMax ?? Math.max(defaultRetry.backoffMsMax, backoffMs);
  if (backoffMsMax < backoffMs) {
    problems.add(['retry', 'backoffMsMax'], '`backoffMsMax` cannot be shorter than `backoffMs`');
  }
  return {
    maxAttempts: file?.maxAttempts ?? defaultRetry.maxAttempts,
    budgetPercent: file?.budgetPercent ?? defaultRetry.budgetPercent,
    hedgePercent: file?.hedgePercent ?? defaultRetry.hedgePercent,
    backoffMs,
    backoffMsMax,
  };
}

export function readBreaker(file: FileConfig['breaker'], problems: Problems): BreakerConfig {
  const openMs = file?.openMs ?? Math.min(defaultBreaker.openMs, file?.openMsMax ?? Infinity);
  const openMsMax = file?.openMsMax ?? Math.max(defaultBreaker.openMsMax, openMs);
  if (openMsMax < openMs) problems.add(['breaker', 'openMsMax'], '`openMsMax` cannot be shorter than `openMs`');
  return {
    consecutiveFailures: file?.consecutiveFailures ?? defaultBreaker.consecutiveFailures,
    failurePercent: file?.failurePercent ?? defaultBreaker.failurePercent,
    minimumSends: file?.minimumSends ?? defaultBreaker.minimumSends,
    windowMs: file?.windowMs ?? defaultBreaker.windowMs,
    openMs,
    openMsMax,
  };
}
