// Shrink: makes a failing run smaller while it still fails — shorter, with fewer tenants — so that somebody can look at it.
import type { Order, RunResult } from './run.ts';

const SCALE_MIN = 0.05;
const TENANTS_MIN = 1;
const TENANTS_USUAL = 40;

type Size = Pick<Order, 'scale' | 'tenants'>;

/** The smallest order found that still has findings, and its result. `fixedTimes`: a trace's, which no scale changes. */
export function shrink<Some extends Size>(
  order: Some,
  failed: RunResult,
  again: (order: Some) => RunResult,
  fixedTimes = false,
): [Some, RunResult] {
  let best: [Some, RunResult] = [order, failed];
  for (let smaller = smallerThan(best[0], fixedTimes); smaller.length > 0;) {
    const next = smaller
      .map((candidate): [Some, RunResult] => [candidate, again(candidate)])
      .find(([, result]) => result.findings.length > 0);
    if (next === undefined) break;
    best = next;
    smaller = smallerThan(best[0], fixedTimes);
  }
  return best;
}

function smallerThan<Some extends Size>(order: Some, fixedTimes: boolean): Some[] {
  const smaller: Some[] = [];
  const tenants = order.tenants ?? TENANTS_USUAL;
  if (order.scale / 2 >= SCALE_MIN && !fixedTimes) smaller.push({ ...order, scale: order.scale / 2 });
  if (tenants > TENANTS_MIN) smaller.push({ ...order, tenants: Math.max(TENANTS_MIN, Math.floor(tenants / 4)) });
  return smaller;
}
