// Chat: CPU time per whole answer, of all subjects under the same load, in turns of one slice each, so that whatever else the
// machine does meets all of them alike. A slice with a single failed request in it is worth nothing: its subject is out.
import type { ChatCase } from './cases.ts';
import { cpuMicros } from './cpu.ts';
import type { Reading } from './figures.ts';
import type { Aim, Burst, LoopOptions } from './load/closed-loop.ts';
import type { Load } from './load/load.ts';
import type { Mock } from './mock/mock.ts';
import { troubleOf } from './stage.ts';
import type { Stage, StagedSubject } from './stage.ts';
import { medianOf } from './statistics.ts';

export interface Pace {
  readonly sliceSeconds: number;
  readonly rounds: number;
  /** `performance.now()` at which no further round starts. */
  readonly until: number;
  /** The subjects were not under load yet. */
  readonly isFirst: boolean;
}

/** Mock and load with nothing in between: nobody can be faster. */
const direct = 'direct';

export async function measureChat(
  one: ChatCase,
  { mock, subjects }: Stage,
  load: Load,
  launch: number,
  pace: Pace,
): Promise<Reading[]> {
  const slicer = new Slicer(one, mock, load, launch);
  await mock.order({ answer: one.bytes });
  const warm: Sliced[] = [];
  for (const subject of subjects) {
    const seconds = pace.isFirst ? subject.warmUpSeconds : Math.min(2, subject.warmUpSeconds);
    if (await slicer.warmUp(subject, seconds)) warm.push(subject);
  }
  // Delays are compared with those of no gateway at all, so that needs as many slices; the load speaks no TLS.
  if (!one.tls) {
    if (one.connections === 1) warm.unshift({ name: direct, version: '', port: mock.port, headers: [] });
    else await slicer.slice({ name: direct, version: '', port: mock.port, headers: [] }, pace.sliceSeconds);
  }
  for (let round = 0; round < pace.rounds && performance.now() < pace.until; round += 1) {
    // Each second round runs backwards: nobody always comes after the same neighbour.
    for (const subject of round % 2 === 0 ? warm : warm.toReversed()) {
      if (!slicer.isOut(subject)) await slicer.slice(subject, pace.sliceSeconds);
    }
  }
  return withAddedDelay(slicer.readings);
}

type Sliced = Pick<StagedSubject, 'name' | 'version' | 'headers' | 'port'> & {
  readonly child?: StagedSubject['child'];
};

class Slicer {
  readonly readings: Reading[] = [];
  readonly #case: ChatCase;
  readonly #mock: Mock;
  readonly #load: Load;
  readonly #launch: number;

  constructor(one: ChatCase, mock: Mock, load: Load, launch: number) {
    this.#case = one;
    this.#mock = mock;
    this.#load = load;
    this.#launch = launch;
  }

  isOut({ name }: Sliced): boolean {
    return this.readings.some(({ subject, trouble }) => subject === name && trouble !== undefined);
  }

  /** False: it is out. */
  async warmUp(subject: Sliced, seconds: number): Promise<boolean> {
    return (await this.#burst(subject, seconds)) !== null;
  }

  async slice(subject: Sliced, seconds: number): Promise<void> {
    const { name, version, child } = subject;
    const before = child === undefined ? 0 : cpuMicros(child.pid);
    const burst = await this.#burst(subject, seconds);
    if (burst === null) return;
    await rest();
    const cpuUs = child === undefined ? 0 : cpuMicros(child.pid) - before;
    const { requests, p50Us, p99Us } = burst;
    const ofCpu =
      child === undefined ? {} : { cpuUsPerRequest: cpuUs / requests, busy: cpuUs / (burst.seconds * 1_000_000) };
    const values = { ...ofCpu, requestsPerSecond: requests / burst.seconds, p50Us, p99Us };
    this.readings.push({ subject: name, version, launch: this.#launch, values });
  }

  /** Null when anything went wrong, which is then among the readings. */
  async #burst({ name, port, headers }: Sliced, seconds: number): Promise<Burst | null> {
    const { connections, bytes, repeated, handedOver, cached } = this.#case;
    const aim: Aim = { port, headers };
    const greets = name === direct ? 0 : (handedOver ?? 0);
    const options: LoopOptions = {
      connections,
      bytes,
      secondsMax: seconds,
      repeated: repeated ?? false,
      handedOver: greets,
    };
    const before = await this.#mock.served();
    const burst = await this.#load.burst(aim, options);
    const served = (await this.#mock.served()) - before;
    const trouble = troubleIn(burst, cached === true ? burst.requests : served);
    if (trouble === null) return burst;
    this.readings.push(troubleOf(name, this.#launch, trouble));
    return null;
  }
}

function troubleIn({ requests, errors, firstError }: Burst, served: number): string | null {
  if (errors > 0) return `${errors} errors beside ${requests} answers: ${firstError}`;
  if (requests === 0) return 'no request was answered';
  if (served !== requests) return `${requests} answers, but ${served} requests reached the upstream`;
  return null;
}

/** The median of the delays of a launch, less that of no gateway at all. */
function withAddedDelay(readings: readonly Reading[]): Reading[] {
  const p50 = (name: string): number => {
    const own = readings.filter(({ subject }) => subject === name);
    return own.length < 2 ? Number.NaN : medianOf(own.flatMap(({ values }) => values.p50Us ?? []));
  };
  const base = p50(direct);
  return readings.map((reading) => {
    const addedP50Us = p50(reading.subject) - base;
    const isWorth = reading.subject !== direct && Number.isFinite(addedP50Us);
    return isWorth ? { ...reading, values: { ...reading.values, addedP50Us } } : reading;
  });
}

/** Connections that the load left are cleaned up, and the kernel's books are written, before the next reading. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
