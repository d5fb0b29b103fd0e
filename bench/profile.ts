// Profile: which functions of the gateway take the CPU time under the chat load, by V8's sampling profiler. For finding
// what to improve; its figures are shares, not costs, since sampling itself slows the gateway down.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startMock } from './mock.ts';
import { startSpillway } from './gateway.ts';
import type { Load } from './load.ts';
import { warmUp } from './measure.ts';

const SECONDS = 10;
const LINES_MAX = 45;
const secret = 'sk-bench-profile';

/** The table of self times, the most expensive first. */
export async function profileGateway(load: Load, folder: string): Promise<string> {
  const mock = await startMock();
  try {
    const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'];
    const gateway = await startSpillway({ upstreamPort: mock.port, folder, secret }, flags);
    await warmUp(gateway, load, secret, SECONDS);
    await gateway.child.stop();
  } finally {
    await mock.child.stop();
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the gateway left no profile: it did not end by itself');
  return selfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
}

/** The parts used of what V8 writes. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Node ids. */
  readonly samples: readonly number[];
}

/** Shares of the samples in which the process was not idle. */
export function selfTimes({ nodes, samples }: CpuProfile): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const counts = new Map<string, number>();
  let busy = 0;
  for (const sample of samples) {
    const name = names.get(sample) ?? '?';
    if (name === '(idle)') continue;
    busy += 1;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, LINES_MAX);
  return sorted.map(([name, count]) => `${((count / busy) * 100).toFixed(1).padStart(6)} %  ${name}`).join('\n');
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url === '' ? '' : ` ${url.replace(/^.*\/(?=(?:src|node_modules)\/)/, '')}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${place}`;
}
