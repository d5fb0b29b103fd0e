// Suite: every check of every client against every far side, through one gateway, and what came of each.
import { type DialectName, dialectNames } from '../../src/kernel/dialect-name.ts';
import { startOwnGateway } from '../../src/apps/conduct/own-gateway.ts';
import { startWall, type Wall } from '../../src/wall/wall.ts';
import { type Check, checks } from './checks.ts';
import { type Connection, fieldOf, type Talker, type Utility } from './client.ts';
import { talkers, utilities } from './clients.ts';
import { apiKey, configurationFor, modelName, talkerId, utilityId } from './configuration.ts';

export interface Finding {
  readonly client: string;
  readonly endpoint: string;
  readonly far: DialectName;
  readonly check: string;
  readonly outcome: '✓' | '✗' | '–';
  /** What went wrong. */
  readonly detail: string;
}

export interface Findings {
  /** Far sides within a client and endpoint, checks within a far side. */
  readonly talks: readonly Finding[];
  readonly uses: readonly Finding[];
}

interface Job {
  readonly finding: Omit<Finding, 'outcome' | 'detail'>;
  /** It must be refused. */
  readonly isBeyond: boolean;
  run(): Promise<void>;
}

const AT_ONCE = 24;
const JOB_MS_MAX = 25_000;

/** `only`: of jobs whose words hold it. */
export async function runCompatibility(only = ''): Promise<Findings> {
  // The AI SDK prints what it thinks of settings.
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
  const wall = await startWall({ host: '127.0.0.1', port: 0 });
  const { text, models } = configurationFor(wall.url);
  const gateway = await startOwnGateway(text, 'test');
  try {
    const connection = { origin: gateway.origin, apiKey };
    const talks = talkers.flatMap((talker, at) => talkJobs(talker, at, connection, wall));
    const uses = utilities.flatMap((utility, at) => useJobs(utility, at, connection, models));
    const chosen = [...talks, ...uses].filter(({ finding }) => Object.values(finding).join(' ').includes(only));
    const findings = await runAll(chosen);
    const told = (jobs: readonly Job[]): Finding[] => jobs.flatMap((job) => findings.get(job) ?? []);
    return { talks: told(talks), uses: told(uses) };
  } finally {
    await gateway.stop();
    await wall.stop();
  }
}

function talkJobs(talker: Talker, at: number, connection: Connection, wall: Wall): Job[] {
  const job = (far: DialectName, check: Check): Job => {
    const model = (behaviour: string): string => modelName(talkerId(at), far, behaviour);
    const mark = (behaviour: string): string => `${model(behaviour)}:`;
    const scene = {
      talker,
      far,
      connection,
      model,
      arrived: (behaviour: string) => wall.log.filter((entry) => entry.model.includes(mark(behaviour))),
    };
    return {
      finding: { client: talker.name, endpoint: talker.endpoint, far, check: check.title },
      isBeyond: check.isBeyond?.(talker, far) ?? false,
      run: () => check.run(scene),
    };
  };
  return dialectNames.flatMap((far) => checks.map((check) => job(far, check)));
}

const farsWithout: Readonly<Record<Utility['use'], readonly DialectName[]>> = {
  embeddings: ['anthropic', 'converse'],
  completions: ['anthropic', 'converse'],
  models: [],
  countTokens: [],
};

function useJobs(utility: Utility, at: number, connection: Connection, count: number): Job[] {
  return dialectNames.map((far) => ({
    finding: { client: utility.name, endpoint: utility.use, far, check: utility.use },
    isBeyond: farsWithout[utility.use].includes(far),
    run: () => utility.check(connection, { model: modelName(utilityId(at), far, 'healthy'), count }),
  }));
}

async function runAll(jobs: readonly Job[]): Promise<Map<Job, Finding>> {
  const findings = new Map<Job, Finding>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < jobs.length; at = next++) {
      const job = jobs[at];
      if (job !== undefined) findings.set(job, await findingOf(job));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return findings;
}

async function findingOf({ finding, isBeyond, ...job }: Job): Promise<Finding> {
  try {
    await inTime(isBeyond ? refused(job.run()) : job.run());
    return { ...finding, outcome: isBeyond ? '–' : '✓', detail: '' };
  } catch (error) {
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { ...finding, outcome: '✗', detail };
  }
}

async function refused(done: Promise<void>): Promise<void> {
  const error: unknown = await done.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  const status = fieldOf(error, 'status') ?? fieldOf(error, 'statusCode');
  if (status !== 400) throw error;
}

async function inTime(done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still running after ${JOB_MS_MAX} ms`)), JOB_MS_MAX);
  });
  await Promise.race([done, late]).finally(() => clearTimeout(timer));
}
