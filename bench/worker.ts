// Worker: a program of the bench's own in a process beside the measured one. It takes one order a line on stdin and
// answers each with one line on stdout, so that orders never meet the traffic it makes. It stays for the whole run: its own
// compiling and starting is over when it counts. The end of its stdin is the end of whoever started it.
import { createInterface } from 'node:readline';
import { cores, startChild } from './child.ts';

export interface Worker {
  /** One at a time: the next one after the answer. Throws when the program ended. */
  ask<Answer>(order: object): Promise<Answer>;
  stop(): Promise<void>;
}

/** `script`: a file in this folder. */
export function startWorker(name: string, script: string): Worker {
  const command = [process.execPath, `${import.meta.dirname}/${script}`];
  const child = startChild(name, command, { core: cores.around, stdout: 'pipe' });
  const { stdin, stdout } = child.process;
  if (stdin === null || stdout === null) throw new Error(`${name} has no pipes`);
  const answers = createInterface(stdout)[Symbol.asyncIterator]();
  return {
    ask: async <Answer>(order: object) => {
      stdin.write(`${JSON.stringify(order)}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error(`${name} ended: ${child.lastWords()}`);
      return JSON.parse(value) as Answer;
    },
    stop: () => child.stop(),
  };
}

/** The other end: answers orders until stdin ends, then ends the process. */
export async function serveOrders(answer: (order: never) => object | Promise<object>): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    console.log(JSON.stringify(await answer(JSON.parse(line) as never)));
  }
  process.exit(0);
}
