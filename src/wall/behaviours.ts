// Behaviours: all of them in one table, and how a model's name finds its row.
import { attentiveBehaviours } from './attentive.ts';
import type { Behaviour } from './behaviour.ts';
import { breakBehaviours } from './breaks.ts';
import { calmBehaviours } from './calm.ts';
import { refusals } from './refusals.ts';

export const behaviours: readonly Behaviour[] = [
  ...calmBehaviours,
  ...attentiveBehaviours,
  ...refusals,
  ...breakBehaviours,
];

/** The name a client can use as it stands. */
export const usableName = (behaviour: Behaviour): string => behaviour.example ?? behaviour.name;

const NUMBER = String.raw`(\d{1,9}(?:\.\d{1,3})?)`;

const plain = new Map(behaviours.map((behaviour) => [behaviour.name, behaviour]));
const patterned = behaviours
  .filter(({ name }) => name.includes('<'))
  .map((behaviour) => ({ behaviour, pattern: new RegExp(`^${behaviour.name.replaceAll(/<[^>]*>/g, NUMBER)}$`) }));

export interface Found {
  readonly behaviour: Behaviour;
  readonly numbers: readonly number[];
}

/** Whatever ends in `/` or `:` before the name is free: a provider, or something to count by. Null when there is none. */
export function findBehaviour(model: string): Found | null {
  const name = model.slice(Math.max(model.lastIndexOf('/'), model.lastIndexOf(':')) + 1);
  const exact = plain.get(name);
  if (exact !== undefined && !name.includes('<')) return { behaviour: exact, numbers: [] };
  for (const { behaviour, pattern } of patterned) {
    const match = pattern.exec(name);
    if (match !== null) return { behaviour, numbers: match.slice(1).map(Number) };
  }
  return null;
}
