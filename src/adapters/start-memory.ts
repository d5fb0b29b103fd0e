// Start memory: what a process holds only because it has just started, given back before it serves. Loading the modules
// grows V8's young generation to its full size, and V8 alone would keep it so for as long as the process has little to do.
// Once, while nobody waits for an answer yet: it takes about 100 ms. It must never be called where requests are served.
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void;

export function releaseStartMemory(): void {
  // Now, not at the end of the process: one that is killed would compile everything again at each start.
  flushCompileCache();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  // Any other flavour leaves the young generation as large as it is.
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}
