// Worker vectors: the vector index in a thread of its own, so that no search holds up the requests of others. The thread is
// started with the first vector, and anew, empty, when it has died or hangs; meanwhile nobody finds anything. It must never
// let a search take longer than its budget, nor let orders pile up before a thread that does not keep up.
//
//   none ──put──▶ running ──error, exit, or silent for too long──▶ resting ──put, after the rest──▶ running
import { Worker } from 'node:worker_threads';
import { later, type MonotonicMs } from '../../kernel/brands.ts';
import { limits } from '../../kernel/limits.ts';
import { wordsOfBug } from '../../kernel/result.ts';
import type { CacheKey, PurgeScope } from '../../ports/cache.ts';
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { Nearest, Sought, VectorEntry, VectorIndex, VectorTimes } from '../../ports/vectors.ts';
import type { VectorOrder, VectorReport } from './vector-worker.ts';

export interface WorkerVectorsOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** One line each time that the thread is lost. */
  onTrouble(why: string): void;
  /** Of the thread's program; absent: the keeper of vectors. */
  readonly program?: URL;
}

const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './vector-worker.ts' : './vector-worker.js', import.meta.url);
/** The longest search takes a twentieth of it. */
const HANG_MS = 2_000;
const REST_MS = 1_000;
const REST_MS_MAX = 60_000;
/** Told and not heard yet. */
const BACKLOG_MAX = 1_000;
const HEAP_MB_MAX = 256;

interface Waiting {
  readonly done: (nearest: Nearest | null) => void;
  readonly timer: Timer;
}

export class WorkerVectors implements VectorIndex {
  readonly #options: WorkerVectorsOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;
  #told = 0;
  #report: VectorReport = nothing;
  /** Searches that it has not answered yet. */
  #owed = 0;
  /** Since when it has said nothing though it owes something; null: it owes nothing. */
  #owesSince: MonotonicMs | null = null;
  #restsUntil: MonotonicMs | null = null;
  #restMs = REST_MS;
  #restarts = 0;
  #closed = false;

  constructor(options: WorkerVectorsOptions) {
    this.#options = options;
  }

  put(entry: VectorEntry): void {
    const worker = this.#worker ?? this.#start();
    if (worker !== null) this.#tell({ kind: 'put', entry }, [entry.vector.buffer]);
  }

  renew(space: string, key: CacheKey, times: VectorTimes): void {
    this.#tell({ kind: 'renew', space, key, times });
  }

  remove(space: string, key: CacheKey): void {
    this.#tell({ kind: 'remove', space, key });
  }

  purge(scope: PurgeScope): void {
    // One that does not hear it must not live on with what was purged.
    if (this.#worker !== null && !this.#tell({ kind: 'purge', scope })) this.#lose('it does not keep up');
  }

  nearest(sought: Sought, budgetMs: number, done: (nearest: Nearest | null) => void): { cancel(): void } {
    if (this.#worker === null || this.#waiting.size >= limits.semanticSearchesMax) {
      done(this.#worker === null ? { fresh: null, kept: null } : null);
      return { cancel: () => {} };
    }
    const id = this.#nextId++;
    const timer = this.#options.timers.after(budgetMs, () => {
      this.#waiting.delete(id);
      this.#loseIfHung();
      done(null);
    });
    this.#waiting.set(id, { done, timer });
    const until = this.#options.clock.wall() + budgetMs;
    if (!this.#tell({ kind: 'nearest', id, sought, until })) {
      this.#answer(id, null);
      this.#loseIfHung();
    }
    return {
      cancel: () => {
        timer.cancel();
        this.#waiting.delete(id);
        this.#loseIfHung();
      },
    };
  }

  gauges(): ReturnType<VectorIndex['gauges']> {
    return { vectors: this.#report.vectors, bytes: this.#report.bytes, restarts: this.#restarts };
  }

  close(): void {
    this.#closed = true;
    const worker = this.#forget();
    void worker?.terminate();
  }

  /** Null: it rests. */
  #start(): Worker | null {
    if (this.#closed || (this.#restsUntil !== null && this.#options.clock.now() < this.#restsUntil)) return null;
    let worker: Worker;
    try {
      worker = new Worker(this.#options.program ?? PROGRAM, {
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
      });
    } catch (error) {
      // The system may have no thread left: then there are no neighbours for a while, and requests go on.
      this.#lose(wordsOfBug(error));
      return null;
    }
    worker.unref();
    worker.on('message', (report: VectorReport) => {
      if (worker === this.#worker) this.#hear(report);
    });
    worker.on('error', (error) => {
      if (worker === this.#worker) this.#lose(wordsOfBug(error));
    });
    worker.on('exit', (code) => {
      if (worker === this.#worker) this.#lose(`it ended with code ${code}`);
    });
    this.#worker = worker;
    return worker;
  }

  /** False: it was not told. */
  #tell(order: VectorOrder, given: ArrayBuffer[] = []): boolean {
    if (this.#worker === null) return false;
    const isFull = this.#told - this.#report.heard >= BACKLOG_MAX;
    if (order.kind === 'nearest' || isFull) this.#owesSince ??= this.#options.clock.now();
    if (isFull) return false;
    this.#told++;
    if (order.kind === 'nearest') this.#owed++;
    this.#worker.postMessage(order, given);
    return true;
  }

  #hear(report: VectorReport): void {
    this.#report = report;
    this.#restMs = REST_MS;
    const { id, nearest } = report;
    if (id !== null) {
      this.#owed--;
      this.#answer(id, nearest);
    }
    // Of other orders it says only now and then that it has heard them: such a silence says nothing.
    this.#owesSince = this.#owed === 0 ? null : this.#options.clock.now();
  }

  #answer(id: number, nearest: Nearest | null): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.timer.cancel();
    waiting.done(nearest);
  }

  #loseIfHung(): void {
    if (this.#owesSince === null || this.#options.clock.now() - this.#owesSince < HANG_MS) return;
    this.#lose(`it has said nothing for ${HANG_MS} ms`);
  }

  #lose(why: string): void {
    const lost = this.#forget();
    this.#restarts++;
    this.#restsUntil = later(this.#options.clock.now(), this.#restMs);
    this.#restMs = Math.min(REST_MS_MAX, this.#restMs * 2);
    void lost?.terminate();
    this.#options.onTrouble(`the thread that looks for similar questions is begun anew, empty: ${why}`);
  }

  #forget(): Worker | null {
    const worker = this.#worker;
    this.#worker = null;
    this.#told = 0;
    this.#report = nothing;
    this.#owed = 0;
    this.#owesSince = null;
    for (const id of this.#waiting.keys()) this.#answer(id, null);
    return worker;
  }
}

const nothing: VectorReport = { id: null, nearest: null, heard: 0, vectors: 0, bytes: 0 };
