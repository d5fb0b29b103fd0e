// Start: from the start of the process to its first answer, not pinned to a core, as an operator would wait for it; and its
// memory after ten seconds of rest. One subject after the other, with nothing else running.
import type { Reading } from './figures.ts';
import { memoryOf } from './memory.ts';
import { startMock } from './mock/mock.ts';
import type { Mock } from './mock/mock.ts';
import { proveRight, troubleOf } from './stage.ts';
import type { StageOptions } from './stage.ts';
import type { Candidate, Subject } from './subjects/subject.ts';

const REST_MS = 10_000;
/** The first one fills the file cache and is not counted. */
const STARTS = 4;
/** Others take up to half a minute. */
const PEER_STARTS = 2;

export async function measureStart(candidates: readonly Candidate[], options: StageOptions): Promise<Reading[]> {
  const readings: Reading[] = [];
  const mock = await startMock();
  try {
    for (const candidate of candidates) readings.push(...(await readingsOf(candidate, mock, options)));
  } finally {
    await mock.stop();
  }
  return readings;
}

async function readingsOf(candidate: Candidate, mock: Mock, options: StageOptions): Promise<Reading[]> {
  const readings: Reading[] = [];
  const starts = candidate.kind === 'peer' ? PEER_STARTS : STARTS;
  const base = { subject: candidate.name, launch: options.launch };
  for (let start = 1; start <= starts; start += 1) {
    let subject: Subject | null = null;
    try {
      const startedAt = performance.now();
      subject = await candidate.start({ ...options, upstream: mock, core: null });
      await proveRight(subject, mock);
      const firstAnswerMs = performance.now() - startedAt;
      if (start > 1) readings.push({ ...base, version: subject.version, values: { firstAnswerMs } });
      // With npm in front the memory would be npm's.
      if (start === starts && candidate.startOnly !== true) readings.push({ ...base, ...(await atRest(subject)) });
    } catch (error) {
      return [...readings, troubleOf(candidate.name, options.launch, error)];
    } finally {
      await subject?.child.stop();
    }
  }
  return readings;
}

async function atRest({ version, child }: Subject): Promise<Pick<Reading, 'version' | 'values'>> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  const { rssKb, pssKb } = memoryOf(child.pid);
  return { version, values: { idleRssMb: rssKb / 1_024, idlePssMb: pssKb / 1_024 } };
}
