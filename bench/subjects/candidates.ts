// Candidates: who may take part, by name, and who does in this run. Whoever cannot be had is told, with the reason, and the
// others are measured without them.
import { commandCandidate, parseWish } from './command.ts';
import { haproxy } from './haproxy.ts';
import { litellm } from './litellm.ts';
import { nginx } from './nginx.ts';
import { portkey } from './portkey.ts';
import { spillway, spillwayByNpm, spillwayCandidate, thisCheckout } from './spillway.ts';
import type { Candidate } from './subject.ts';

const known: readonly Candidate[] = [nginx, haproxy, spillway, spillwayByNpm, portkey, litellm];

export interface Wishes {
  /** Names of known candidates besides Spillway; undefined: all. */
  readonly against: readonly string[] | undefined;
  /** `name=command` each. */
  readonly peers: readonly string[];
  /** `name=folder` each: other checkouts of Spillway. */
  readonly checkouts: readonly string[];
  /** `name={json}` each: other settings of Spillway. */
  readonly variants: readonly string[];
}

export interface Candidates {
  readonly ready: readonly Candidate[];
  /** The others: why not. */
  readonly absent: ReadonlyMap<string, string>;
}

export async function prepareCandidates(wishes: Wishes, say: (line: string) => void): Promise<Candidates> {
  const ready: Candidate[] = [];
  const absent = new Map<string, string>();
  for (const candidate of wanted(wishes)) {
    try {
      await candidate.prepare(say);
      ready.push(candidate);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(`${candidate.name} is not measured: ${why}`);
      absent.set(candidate.name, why);
    }
  }
  return { ready, absent };
}

function wanted({ against, peers, checkouts, variants }: Wishes): Candidate[] {
  const unknown = (against ?? []).filter((name) => known.every((candidate) => candidate.name !== name));
  if (unknown.length > 0)
    throw new Error(`unknown: ${unknown.join(', ')}; known: ${known.map(({ name }) => name).join(', ')}`);
  const isWanted = ({ name, kind }: Candidate): boolean => kind === 'spillway' || (against?.includes(name) ?? true);
  return [
    ...known.filter(isWanted),
    ...checkouts.map((wish) => {
      const { name, command } = parseWish(wish);
      return spillwayCandidate({ name, checkout: command, settings: {} });
    }),
    ...variants.map((wish) => {
      const { name, command } = parseWish(wish);
      return spillwayCandidate({ name, checkout: thisCheckout, settings: JSON.parse(command) as object });
    }),
    ...peers.map(commandCandidate),
  ];
}
