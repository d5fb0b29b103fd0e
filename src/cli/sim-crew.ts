// Sim crew: runs the simulator's orders on several threads and hands the results over in the order of the orders, so that what
// is printed does not depend on how many threads there were. It never gets far ahead of the slowest: memory stays bounded
// however many runs there are.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { run, type RunResult } from '../sim/run.ts';
import { type PlainOrder, type TraceSource, traceReplay } from './sim-job.ts';

/** Results that wait for their turn, and orders under way. */
const AHEAD_MAX = 64;
/** Marks this module's own threads: it is loaded as a thread by nobody else. */
const CREW = 'spillway-sim-crew';

interface Hand {
  readonly worker: Worker;
  /** Indexes of its orders, the next one first. */
  readonly tasks: number[];
  busy: boolean;
}

type Report = { readonly index: number } & ({ readonly result: RunResult } | { readonly error: string });

export async function runAll(
  orders: readonly PlainOrder[],
  threads: number,
  trace: TraceSource | null,
  onResult: (result: RunResult, order: PlainOrder) => void,
): Promise<void> {
  // A thread costs half a second before it has done anything.
  const useful = Math.min(threads, Math.floor(orders.length / 2));
  if (useful > 1) return await withThreads(orders, useful, trace, onResult);
  const runOne = runner(trace);
  for (const order of orders) onResult(runOne(order), order);
}

/** What runs an order here and now. An error of the code under test says which order it was. */
export function runner(trace: TraceSource | null): (order: PlainOrder) => RunResult {
  const replay = trace === null ? null : traceReplay(trace);
  if (replay !== null && !replay.ok) throw new Error(replay.error);
  return (order) => {
    try {
      return run({ ...order, trace: replay?.value ?? null });
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`${order.scenario}, ${order.policy}, seed ${order.seed}: ${why}`, { cause: error });
    }
  };
}

async function withThreads(
  orders: readonly PlainOrder[],
  threads: number,
  trace: TraceSource | null,
  onResult: (result: RunResult, order: PlainOrder) => void,
): Promise<void> {
  const hands: Hand[] = shares(orders, threads).map((tasks) => ({
    worker: new Worker(new URL(import.meta.url), { workerData: { crew: CREW, trace } }),
    tasks,
    busy: false,
  }));
  const early = new Map<number, RunResult>();
  let told = 0;
  const feed = (hand: Hand): void => {
    const index = hand.tasks[0];
    if (hand.busy || index === undefined || index >= told + AHEAD_MAX) return;
    hand.tasks.shift();
    hand.busy = true;
    // Nothing is handed over for good: the empty list says so.
    hand.worker.postMessage({ index, order: orders[index] }, []);
  };
  const tell = (): void => {
    for (let result = early.get(told); result !== undefined; result = early.get(told)) {
      early.delete(told);
      const order = orders[told++];
      if (order !== undefined) onResult(result, order);
    }
  };
  const work = new Promise<void>((resolve, reject) => {
    for (const hand of hands) {
      hand.worker.on('error', reject);
      hand.worker.on('message', (report: Report) => {
        if ('error' in report) return reject(new Error(report.error));
        hand.busy = false;
        early.set(report.index, report.result);
        tell();
        if (told === orders.length) return resolve();
        for (const each of hands) feed(each);
      });
      feed(hand);
    }
  });
  try {
    await work;
  } finally {
    await Promise.all(hands.map(({ worker }) => worker.terminate()));
  }
}

/** Who does what. A seed stays with one thread where it can: what was found out about its ideal is of use again. */
function shares(orders: readonly PlainOrder[], threads: number): number[][] {
  const places = new Map<number, number>();
  for (const { seed } of orders) if (!places.has(seed)) places.set(seed, places.size);
  const parts: number[][] = Array.from({ length: threads }, () => []);
  for (const [index, { seed }] of orders.entries()) {
    const place = places.size < threads ? index : (places.get(seed) ?? 0);
    parts[place % threads]?.push(index);
  }
  return parts;
}

function serve(port: NonNullable<typeof parentPort>, trace: TraceSource | null): void {
  const runOne = runner(trace);
  port.on('message', ({ index, order }: { index: number; order: PlainOrder }) => {
    let report: Report;
    try {
      report = { index, result: runOne(order) };
    } catch (error) {
      report = { index, error: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(report);
  });
}

const data = workerData as { crew?: string; trace: TraceSource | null } | null;
if (!isMainThread && parentPort !== null && data?.crew === CREW) serve(parentPort, data.trace);
