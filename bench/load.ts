// Load: bursts of closed-loop requests from one process of its own (closed-loop.ts), beside the mock upstream on their
// common core. Measured against wrk it brings out the same CPU times at 5–10 % less pressure, and unlike wrk it leaves no
// request unanswered when a burst ends, so counts are exact and no abort is in the figures.
import { createInterface } from 'node:readline';
import { cores, startChild } from './child.ts';
import type { Aim, Burst, LoopOptions } from './closed-loop.ts';

export interface Load {
  readonly connections: number;
  /** Throws when the generator itself fails; refused and lost requests are counted in the burst. */
  burst(aim: Aim, seconds: number): Promise<Burst>;
  stop(): Promise<void>;
}

export function startLoad(connections: number): Load {
  const script = `${import.meta.dirname}/closed-loop.ts`;
  const child = startChild('load', [process.execPath, script], { core: cores.around, stdout: 'pipe' });
  const { stdin, stdout } = child.process;
  if (stdin === null || stdout === null) throw new Error('the load generator has no pipes');
  const answers = createInterface(stdout)[Symbol.asyncIterator]();
  return {
    connections,
    burst: async (aim, seconds) => {
      const options: LoopOptions = { connections, secondsMax: seconds };
      stdin.write(`${JSON.stringify({ aim, options })}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error(`the load generator ended: ${child.lastWords()}`);
      const burst: Burst = JSON.parse(value);
      return burst;
    },
    stop: () => child.stop(),
  };
}
