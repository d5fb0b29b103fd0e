// Choose: which of the targets with room gets the exchange. Of two drawn at random the one that would answer sooner: always
// taking the best of all would send everybody there until its estimate has caught up. The target that has the prompt's
// beginning in its cache is kept while it is not much slower than the best; where two are as good as equal, the cheaper.
// It must never choose somebody who is no candidate.
import type { Chance } from '../ports/chance.ts';

/** The cache is worth waiting so much longer for: it spares reading, and spares the other targets' caches. */
const STICKY_FACTOR = 1.3;
/** Estimates that differ by less are equal. */
const EQUAL_SHARE = 0.1;

export interface TargetCandidate {
  readonly id: string;
  /** Estimated time to its first token. */
  readonly firstTokenMs: number;
  /** Any unit, the same for all; null: not known, which ties with everything. */
  readonly cost: number | null;
}

/** `sticky`: who served the longest known beginning of this prompt. Null when there is no candidate. */
export function chooseTarget<T extends TargetCandidate>(
  candidates: readonly T[],
  sticky: string | null,
  chance: Chance,
): T | null {
  const first = candidates[pick(candidates.length, chance)];
  if (first === undefined) return null;
  const kept = sticky === null ? undefined : candidates.find(({ id }) => id === sticky);
  if (kept !== undefined) {
    const bestMs = candidates.reduce((least, { firstTokenMs }) => Math.min(least, firstTokenMs), Infinity);
    if (kept.firstTokenMs <= STICKY_FACTOR * bestMs) return kept;
  }
  if (candidates.length === 1) return first;
  const others = candidates.filter((candidate) => candidate !== first);
  const second = others[pick(others.length, chance)];
  return second === undefined ? first : better(first, second);
}

function pick(count: number, chance: Chance): number {
  return Math.floor(chance.draw() * count);
}

function better<T extends TargetCandidate>(a: T, b: T): T {
  const faster = b.firstTokenMs < a.firstTokenMs ? b : a;
  const slower = faster === a ? b : a;
  if (faster.firstTokenMs < slower.firstTokenMs * (1 - EQUAL_SHARE)) return faster;
  if (a.cost === null || b.cost === null || a.cost === b.cost) return faster;
  return a.cost < b.cost ? a : b;
}
