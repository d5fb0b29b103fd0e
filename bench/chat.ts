// Scenario "chat": non-streamed chat requests of 1 KB, answers of 1 KB, 32 connections. Spillway beside nginx's
// `proxy_pass`, several launches of both: code that is compiled as it runs differs more between launches than within one.
import type { Child } from './child.ts';
import { startSpillway } from './gateway.ts';
import type { Load } from './load.ts';
import { measureInTurns, measureSlice, warmUp } from './measure.ts';
import type { Slice, Slices } from './measure.ts';
import { demandServedOnce, servedBy, startMock, tallied } from './mock.ts';
import { startNginx } from './nginx.ts';
import { chatAnswer, chatPath, chatRequest } from './payload.ts';
import { medianOf, rounded, spreadOf } from './statistics.ts';
import type { Spread } from './statistics.ts';
import type { Subject } from './subject.ts';

export interface ScenarioOptions {
  readonly load: Load;
  readonly folder: string;
  readonly launches: number;
  readonly rounds: number;
  readonly warmUpSeconds: number;
  /** `performance.now()` at which no further round starts. */
  readonly until: number;
  say(line: string): void;
}

export interface SubjectFigures {
  readonly version: string;
  readonly cpuUsPerRequest: Spread;
  readonly requestsPerSecond: number;
  readonly busy: number;
  readonly slices: number;
}

export interface ChatFigures {
  readonly scenario: 'chat-1k';
  readonly connections: number;
  /** What load and mock alone reach: nobody in between can be faster. */
  readonly directPerSecond: number;
  readonly subjects: Readonly<Record<string, SubjectFigures>>;
  /** Spillway's CPU time over nginx's: median of the launches, and each of them. */
  readonly ratio: number;
  readonly ratios: readonly number[];
}

const secret = 'sk-bench-0123456789abcdef0123456789abcdef';

export async function measureChat(options: ScenarioOptions): Promise<ChatFigures> {
  const launches: Launch[] = [];
  for (let number = 1; number <= options.launches && performance.now() < options.until; number += 1) {
    options.say(`launch ${number} of ${options.launches}`);
    launches.push(await measureLaunch(options));
  }
  const ratios = launches.map(({ slices }) => rounded(cpuMedian(slices, 'spillway') / cpuMedian(slices, 'nginx')));
  return {
    scenario: 'chat-1k',
    connections: options.load.connections,
    directPerSecond: rounded(medianOf(launches.map(({ direct }) => direct.requestsPerSecond))),
    subjects: Object.fromEntries(['nginx', 'spillway'].map((name) => [name, figuresOf(name, launches)])),
    ratio: rounded(medianOf(ratios)),
    ratios,
  };
}

interface Launch {
  readonly direct: Slice;
  readonly slices: Slices;
  readonly versions: ReadonlyMap<string, string>;
}

async function measureLaunch({ folder, rounds, warmUpSeconds, until, ...rest }: ScenarioOptions): Promise<Launch> {
  const load = tallied(rest.load);
  const children: Child[] = [];
  const started = (subject: Subject): Subject => {
    children.push(subject.child);
    return subject;
  };
  try {
    const mock = started(await startMock());
    const options = { upstreamPort: mock.port, folder, secret };
    const subjects = [started(await startNginx(options)), started(await startSpillway(options))];
    for (const subject of [mock, ...subjects]) await proveRight(subject);
    const servedBefore = await servedBy(mock);
    for (const subject of [mock, ...subjects]) {
      await warmUp(subject, load, secret, subject.name === 'spillway' ? warmUpSeconds : 1);
    }
    const direct = await measureSlice(mock, load, secret, 1);
    const slices = await measureInTurns(subjects, load, secret, { sliceSeconds: 1, rounds, until });
    demandServedOnce((await servedBy(mock)) - servedBefore, load);
    return { direct, slices, versions: new Map(subjects.map(({ name, version }) => [name, version])) };
  } finally {
    // Backwards: nobody sees its upstream vanish.
    for (const child of children.toReversed()) await child.stop();
  }
}

/** One request looked at closely, since the load generators look at statuses only. */
async function proveRight({ name, port }: Subject): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${chatPath}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: chatRequest,
  });
  const body = await answer.text();
  if (answer.status !== 200 || contentOf(body) !== contentOf(chatAnswer)) {
    throw new Error(`${name} answers ${answer.status}: ${body.slice(0, 500)}`);
  }
}

/** The words of the answer; a gateway may write the JSON around them in its own way. */
function contentOf(body: string): string {
  return /"content":\s*"([^"]*)"/.exec(body)?.[1] ?? body;
}

function figuresOf(name: string, launches: readonly Launch[]): SubjectFigures {
  const slices = launches.flatMap((launch) => launch.slices.get(name) ?? []);
  const { median, p25, p75, min } = spreadOf(slices.map((slice) => slice.cpuUsPerRequest));
  return {
    version: launches[0]?.versions.get(name) ?? '',
    cpuUsPerRequest: { median: rounded(median), p25: rounded(p25), p75: rounded(p75), min: rounded(min) },
    requestsPerSecond: rounded(medianOf(slices.map((slice) => slice.requestsPerSecond))),
    busy: rounded(medianOf(slices.map((slice) => slice.busy)), 2),
    slices: slices.length,
  };
}

function cpuMedian(slices: Slices, name: string): number {
  return medianOf((slices.get(name) ?? []).map((slice) => slice.cpuUsPerRequest));
}
