// Stage: a mock upstream and subjects in front of it, all running at once, for the cases that want the same of them. What
// fails to start or answers wrongly is not measured, and its row says why.
import type { Case } from './cases.ts';
import { cores } from './child.ts';
import type { Child } from './child.ts';
import type { Reading } from './figures.ts';
import { startMock } from './mock/mock.ts';
import type { Mock } from './mock/mock.ts';
import { startTlsMock } from './mock/tls-mock.ts';
import { chatAnswer, chatPath, chatRequest } from './payload.ts';
import type { Candidate, Subject } from './subjects/subject.ts';

export interface StagedSubject extends Subject {
  readonly warmUpSeconds: number;
}

export interface Stage {
  readonly mock: Mock;
  readonly subjects: readonly StagedSubject[];
  /** For each case: those that are not there. */
  readonly absent: readonly Reading[];
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly folder: string;
  readonly launch: number;
  readonly secret: string;
}

const ANSWER_BYTES = 1_024;

/** A case of the kind `one` will be staged: all others that share its stage want the same. */
export async function setStage(
  one: Case,
  candidates: readonly Candidate[],
  { folder, launch, secret }: StageOptions,
): Promise<Stage> {
  const mock = await startMockFor(one, folder);
  const subjects: StagedSubject[] = [];
  const absent: Reading[] = [];
  const options = { upstream: mock, folder, secret, core: cores.measured, settings: one.settings ?? {} };
  for (const candidate of candidates) {
    try {
      const subject = await candidate.start(options);
      subjects.push({ ...subject, warmUpSeconds: candidate.warmUpSeconds });
      await proveRight(subject, mock);
    } catch (error) {
      const isUp = subjects.at(-1)?.name === candidate.name;
      if (isUp) await subjects.pop()?.child.stop();
      absent.push(troubleOf(candidate.name, launch, error));
    }
  }
  return { mock, subjects, absent, stop: () => stopAll(subjects, mock) };
}

export function troubleOf(subject: string, launch: number, error: unknown): Reading {
  const trouble = error instanceof Error ? error.message : String(error);
  return { subject, version: '', launch, values: {}, trouble };
}

/** One request looked at closely, since the load looks at statuses only. */
export async function proveRight({ name, port, headers }: Subject, mock: Mock): Promise<void> {
  await mock.order({ answer: ANSWER_BYTES });
  const answer = await fetch(`http://127.0.0.1:${port}${chatPath}`, {
    method: 'POST',
    headers: [...headers.map((line) => line.split(': ', 2) as [string, string]), ['content-type', 'application/json']],
    body: chatRequest(ANSWER_BYTES),
  });
  const body = await answer.text();
  if (answer.status !== 200 || contentOf(body) !== contentOf(chatAnswer(ANSWER_BYTES))) {
    throw new Error(`${name} answers ${answer.status}: ${body.slice(0, 300)}`);
  }
}

/** The words of the answer; a gateway may write the JSON around them in its own way. */
function contentOf(body: string): string {
  return /"content":\s*"([^"]*)"/.exec(body)?.[1] ?? body;
}

async function startMockFor(one: Case, folder: string): Promise<Mock> {
  const plain = await startMock();
  if (!one.tls) return plain;
  try {
    const mocks = await startTlsMock(plain, folder);
    return one.kind === 'streams' ? mocks.streams : mocks.chat;
  } catch (error) {
    await plain.stop();
    throw error;
  }
}

async function stopAll(subjects: readonly { readonly child: Child }[], mock: Mock): Promise<void> {
  // The subjects first: nobody sees its upstream vanish.
  for (const { child } of subjects.toReversed()) await child.stop();
  await mock.stop();
}
