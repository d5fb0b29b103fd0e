// First-token base: how long the first token takes when nobody waits, as a line over the prompt's length:
// base(in) = A + B × in. What a first token took beyond it is waiting at the far side, the sign of congestion. B is the
// median slope over pairs (Theil–Sen), A the tenth percentile of what the slope leaves: a few odd answers move neither.
// It must never learn from whole answers' times, and never grow: ten minutes are kept in slots of a minute, each thinned
// evenly when it is full, so that a busy minute does not push the quiet ones out.
import type { MonotonicMs } from '../kernel/brands.ts';
import { quantileOf, sorted } from './quantile.ts';

const SLOTS = 10;
const SLOT_MS = 60_000;
const SLOT_SAMPLES_MAX = 32;
/** Fewer say too little: until then there is no base, and nobody judges by it. */
const SAMPLES_MIN = 8;
const LOW_SHARE = 0.1;
/** A line is fitted anew at most this often: fitting costs a sort. */
const FIT_EVERY_MS = 2_000;

interface Sample {
  readonly promptTokens: number;
  readonly firstTokenMs: number;
}

interface Slot {
  turn: number;
  samples: Sample[];
  /** Every so-manieth answer is kept. */
  stride: number;
  seen: number;
}

interface Line {
  readonly fixedMs: number;
  readonly msPerToken: number;
}

export class FirstTokenBase {
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ turn: -1, samples: [], stride: 1, seen: 0 }));
  #line: Line | null = null;
  #fittedAt = -Infinity;
  #newest = 0;

  add(promptTokens: number, firstTokenMs: number, now: MonotonicMs): void {
    const turn = Math.floor(now / SLOT_MS);
    const slot = this.#slots[turn % SLOTS];
    if (slot === undefined) return;
    if (slot.turn !== turn) Object.assign(slot, { turn, samples: [], stride: 1, seen: 0 });
    if (slot.seen++ % slot.stride !== 0) return;
    slot.samples.push({ promptTokens, firstTokenMs });
    this.#newest++;
    if (slot.samples.length < SLOT_SAMPLES_MAX) return;
    slot.samples = slot.samples.filter((_, at) => at % 2 === 0);
    slot.stride *= 2;
  }

  /** Null while too little is known. */
  baseMs(promptTokens: number, now: MonotonicMs): number | null {
    const line = this.#fitted(now);
    return line === null ? null : line.fixedMs + line.msPerToken * promptTokens;
  }

  /** The line's slope: the far side's prefill speed; null while unknown, 0 when longer prompts take no longer. */
  msPerPromptToken(now: MonotonicMs): number | null {
    return this.#fitted(now)?.msPerToken ?? null;
  }

  /** The far side is another one now: what was learned of it misleads. */
  clear(): void {
    for (const slot of this.#slots) slot.turn = -1;
    this.#line = null;
    this.#fittedAt = -Infinity;
  }

  #fitted(now: MonotonicMs): Line | null {
    // Until there is a line, each new sample may bring it.
    const stale = this.#line === null ? this.#newest > 0 : now - this.#fittedAt >= FIT_EVERY_MS;
    if (!stale) return this.#line;
    this.#fittedAt = now;
    this.#newest = 0;
    const oldest = Math.floor(now / SLOT_MS) - SLOTS + 1;
    const samples = this.#slots.flatMap((slot) => (slot.turn >= Math.max(0, oldest) ? slot.samples : []));
    // A quiet time longer than the window leaves the old line: a guess is better than none, and the first answers mend it.
    if (samples.length >= SAMPLES_MIN) this.#line = fit(samples);
    return this.#line;
  }
}

/** Pairs are far apart in length (the lower half with the upper): neighbours' slopes would be all noise. */
function fit(samples: readonly Sample[]): Line {
  const byLength = samples.toSorted((left, right) => left.promptTokens - right.promptTokens);
  const half = Math.floor(byLength.length / 2);
  const slopes: number[] = [];
  for (let at = 0; at + half < byLength.length; at++) {
    const [short, long] = [byLength[at], byLength[at + half]];
    if (short === undefined || long === undefined || long.promptTokens <= short.promptTokens) continue;
    slopes.push((long.firstTokenMs - short.firstTokenMs) / (long.promptTokens - short.promptTokens));
  }
  const median = slopes.length === 0 ? 0 : quantileOf(sorted(slopes), 0.5);
  // Prefill never gets faster with length; a negative slope is waiting that happened to hit the short ones.
  const msPerToken = Math.max(0, median);
  const rest = sorted(byLength.map((sample) => sample.firstTokenMs - msPerToken * sample.promptTokens));
  return { fixedMs: Math.max(0, quantileOf(rest, LOW_SHARE)), msPerToken };
}
