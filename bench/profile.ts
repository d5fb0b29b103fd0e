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

/** The tables of self times, the most expensive first. */
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

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

/** The parts used of what V8 writes. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  /** Node ids. */
  readonly samples: readonly number[];
}

/** Shares of the samples in which the process was not idle: by module, then by function. */
export function selfTimes({ nodes, samples }: CpuProfile): string {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const busy = samples
    .flatMap((sample) => frames.get(sample) ?? [])
    .filter(({ functionName }) => functionName !== '(idle)');
  return `${shares(busy.map(moduleOf))}\n\n${shares(busy.map(nameOf))}`;
}

function shares(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, LINES_MAX);
  const percent = (count: number): string => ((count / names.length) * 100).toFixed(1).padStart(6);
  return sorted.map(([name, count]) => `${percent(count)} %  ${name}`).join('\n');
}

/** A file of ours, a package, a module of Node's, or what the engine does itself. */
function moduleOf({ functionName, url }: CallFrame): string {
  const inPackage = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  if (url !== '') return shortened(url);
  return functionName.startsWith('(') ? functionName : 'native';
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const place = url === '' ? '' : ` ${shortened(url)}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${place}`;
}

function shortened(url: string): string {
  return url.replace(/^.*\/(?=(?:src|node_modules)\/)/, '');
}
