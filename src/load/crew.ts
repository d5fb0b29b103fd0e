// Crew: starts the workers of a run, reads their tallies while they work, and ends with them. The run has an end of its own: a
// worker that has not come home by then is ended, and what it had under way counts as left.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { systemClock, systemTimers } from '../adapters/system.ts';
import { lanes } from '../kernel/lane.ts';
import type { LoadOrder } from './order.ts';
import type { Plan } from './plan.ts';
import { type Summary, summarize } from './summary.ts';
import { endings, Tally, windowMsOf } from './tally.ts';
import type { WorkerAnswer, WorkerTask, WorkerWord } from './worker.ts';

export interface LoadRun {
  /** How it stands; may be called at any time. */
  summary(): Summary;
  /** Sends nothing more and lets nobody wait on. */
  stop(): void;
  /** Resolves with the last summary, when everything has ended. Rejects when a worker dies. */
  readonly finished: Promise<Summary>;
}

/** After the last answer could have come. */
const GRACE_MS = 5_000;
const WORKER_FILE = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';

/** The workers are ready, and the first request is about to be sent. */
export async function startLoad(order: LoadOrder, plan: Plan): Promise<LoadRun> {
  const crew = new Crew(order, plan);
  await crew.ready();
  return crew;
}

class Crew implements LoadRun {
  readonly finished: Promise<Summary>;
  readonly #order: LoadOrder;
  readonly #plan: Plan;
  readonly #windowMs: number;
  readonly #tallies: readonly Tally[];
  readonly #workers: readonly Worker[];
  readonly #done = Promise.withResolvers<Summary>();
  #home = 0;
  #startedAt = 0;
  #endedAt: number | null = null;
  #stopped = false;

  constructor(order: LoadOrder, plan: Plan) {
    this.#order = order;
    this.#plan = plan;
    this.#windowMs = windowMsOf(plan.durationMs);
    this.finished = this.#done.promise;
    this.#tallies = Array.from({ length: order.workers }, () => new Tally(this.#windowMs));
    this.#workers = this.#tallies.map((tally, number) => {
      const task: WorkerTask = { order, plan, tally: tally.memory, windowMs: this.#windowMs, number };
      return new Worker(new URL(WORKER_FILE, import.meta.url), { workerData: task });
    });
  }

  async ready(): Promise<void> {
    try {
      await Promise.all(this.#workers.map((worker) => once(worker, 'message')));
    } catch (error) {
      await this.#dismiss();
      throw error;
    }
    for (const worker of this.#workers) {
      worker.on('message', (answer: WorkerAnswer) => answer === 'done' && this.#comeHome());
      worker.on('error', (bug) => void this.#die(bug));
    }
    this.#startedAt = systemClock.now();
    this.#tell('go');
    const wholeMs = this.#plan.durationMs + this.#order.answerMsMax + GRACE_MS;
    systemTimers.after(wholeMs, () => this.stop());
  }

  summary(): Summary {
    const whole = new Tally(this.#windowMs);
    for (const tally of this.#tallies) whole.merge(tally);
    return summarize({
      order: this.#order,
      plan: this.#plan,
      whole,
      parts: this.#tallies,
      elapsedMs: (this.#endedAt ?? systemClock.now()) - this.#startedAt,
      isOver: this.#endedAt !== null,
      isStopped: this.#stopped,
    });
  }

  stop(): void {
    if (this.#endedAt !== null || this.#stopped) return;
    this.#stopped = true;
    this.#tell('stop');
    systemTimers.after(GRACE_MS, () => this.#end());
  }

  #tell(word: WorkerWord): void {
    for (const worker of this.#workers) worker.postMessage(word, []);
  }

  #comeHome(): void {
    this.#home++;
    if (this.#home === this.#workers.length) this.#end();
  }

  #end(): void {
    if (this.#endedAt !== null) return;
    this.#endedAt = systemClock.now();
    for (const tally of this.#tallies) countMissing(tally);
    void this.#dismiss().then(() => this.#done.resolve(this.summary()));
  }

  async #die(bug: unknown): Promise<void> {
    this.#endedAt = systemClock.now();
    await this.#dismiss();
    this.#done.reject(bug);
  }

  async #dismiss(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** What a worker did not bring home has left. */
function countMissing(tally: Tally): void {
  for (const lane of lanes) {
    const ended = endings.reduce((sum, ending) => sum + tally.counted(lane, ending), 0);
    tally.count(lane, 'left', Math.max(0, tally.counted(lane, 'offered') - ended));
  }
}
