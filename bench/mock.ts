// The mock upstream as a process beside the load (mock-upstream.ts is the program), and its own count of what reached it:
// a gateway that answered from a cache, or sent twice, would show there.
import { cores, startChild } from './child.ts';
import type { Load } from './load.ts';
import type { Subject } from './subject.ts';

export async function startMock(): Promise<Subject> {
  const script = `${import.meta.dirname}/mock-upstream.ts`;
  const child = startChild('mock', [process.execPath, script], { core: cores.around, stdout: 'pipe' });
  const port = await new Promise<number>((resolve, reject) => {
    child.process.stdout?.once('data', (bytes: Buffer) => resolve(Number(bytes.toString().replace('port', '').trim())));
    child.process.once('exit', () => reject(new Error(`the mock upstream ended: ${child.lastWords()}`)));
  });
  return { name: 'mock', version: '', port, child };
}

/** How many requests reached it so far. */
export async function servedBy(mock: Subject): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${mock.port}/served`);
  return Number(await answer.text());
}

/** The same load, with its bursts added up. */
export interface TalliedLoad extends Load {
  readonly tally: { requests: number };
}

export function tallied(load: Load): TalliedLoad {
  const tally = { requests: 0 };
  return {
    ...load,
    tally,
    burst: async (aim, seconds) => {
      const burst = await load.burst(aim, seconds);
      tally.requests += burst.requests;
      return burst;
    },
  };
}

/** Throws unless each request that was answered reached the mock exactly once. */
export function demandServedOnce(served: number, { tally }: TalliedLoad): void {
  if (served === tally.requests) return;
  throw new Error(`the load counted ${tally.requests} answers, the mock upstream served ${served}`);
}
