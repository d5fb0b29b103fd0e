// Chaos: what goes wrong with the walls in the middle of a storm, when, and how it is put on and taken off. Pure: a script of
// what is to be done at which instant. It must leave every wall well at its end, long before the storm's.
import type { Tier } from '../../kernel/lane.ts';
import { type Ailment, well } from '../../wall/engine/ailment.ts';
import type { Timeline } from './setting.ts';

/** As it stands on the timeline. */
export interface Trouble {
  readonly words: string;
  readonly tier: Tier;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Turn {
  readonly atMs: number;
  readonly tier: Tier;
  readonly ailment: Ailment;
}

interface Act {
  readonly words: string;
  readonly tier: Tier;
  /** Shares of the storm. */
  readonly from: number;
  readonly to: number;
  readonly ailment: Partial<Ailment>;
  /** Ill and well in turns of so long; null: ill all the time. */
  readonly flapMs: number | null;
}

const FLAP_MS = 1_000;

const acts: readonly Act[] = [
  { words: 'base 5× slower', tier: 'base', from: 0.1, to: 0.25, ailment: { slow: 5 }, flapMs: null },
  { words: 'base is dead', tier: 'base', from: 0.32, to: 0.45, ailment: { dead: true }, flapMs: null },
  { words: 'peak says 429', tier: 'peak', from: 0.52, to: 0.65, ailment: { refuse: 429 }, flapMs: null },
  { words: 'peak flaps', tier: 'peak', from: 0.72, to: 0.87, ailment: { dead: true }, flapMs: FLAP_MS },
];

const stormMs = ({ stormFromMs, stormToMs }: Timeline): number => stormToMs - stormFromMs;

export function troublesOf(timeline: Timeline): Trouble[] {
  return acts.map(({ words, tier, from, to }) => ({
    words,
    tier,
    fromMs: Math.round(timeline.stormFromMs + from * stormMs(timeline)),
    toMs: Math.round(timeline.stormFromMs + to * stormMs(timeline)),
  }));
}

/** In order of time. */
export function turnsOf(timeline: Timeline): Turn[] {
  const turns = troublesOf(timeline).flatMap(({ tier, fromMs, toMs }, at) => {
    const { ailment = {}, flapMs = null } = acts[at] ?? {};
    const ill: Ailment = { ...well, ...ailment };
    const made: Turn[] = [];
    for (let atMs = fromMs; atMs < toMs; atMs += flapMs === null ? toMs - fromMs : 2 * flapMs) {
      made.push({ atMs, tier, ailment: ill });
      if (flapMs !== null && atMs + flapMs < toMs) made.push({ atMs: atMs + flapMs, tier, ailment: well });
    }
    return [...made, { atMs: toMs, tier, ailment: well }];
  });
  return turns.toSorted((one, other) => one.atMs - other.atMs);
}
