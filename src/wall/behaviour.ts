// Behaviour: one way to behave, by name. What Spillway does about it is part of the table, because a fault that is listed
// without its remedy is only a threat.
import type { DialectName } from '../kernel/dialect-name.ts';
import type { FaultKind } from '../kernel/fault.ts';
import type { Script } from './script.ts';
import type { PrefixManner, Turn } from './turn.ts';

export type Play = (turn: Turn) => Script;

export interface Behaviour {
  /** The model name that picks it. `<…>` stands for a number, which may have a fraction. */
  readonly name: string;
  /** A name that can be used as it stands, where `name` has a `<…>`. */
  readonly example?: string;
  /** What the wall does. */
  readonly title: string;
  /** What Spillway takes it for; null where nothing is wrong. */
  readonly fault: FaultKind | null;
  readonly spillway: string;
  /** The dialects in which it means something; all of them unless it says otherwise. */
  readonly dialects?: readonly DialectName[];
  /** `continues` unless it says otherwise. */
  readonly prefix?: PrefixManner;
  readonly play: Play;
}

/** These behaviours, in these dialects alone. */
export const onlyIn = (dialects: readonly DialectName[], rows: readonly Behaviour[]): Behaviour[] =>
  rows.map((behaviour) => ({ ...behaviour, dialects }));

export const isSpokenIn = ({ dialects }: Behaviour, dialect: DialectName): boolean =>
  dialects === undefined || dialects.includes(dialect);

/** One script for streams, another for bodies. */
export function either(streamed: Play, whole: Play): Play {
  return (turn) => (turn.asked.stream ? streamed(turn) : whole(turn));
}

/** Misbehaves at the first request of a caller only. */
export function once(first: Play, later: Play): Play {
  return (turn) => (turn.earlier === 0 ? first(turn) : later(turn));
}

export const remedies = {
  none: 'passes it on as it is',
  waits: 'waits; its own comments keep the client patient',
  elsewhere: 'asks another target, unseen by the client; if there is none, the same one again within the resend budget',
  otherOnly: 'asks another target, unseen by the client; never the same one again',
  rests:
    'lets the target rest for as long as it asked and asks another; if there is none, the same one after that time',
  credential: 'takes this credential out for a while and asks another target',
  returned: 'returns it to the client as it is; sends nothing again',
  resumes:
    'has another target that can continue a prefix go on from the last letter, without a seam; if none can, ends with an error event, never cleanly',
  restarts: 'begins again at another target as long as nothing essential was shown; else ends with an error event',
} as const;
