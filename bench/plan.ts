// Plan: which cases a run measures, how often, and in which order. Cases that want the same of the subjects share a stage; in
// each launch every stage is set once, so that a launch differs from the next one and not from itself.
import type { Case } from './cases.ts';
import { cases } from './cases.ts';
import type { Reading, Scenario } from './figures.ts';
import { scenarioOf } from './figures.ts';
import type { Load } from './load/load.ts';
import { measureChat } from './measure-chat.ts';
import { measureStart } from './measure-start.ts';
import { measureStreams } from './measure-streams.ts';
import { setStage, troubleOf } from './stage.ts';
import type { StageOptions } from './stage.ts';
import type { Candidates } from './subjects/candidates.ts';
import type { Candidate } from './subjects/subject.ts';
import type { Worker } from './worker.ts';

export interface Plan {
  readonly cases: readonly Case[];
  readonly launches: number;
  /** Slices of each subject in each launch: of chat, and of streams. */
  readonly rounds: number;
  readonly streamRounds: number;
  /** `performance.now()` at which nothing further starts. */
  readonly until: number;
}

export interface Crew {
  readonly candidates: Candidates;
  readonly load: Load;
  readonly streamLoad: Worker;
  readonly folder: string;
  readonly secret: string;
  say(line: string): void;
}

/** Many streams leave their mark on a process's memory: they get fresh ones. */
const FRESH_FROM_STREAMS = 1_000;

/** Those whose name matches. */
export function casesMatching(pattern: RegExp): Case[] {
  return cases.filter(({ name }) => pattern.test(name));
}

export async function carryOut(plan: Plan, crew: Crew): Promise<Scenario[]> {
  const readings = new Map<Case, Reading[]>(plan.cases.map((one) => [one, []]));
  for (let launch = 1; launch <= plan.launches; launch += 1) {
    for (const group of groupsOf(plan.cases)) {
      if (performance.now() >= plan.until) break;
      // Once is enough: it starts everybody several times by itself.
      if (group[0]?.kind === 'start' && launch > 1) continue;
      crew.say(`launch ${launch} of ${plan.launches}: ${group.map(({ name }) => name).join(', ')}`);
      await measureGroup(group, launch, plan, crew, readings);
    }
  }
  return plan.cases.map((one) => scenarioOf(one, [...(readings.get(one) ?? []), ...absentFrom(one, crew.candidates)]));
}

async function measureGroup(
  group: readonly Case[],
  launch: number,
  plan: Plan,
  crew: Crew,
  readings: ReadonlyMap<Case, Reading[]>,
): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const options: StageOptions = { folder: crew.folder, launch, secret: crew.secret };
  const candidates = crew.candidates.ready.filter((candidate) => group.some((one) => takesPart(one, candidate)));
  if (first.kind === 'start') return void readings.get(first)?.push(...(await measureStart(candidates, options)));
  const stage = await setStage(first, candidates, options);
  try {
    for (const [at, one] of group.entries()) {
      if (performance.now() >= plan.until) break;
      const isIn = ({ name }: { readonly name: string }): boolean =>
        candidates.some((candidate) => candidate.name === name && takesPart(one, candidate));
      const part = { ...stage, subjects: stage.subjects.filter(isIn) };
      const absent = stage.absent.filter(({ subject }) => isIn({ name: subject }));
      const pace = { sliceSeconds: 1, rounds: plan.rounds, until: plan.until, isFirst: at === 0 };
      const found =
        one.kind === 'chat'
          ? await measureChat(one, part, crew.load, launch, pace)
          : one.kind === 'streams'
            ? await measureStreams(one, part, crew.streamLoad, launch, { ...pace, rounds: plan.streamRounds })
            : [];
      readings.get(one)?.push(...absent, ...found);
    }
  } finally {
    await stage.stop();
  }
}

function takesPart(one: Case, { kind, startOnly }: Candidate): boolean {
  return (one.peers || kind !== 'peer') && (one.kind === 'start' || startOnly !== true);
}

function groupsOf(wanted: readonly Case[]): Case[][] {
  const groups = Map.groupBy(wanted, (one) =>
    one.kind === 'streams' && one.streams >= FRESH_FROM_STREAMS
      ? one.name
      : JSON.stringify([one.kind === 'start', one.tls && one.kind, one.tls, one.settings]),
  );
  return [...groups.values()];
}

function absentFrom(one: Case, { absent }: Candidates): Reading[] {
  return one.peers ? [...absent].map(([name, why]) => troubleOf(name, 0, why)) : [];
}
