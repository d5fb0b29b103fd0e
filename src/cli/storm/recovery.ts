// Recovery: how long after an instant it took until everybody was served as they expect, read from the seconds of a run. Pure.
// It must never call a run well that only ended: what had no time to recover has not.
import type { WindowSummary } from '../../load/summary.ts';

/** A second in which fewer are in SLO is no good one. */
const GOOD_SHARE = 0.9;

/** Until the last second that was no good one had passed; null: not within what was watched. 0: it never was bad. */
export function recoveryMs(
  windows: readonly WindowSummary[],
  windowMs: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): number | null {
  // A second that the instant lies in has two halves: it is judged by the next one.
  const watched = windows.filter((window) => window.fromMs >= fromMs && window.fromMs + windowMs <= untilMs);
  const last = watched.findLastIndex(({ offered, inSlo }) => offered > 0 && inSlo < offered * GOOD_SHARE);
  if (watched.length === 0 || last === watched.length - 1) return null;
  const bad = watched[last];
  return bad === undefined ? 0 : Math.round(bad.fromMs + windowMs - fromMs);
}
