// Hand: one place among the workers, and the process that fills it now. A process that ends is replaced, at once when it had
// served for a while, and later each time when it had not; unless it ends at the very start, which is the starter's to know.
// One whose event loop stands still is ended: the system would go on giving it connections.
//
//   start ──ready──▶ serves ──ends, stands still──▶ rests ──▶ start again …
//     └──failed, ended, too slow──▶ (first time) the start is refused; (later) rests
import type { Worker } from 'node:cluster';
import { Line } from '../../adapters/ipc/line.ts';
import type { MonotonicMs } from '../../kernel/brands.ts';
import { Restarts } from '../../policy/restarts.ts';
import type { Clock, Timer, Timers } from '../../ports/clock.ts';
import type { Order, Report, WorkerTask } from './words.ts';

const START_MS_MAX = 20_000;
const LOOK_EVERY_MS = 5_000;
/** Looks in a row to which it said nothing. Counted, not timed: when this process itself stood still, it is one. */
const SILENT_LOOKS_MAX = 4;

/** What is not about its own life. */
export type WorkReport = Exclude<Report, { kind: 'hello' | 'ready' | 'pong' | 'failed' }>;

export interface HandTools {
  readonly clock: Clock;
  readonly timers: Timers;
  fork(): Worker;
  /** What a process that begins now is to do. */
  task(): WorkerTask;
  onReport(hand: Hand, report: WorkReport): void;
  onEnded(hand: Hand, how: string): void;
}

export class Hand {
  readonly #tools: HandTools;
  readonly #restarts = new Restarts();
  #worker: Worker | null = null;
  #line: Line<Order, Report> | null = null;
  #readyAt: MonotonicMs | null = null;
  #timer: Timer | null = null;
  #first: { resolve(): void; reject(error: Error): void } | null = null;
  #over: (() => void) | null = null;
  #why = '';
  #silentLooks = 0;
  isStopping = false;

  constructor(tools: HandTools) {
    this.#tools = tools;
  }

  /** Of the process, never used twice; 0 when there is none. */
  get id(): number {
    return this.#worker?.id ?? 0;
  }

  get isReady(): boolean {
    return this.#readyAt !== null && !this.isStopping;
  }

  /** Resolves when the first process listens; rejects when it cannot. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#first = { resolve, reject };
      this.#fork();
    });
  }

  say(order: Order): void {
    this.#line?.say(order);
  }

  /** Resolves when its process has drained and ended, and none will follow. */
  stop(why: string): Promise<void> {
    this.isStopping = true;
    this.#timer?.cancel();
    return new Promise((resolve) => {
      if (this.#worker === null) return resolve();
      this.#over = resolve;
      this.say({ kind: 'stop', why });
    });
  }

  kill(): void {
    this.isStopping = true;
    this.#timer?.cancel();
    this.#worker?.process.kill('SIGKILL');
  }

  #fork(): void {
    const worker = this.#tools.fork();
    this.#worker = worker;
    this.#why = '';
    this.#silentLooks = 0;
    this.#line = new Line<Order, Report>(worker, (report) => {
      // What was said before an end may arrive after it.
      if (this.#worker === worker) this.#onReport(report);
    });
    worker.on('error', () => {});
    worker.on('exit', (code, signal) => this.#onExit(worker, signal ?? `exit code ${code}`));
    this.#timer = this.#tools.timers.after(START_MS_MAX, () => {
      this.#why = `it did not start within ${START_MS_MAX / 1_000} s`;
      worker.process.kill('SIGKILL');
    });
  }

  #onReport(report: Report): void {
    this.#silentLooks = 0;
    if (report.kind === 'hello') this.say({ kind: 'begin', task: this.#tools.task() });
    else if (report.kind === 'ready') this.#onReady();
    else if (report.kind === 'failed') this.#onFailed(report);
    else if (report.kind !== 'pong') this.#tools.onReport(this, report);
  }

  #onReady(): void {
    this.#readyAt = this.#tools.clock.now();
    this.#first?.resolve();
    this.#first = null;
    this.#timer?.cancel();
    if (!this.isStopping) this.#lookSoon();
  }

  #lookSoon(): void {
    this.#timer = this.#tools.timers.after(LOOK_EVERY_MS, () => this.#look());
  }

  #look(): void {
    if (this.#silentLooks < SILENT_LOOKS_MAX) {
      this.#silentLooks++;
      this.say({ kind: 'ping' });
      return this.#lookSoon();
    }
    this.#why = `it stood still for ${(LOOK_EVERY_MS * SILENT_LOOKS_MAX) / 1_000} s`;
    this.#worker?.process.kill('SIGKILL');
  }

  #onFailed({ message, code, port }: Extract<Report, { kind: 'failed' }>): void {
    this.#why = message;
    this.#refuseStart(Object.assign(new Error(message), { ...(code && { code }), ...(port && { port }) }));
    this.#worker?.process.kill('SIGKILL');
  }

  #onExit(worker: Worker, how: string): void {
    if (this.#worker !== worker) return;
    const readyAt = this.#readyAt;
    this.#timer?.cancel();
    this.#refuseStart(new Error(`a worker ended at its start (${this.#why === '' ? how : this.#why})`));
    this.#tools.onEnded(this, this.#why === '' ? how : this.#why);
    this.#worker = this.#line = this.#readyAt = null;
    this.#over?.();
    if (this.isStopping) return;
    const delayMs = this.#restarts.delayMs(readyAt, this.#tools.clock.now());
    this.#timer = this.#tools.timers.after(delayMs, () => this.#fork());
  }

  /** The first one tells whether any can: who started it decides what follows. */
  #refuseStart(error: Error): void {
    if (this.#first === null) return;
    this.isStopping = true;
    this.#first.reject(error);
    this.#first = null;
  }
}
