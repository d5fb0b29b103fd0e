// Worker: one thread of the load: its share of the plan, its own connections, its own tally. It is started by the crew with
// everything it needs and says only one word back: that it is done. It must never outlive its last request, and never hide
// that it could not keep up: its lateness, its loop's lag and how busy it was are part of its tally.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { systemChance, systemClock, systemTimers } from '../adapters/system.ts';
import { Asking, type AskingKit } from './asking.ts';
import { Connections } from './connections.ts';
import type { LoadOrder } from './order.ts';
import { Pacing } from './pacing.ts';
import { type Plan, wishAt } from './plan.ts';
import { Prompts } from './prompts.ts';
import { Tally } from './tally.ts';

export interface WorkerTask {
  readonly order: LoadOrder;
  readonly plan: Plan;
  readonly tally: SharedArrayBuffer;
  readonly windowMs: number;
  /** Which of the workers this is. */
  readonly number: number;
}

/** From the crew. `stop`: no more sends, and whoever waits leaves. */
export type WorkerWord = 'go' | 'stop';
/** To the crew. */
export type WorkerAnswer = 'ready' | 'done';

const VITALS_MS = 200;
const RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1e6;
const MICROSECONDS_PER_MS = 1e3;

class LoadWorker implements AskingKit {
  readonly order: LoadOrder;
  readonly clock = systemClock;
  readonly timers = systemTimers;
  readonly chance = systemChance;
  readonly connections: Connections;
  readonly prompts: Prompts;
  readonly tally: Tally;
  readonly #task: WorkerTask;
  readonly #pacing: Pacing;
  readonly #open = new Set<Asking>();
  readonly #openMax: number;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #onDone: () => void;
  #sent = false;
  #over = false;

  constructor(task: WorkerTask, onDone: () => void) {
    this.#task = task;
    this.#onDone = onDone;
    this.order = task.order;
    this.tally = new Tally(task.windowMs, task.tally);
    this.connections = new Connections(task.order.address);
    this.prompts = new Prompts(task.order);
    this.#openMax = Math.max(1, Math.floor(task.order.openMax / task.order.workers));
    const share = { atMs: task.plan.atMs, first: task.number, step: task.order.workers };
    this.#pacing = new Pacing(share, systemClock, systemTimers, {
      onDue: (at, dueAt, lateMs) => this.#due(at, dueAt, lateMs),
      onSent: () => {
        this.#sent = true;
        this.#settle();
      },
    });
  }

  go(): void {
    this.#delay.enable();
    this.#watch();
    this.#pacing.begin();
  }

  stop(): void {
    this.#pacing.stop();
    this.#sent = true;
    for (const asking of this.#open) asking.leave();
    this.#settle();
  }

  onOver(asking: Asking): void {
    this.#open.delete(asking);
    this.tally.setOwn('open', this.#open.size);
    this.#settle();
  }

  #due(at: number, dueAt: number, lateMs: number): void {
    const asking = new Asking(this, wishAt(this.#task.plan, at), dueAt);
    this.tally.lateness.add(lateMs);
    if (this.#open.size >= this.#openMax) return asking.skip();
    this.#open.add(asking);
    this.tally.setOwn('open', this.#open.size);
    this.tally.setOwn('openPeak', Math.max(this.#open.size, this.tally.own('openPeak')));
    asking.begin();
  }

  /** How the generator itself is, five times a second. */
  #watch(): void {
    const before = performance.eventLoopUtilization();
    this.timers.after(VITALS_MS, () => {
      const { utilization } = performance.eventLoopUtilization(before);
      this.tally.setOwn('busyShare', Math.max(utilization, this.tally.own('busyShare') * BUSY_KEPT));
      this.#tellCosts();
      if (!this.#over) this.#watch();
    });
  }

  #tellCosts(): void {
    const { user, system } = process.threadCpuUsage();
    this.tally.setOwn('cpuMs', (user + system) / MICROSECONDS_PER_MS);
    const { count } = this.#delay;
    const lagMs = count === 0 ? 0 : this.#delay.percentile(99) / NANOSECONDS_PER_MS - RESOLUTION_MS;
    this.tally.setOwn('loopLagMs', Math.max(0, lagMs));
  }

  #settle(): void {
    if (!this.#sent || this.#open.size > 0 || this.#over) return;
    this.#over = true;
    this.#tellCosts();
    this.#delay.disable();
    this.connections.close();
    this.#onDone();
  }
}

/** The busiest fifth of a second fades over about ten seconds. */
const BUSY_KEPT = 0.98;

function main(port: NonNullable<typeof parentPort>): void {
  const task = workerData as WorkerTask;
  const tell = (answer: WorkerAnswer): void => port.postMessage(answer);
  const worker = new LoadWorker(task, () => {
    tell('done');
    port.close();
  });
  port.on('message', (word: WorkerWord) => {
    if (word === 'go') worker.go();
    else worker.stop();
  });
  tell('ready');
}

if (parentPort !== null) main(parentPort);
