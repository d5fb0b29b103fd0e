// Figures: what readings of one case come to. A reading is one slice of one subject; figures are medians of them, ratios are
// medians of the launches' own ratios, never a quotient of two runs.
import type { Case } from './cases.ts';
import { medianOf, rounded, spreadOf } from './statistics.ts';
import type { Spread } from './statistics.ts';

/** Name → what people read above its column. */
export const measures = {
  cpuUsPerRequest: 'CPU µs/request',
  cpuUsPerEvent: 'CPU µs/event',
  cpuUsPerStream: 'CPU µs/stream',
  requestsPerSecond: 'requests/s',
  busy: 'busy',
  p50Us: 'p50 µs',
  p99Us: 'p99 µs',
  addedP50Us: 'added p50 µs',
  delayP50Us: 'delay p50 µs',
  delayP99Us: 'delay p99 µs',
  rssKbPerStream: 'RSS KB/stream',
  firstAnswerMs: 'first answer ms',
  idleRssMb: 'idle RSS MB',
  idlePssMb: 'idle PSS MB',
} as const satisfies Record<string, string>;

export type Measure = keyof typeof measures;

/** What a case of each kind is about: the figure that ratios are made of. */
export const mainMeasures = {
  chat: 'cpuUsPerRequest',
  streams: 'cpuUsPerEvent',
  start: 'firstAnswerMs',
} as const satisfies Record<Case['kind'], Measure>;

export interface Reading {
  readonly subject: string;
  readonly version: string;
  readonly launch: number;
  readonly values: Readonly<Partial<Record<Measure, number>>>;
  /** Why there are no values. */
  readonly trouble?: string;
}

export type SubjectFigures = Readonly<Partial<Record<Measure, Spread>>> & {
  readonly version: string;
  /** Its main figure over nginx's and over ours. */
  readonly toNginx?: number;
  readonly toSpillway?: number;
  readonly trouble?: string;
};

export interface Scenario {
  readonly scenario: string;
  readonly subjects: Readonly<Record<string, SubjectFigures>>;
  /** Spillway's main figure over nginx's: median of the launches, and each of them. */
  readonly ratio: number | null;
  readonly ratios: readonly number[];
}

export function scenarioOf(one: Case, readings: readonly Reading[]): Scenario {
  const main = mainMeasures[one.kind];
  const names = [...new Set(readings.map(({ subject }) => subject))];
  const ratios = ratiosOf(readings, main, 'spillway', 'nginx');
  return {
    scenario: one.name,
    subjects: Object.fromEntries(names.map((name) => [name, figuresOf(name, readings, main)])),
    ratio: ratios.length === 0 ? null : rounded(medianOf(ratios)),
    ratios,
  };
}

function figuresOf(name: string, readings: readonly Reading[], main: Measure): SubjectFigures {
  const own = readings.filter(({ subject }) => subject === name);
  const trouble = own.find((reading) => reading.trouble !== undefined)?.trouble;
  const spreads = Object.keys(measures).flatMap((measure) => {
    const values = own.flatMap((reading) => reading.values[measure as Measure] ?? []);
    return values.length === 0 ? [] : [[measure, spreadOf(values)]];
  });
  const to = (other: string): number | null => {
    const ratios = ratiosOf(readings, main, name, other);
    return ratios.length === 0 ? null : rounded(medianOf(ratios));
  };
  const [toNginx, toSpillway] = [to('nginx'), to('spillway')];
  return {
    version: own[0]?.version ?? '',
    ...(Object.fromEntries(spreads) as Partial<Record<Measure, Spread>>),
    ...(toNginx === null ? {} : { toNginx }),
    ...(toSpillway === null ? {} : { toSpillway }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/** One quotient of medians for each launch in which both were measured. */
function ratiosOf(readings: readonly Reading[], main: Measure, name: string, other: string): number[] {
  const launches = [...new Set(readings.map(({ launch }) => launch))];
  return launches.flatMap((launch) => {
    const median = (subject: string): number =>
      medianOf(
        readings
          .filter((reading) => reading.launch === launch && reading.subject === subject)
          .flatMap(({ values }) => values[main] ?? []),
      );
    const ratio = median(name) / median(other);
    return Number.isFinite(ratio) ? [rounded(ratio)] : [];
  });
}
