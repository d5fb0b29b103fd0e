// Measure: CPU time per request of several subjects under the same load, in turns of one slice each, so that whatever else
// the machine does meets all of them alike. A figure with a single failed request in it is worth nothing: it throws.
import type { Burst } from './closed-loop.ts';
import { cpuMicros } from './cpu.ts';
import type { Load } from './load.ts';
import type { Subject } from './subject.ts';

/** One second of one subject. */
export interface Slice {
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  /** Share of one core that it used: 1 is saturated, less means that load, mock or other work set the pace. */
  readonly busy: number;
}

export interface Pace {
  readonly sliceSeconds: number;
  readonly rounds: number;
  /** `performance.now()` at which no further round starts. */
  readonly until: number;
}

/** Slices by subject name. */
export type Slices = ReadonlyMap<string, readonly Slice[]>;

export async function warmUp(subject: Subject, load: Load, secret: string, seconds: number): Promise<void> {
  demandAll(subject.name, await load.burst({ port: subject.port, secret }, seconds));
}

export async function measureInTurns(
  subjects: readonly Subject[],
  load: Load,
  secret: string,
  pace: Pace,
): Promise<Slices> {
  const slices = new Map<string, Slice[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < pace.rounds && performance.now() < pace.until; round += 1) {
    // Each second round runs backwards: nobody always comes after the same neighbour.
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      slices.get(subject.name)?.push(await measureSlice(subject, load, secret, pace.sliceSeconds));
    }
  }
  return slices;
}

export async function measureSlice(subject: Subject, load: Load, secret: string, seconds: number): Promise<Slice> {
  const before = cpuMicros(subject.child.pid);
  const burst = await load.burst({ port: subject.port, secret }, seconds);
  demandAll(subject.name, burst);
  await rest();
  const cpuUs = cpuMicros(subject.child.pid) - before;
  return {
    cpuUsPerRequest: cpuUs / burst.requests,
    requestsPerSecond: burst.requests / burst.seconds,
    busy: cpuUs / (burst.seconds * 1_000_000),
  };
}

function demandAll(name: string, { requests, errors }: Burst): void {
  if (errors > 0) throw new Error(`${name}: ${errors} errors beside ${requests} answers; nothing is reported`);
  if (requests === 0) throw new Error(`${name}: no request was answered`);
}

/** Connections that the load left are cleaned up, and the kernel's books are written, before the next reading. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
