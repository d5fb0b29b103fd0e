// Ask: the requests of a file, sent through the gateway as any client would, at a bounded rate, so that it keeps the answers.
// What is refused for the moment is asked again when the gateway says so, a few times.
import { systemClock, systemTimers } from '../../adapters/system.ts';
import { Troubles, warmLines } from './warm-lines.ts';
import { unstreamed, type WarmLine } from '../../policy/warm-file.ts';
import { awake } from '../awake.ts';
import { whyOf } from './admin-client.ts';

export interface AskOrder {
  /** Without path. */
  readonly url: string;
  readonly requestsPerSecond: number;
  readonly concurrency: number;
  /** The key to ask with for lines of this name; null: for lines that name none. Undefined: there is none. */
  readonly keyFor: (name: string | null) => string | null | undefined;
}

export interface Asked {
  made: number;
  /** Kept already. */
  there: number;
  /** Answered, but not kept. */
  notKept: number;
  readonly troubles: Troubles;
}

const TRIES_MAX = 5;
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 60_000;
const ANSWER_MS_MAX = 600_000;
const MS_PER_S = 1_000;

export async function askAll(file: string, order: AskOrder, onProgress: (asked: Asked) => void): Promise<Asked> {
  const asked: Asked = { made: 0, there: 0, notKept: 0, troubles: new Troubles() };
  const lines = warmLines(file, asked.troubles);
  let nextAt = systemClock.now() as number;
  const turn = async (): Promise<void> => {
    const now = systemClock.now();
    const at = Math.max(now, nextAt);
    nextAt = at + MS_PER_S / order.requestsPerSecond;
    if (at > now) await pause(at - now);
  };
  const work = async (): Promise<void> => {
    for (;;) {
      const next = await lines.next();
      if (next.done === true) return;
      const { number, line } = next.value;
      if (line.answer !== null) continue;
      const why = await askOne(line, order, turn, asked);
      if (why !== null) asked.troubles.note(number, why);
      onProgress(asked);
    }
  };
  await awake(() => Promise.all(Array.from({ length: order.concurrency }, work)));
  return asked;
}

/** Null: answered. */
async function askOne(
  { path, request, keyName }: WarmLine,
  order: AskOrder,
  turn: () => Promise<void>,
  asked: Asked,
): Promise<string | null> {
  const key = order.keyFor(keyName);
  if (key === undefined) return 'is for a key that was not given: --key NAME=KEY';
  const body = JSON.stringify(unstreamed(request));
  const headers = { 'content-type': 'application/json', ...(key !== null && { authorization: `Bearer ${key}` }) };
  for (let tries = 1; ; tries++) {
    await turn();
    try {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      const answer = await fetch(order.url + path, { method: 'POST', headers, body, signal });
      await answer.arrayBuffer();
      if (answer.ok) {
        count(answer.headers, asked);
        return null;
      }
      const mayRepeat = answer.status === 429 || answer.status >= 500;
      if (!mayRepeat || tries >= TRIES_MAX) return `was answered with ${answer.status}`;
      await pause(retryMs(answer.headers));
    } catch (error) {
      if (tries >= TRIES_MAX) return `could not be asked: ${whyOf(error)}`;
      await pause(RETRY_MS);
    }
  }
}

function count(headers: Headers, asked: Asked): void {
  const status = headers.get('x-spillway-cache');
  if (status === 'hit' || status === 'stale' || status === 'joined') asked.there++;
  else if (status === null || headers.get('cache-control') === 'no-store') asked.notKept++;
  else asked.made++;
}

function retryMs(headers: Headers): number {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN);
  const told = Number.isFinite(ms) ? ms : Number(headers.get('retry-after') ?? Number.NaN) * MS_PER_S;
  return Number.isFinite(told) ? Math.min(told, RETRY_MS_MAX) : RETRY_MS;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => systemTimers.after(ms, resolve));
