// Shrink: makes a failing run smaller while it still fails — shorter, with fewer tenants — so that somebody can look at it.
import type { Order, RunResult } from './run.ts';
import { run } from './run.ts';

const SCALE_MIN = 0.05;
const TENANTS_MIN = 1;
const TENANTS_USUAL = 40;

/** The smallest order found that still has findings, and its result. */
export function shrink(order: Order, failed: RunResult, again: (order: Order) => RunResult = run): [Order, RunResult] {
  let best: [Order, RunResult] = [order, failed];
  for (let smaller = smallerThan(best[0]); smaller.length > 0;) {
    const next = smaller
      .map((candidate): [Order, RunResult] => [candidate, again(candidate)])
      .find(([, result]) => result.findings.length > 0);
    if (next === undefined) break;
    best = next;
    smaller = smallerThan(best[0]);
  }
  return best;
}

function smallerThan(order: Order): Order[] {
  const smaller: Order[] = [];
  const tenants = order.tenants ?? TENANTS_USUAL;
  if (order.scale / 2 >= SCALE_MIN && order.trace === null) smaller.push({ ...order, scale: order.scale / 2 });
  if (tenants > TENANTS_MIN) smaller.push({ ...order, tenants: Math.max(TENANTS_MIN, Math.floor(tenants / 4)) });
  return smaller;
}
