// Profile tables: what V8's sampling profiler wrote, as µs of a request by part of the program, by function, and by function
// of ours with all it calls. Sampling slows the program down, so these are shares of a cost rather than costs.

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

/** The parts used of what V8 writes. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Node ids. */
  readonly samples: readonly number[];
  /** µs of the machine's monotonic clock. */
  readonly startTime: number;
  /** From each sample to the one before it, µs. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileWindow {
  /** Samples before it, on the profile's clock, are of starting and warming up. */
  readonly fromMicros: number;
  /** CPU time of a request in the window: what the shares are shares of. */
  readonly cpuUsPerRequest: number;
}

const LINES_MAX = 45;

export function profileTables(profile: CpuProfile, window: ProfileWindow): string {
  const busy = busySamples(profile, window.fromMicros);
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const own = busy.flatMap((id) => frames.get(id) ?? []);
  const table = (title: string, names: readonly (readonly string[])[]): string =>
    `${title}\n${shares(names, busy.length, window.cpuUsPerRequest)}`;
  const lineages = lineagesOf(profile);
  return [
    table(
      'by part',
      own.map((frame) => [partOf(frame)]),
    ),
    table(
      'by function, itself alone',
      own.map((frame) => [nameOf(frame)]),
    ),
    table(
      'by function of ours, with all it calls',
      busy.map((id) => lineages(id)),
    ),
  ].join('\n\n');
}

/** Node ids of the samples in which the process was not idle. */
function busySamples({ nodes, samples, startTime, timeDeltas }: CpuProfile, from: number): number[] {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id));
  let at = startTime;
  return samples.filter((id, number) => {
    at += timeDeltas[number] ?? 0;
    return at >= from && !idle.has(id);
  });
}

/** `names`: for each sample, what it counts for; each name counts once in it. */
function shares(names: readonly (readonly string[])[], samples: number, us: number): string {
  const counts = new Map<string, number>();
  for (const name of names.flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, LINES_MAX);
  return sorted
    .map(([name, count]) => {
      const share = count / samples;
      return `${(share * 100).toFixed(1).padStart(6)} %${(share * us).toFixed(1).padStart(7)} µs  ${name}`;
    })
    .join('\n');
}

/** For each node: the functions of ours it was called by, itself included, once each. */
function lineagesOf({ nodes }: CpuProfile): (id: number) => readonly string[] {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const known = new Map<number, readonly string[]>();
  const lineageOf = (id: number): readonly string[] => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const parent = parents.get(id);
    const above = parent === undefined ? [] : lineageOf(parent);
    const frame = frames.get(id);
    const name = frame !== undefined && isOurs(frame) ? nameOf(frame) : null;
    const lineage = name === null || above.includes(name) ? above : [...above, name];
    known.set(id, lineage);
    return lineage;
  };
  return lineageOf;
}

function isOurs({ url }: CallFrame): boolean {
  return url.includes('/src/') && !url.includes('/node_modules/');
}

/** A folder of ours, a package, Node's own JavaScript, or what the engine and the system do. */
function partOf({ functionName, url }: CallFrame): string {
  const inPackage = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  const folder = /\/(src\/(?:adapters\/)?[^/]+)\//.exec(url)?.[1];
  if (folder !== undefined) return folder;
  if (url.startsWith('node:')) return 'node:*';
  if (url.startsWith('wasm:')) return 'wasm (undici’s parser)';
  if (url !== '') return shortened(url);
  return functionName.startsWith('(') ? functionName : 'native (system calls, buffers, hashes)';
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const place = url === '' ? '' : ` ${shortened(url)}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${place}`;
}

function shortened(url: string): string {
  return url.replace(/^.*\/(?=(?:src|node_modules)\/)/, '');
}
