// Affinity: which target has seen the beginning of a prompt, and so may have it in its prefix cache. A prompt's text is cut
// into blocks, and each block's mark is a hash over all text up to its end: equal marks mean equal beginnings. Marks start
// from the tenant, so that what one tenant sends never shows in another's answer times.
// It must never keep text, nor grow beyond its blocks; a hash collision may cost a cache hit, nothing else.
import type { MonotonicMs } from '../kernel/brands.ts';

const BLOCK_CHARACTERS = 512;
/** Of one prompt; 128 Ki characters of common beginning are enough to tell conversations apart. */
const BLOCKS_PER_PROMPT_MAX = 256;
const BLOCKS_MAX = 200_000;
const GENERATION_BLOCKS_MAX = BLOCKS_MAX / 2;
const KEPT_MS = 600_000;

/** Marks of a prompt's blocks, first block first. */
export type PrefixMarks = readonly number[];

export interface PrefixMatch {
  readonly target: string;
  readonly characters: number;
}

interface Visit {
  readonly target: string;
  readonly at: MonotonicMs;
}

/** `scope`: tenant and model, since a target's cache is of one model. Text shorter than a block has no marks. */
export function prefixMarks(scope: string, text: string): PrefixMarks {
  const marks: number[] = [];
  const count = Math.min(BLOCKS_PER_PROMPT_MAX, Math.floor(text.length / BLOCK_CHARACTERS));
  if (count === 0) return marks;
  let [low, high] = [0x811c9dc5, 0x2545f491];
  const mix = (source: string, from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      const code = source.charCodeAt(at);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995);
      high ^= high >>> 13;
    }
  };
  mix(scope, 0, scope.length);
  // Between scope and text: else `ab` + `c` would be `a` + `bc`.
  mix('\0', 0, 1);
  for (let block = 0; block < count; block++) {
    mix(text, block * BLOCK_CHARACTERS, (block + 1) * BLOCK_CHARACTERS);
    // 53 bits, what a number holds exactly.
    marks.push((low >>> 0) * 0x20_0000 + (high >>> 11));
  }
  return marks;
}

export class PrefixAffinity {
  /**
   * Two generations: when the young one is full the old one is dropped whole. Dropping the oldest block of one large map
   * took 11 µs each, since a map's iterator walks over everything deleted at its front.
   */
  #young = new Map<number, Visit>();
  #old = new Map<number, Visit>();

  /** Who served last the longest beginning that anybody is remembered for; null when nobody is. */
  lastServed(marks: PrefixMarks, now: MonotonicMs): PrefixMatch | null {
    for (let count = marks.length; count > 0; count--) {
      const mark = marks[count - 1] ?? Number.NaN;
      const visit = this.#young.get(mark) ?? this.#old.get(mark);
      if (visit === undefined || now - visit.at > KEPT_MS) continue;
      return { target: visit.target, characters: count * BLOCK_CHARACTERS };
    }
    return null;
  }

  /** The target has read this prompt. */
  onServed(marks: PrefixMarks, target: string, now: MonotonicMs): void {
    const visit: Visit = { target, at: now };
    for (const mark of marks) {
      if (this.#young.size >= GENERATION_BLOCKS_MAX) {
        this.#old = this.#young;
        this.#young = new Map();
      }
      this.#young.set(mark, visit);
    }
  }
}
