// Batch engine: a continuous-batching inference engine as gateways meet it. Every iteration reads a chunk of new prompts and
// makes one token for each running sequence, and takes longer the more it does; what does not fit into memory waits inside,
// first come, first served. That inner queue is what an overload fills, and what a gateway must keep short.
// It must never hold more tokens or sequences than its constants allow, and never lose one: a job ends in exactly one way.
import { Fifo, type Link } from '../kernel/bounded.ts';
import { assert } from '../kernel/result.ts';
import { type BatchConstants, batchEngine, eventGapMsMax, eventTokensMax } from './constants.ts';
import type { EngineClock, FarSide, Job, JobCall, JobSink } from './far-side.ts';

/** What is wrong with the engine; all of it may change while it runs. */
export interface Condition {
  /** 1: healthy; 0.2: five times slower; 0: stands still. */
  readonly speed: number;
  /** New jobs are refused with this status; null: they are taken. */
  readonly refusesWith: number | null;
  /** New jobs lie about for so long before the engine looks at them. */
  readonly delayMs: number;
}

export const healthy: Condition = { speed: 1, refusesWith: null, delayMs: 0 };

interface Sequence {
  readonly job: Job;
  readonly sink: JobSink;
  state: 'waiting' | 'running' | 'over';
  /** Place in the waiting queue; null when it has none. */
  link: Link<Sequence> | null;
  /** Prompt tokens (and, after a preemption, its own tokens) still to be read. */
  toRead: number;
  /** Memory it holds. */
  kvTokens: number;
  made: number;
  untold: number;
  toldAt: number;
  /** Makes a token in the iteration under way. */
  makes: boolean;
}

export interface BatchEngineOptions {
  readonly constants?: BatchConstants;
  /** Jobs waiting inside above which new ones get 503; no bound in most engines. */
  readonly waitingMax?: number;
  /** Tokens told at once, after the first. */
  readonly eventTokens?: number;
}

const REFUSED_WHEN_FULL = 503;
const TOO_LONG = 400;

export class BatchEngine implements FarSide {
  readonly constants: BatchConstants;
  readonly #eventTokens: number;
  readonly #clock: EngineClock;
  readonly #waiting: Fifo<Sequence>;
  /** Thrown out of the batch for want of memory; let in again before all others. */
  readonly #preempted: Sequence[] = [];
  #running: Sequence[] = [];
  #kvTokens = 0;
  #iterating = false;
  #condition: Condition = healthy;
  /** Tokens made since it began. */
  tokensMade = 0;
  preemptions = 0;

  constructor(clock: EngineClock, options: BatchEngineOptions = {}) {
    this.#clock = clock;
    this.constants = options.constants ?? batchEngine;
    this.#eventTokens = options.eventTokens ?? eventTokensMax;
    this.#waiting = new Fifo(options.waitingMax ?? Number.POSITIVE_INFINITY);
  }

  get running(): number {
    return this.#running.length;
  }

  get waiting(): number {
    return this.#waiting.size + this.#preempted.length;
  }

  get kvTokens(): number {
    return this.#kvTokens;
  }

  set condition(condition: Condition) {
    this.#condition = condition;
    this.#iterate();
  }

  submit(job: Job, sink: JobSink): JobCall {
    const { delayMs } = this.#condition;
    if (delayMs === 0) return this.#submit(job, sink);
    let call: JobCall | null = null;
    const delay = this.#clock.after(delayMs, () => (call = this.#submit(job, sink)));
    return {
      cancel: () => {
        delay.cancel();
        call?.cancel();
      },
    };
  }

  /** Everything it was at breaks off, what waits inside included. */
  crash(): void {
    const lost = [...this.#waiting, ...this.#preempted, ...this.#running];
    for (const sequence of lost) this.#cancel(sequence);
    // Sinks may submit: the engine is empty before anybody is told.
    for (const { sink } of lost) sink.onBroken();
  }

  #submit(job: Job, sink: JobSink): JobCall {
    const { refusesWith } = this.#condition;
    const whole = job.promptTokens + job.outputTokens;
    if (refusesWith !== null) return this.#refuse(refusesWith, sink);
    if (whole > this.#kvTokensFree()) return this.#refuse(TOO_LONG, sink);
    const sequence: Sequence = {
      job,
      sink,
      state: 'waiting',
      link: null,
      toRead: job.promptTokens,
      kvTokens: 0,
      made: 0,
      untold: 0,
      toldAt: 0,
      makes: false,
    };
    sequence.link = this.#waiting.push(sequence);
    if (sequence.link === null) return this.#refuse(REFUSED_WHEN_FULL, sink);
    this.#iterate();
    return { cancel: () => this.#cancel(sequence) };
  }

  /** What the largest job may need. */
  #kvTokensFree(): number {
    return this.constants.kvTokensMax * (1 - this.constants.watermark);
  }

  #refuse(status: number, sink: JobSink): JobCall {
    const timer = this.#clock.after(0, () => sink.onRefused({ status, retryAfterMs: null, headers: {} }));
    return { cancel: () => timer.cancel() };
  }

  #cancel(sequence: Sequence): void {
    if (sequence.state === 'over') return;
    if (sequence.state === 'waiting') this.#unqueue(sequence);
    // The batch is rid of it at the iteration's end; its memory is free now.
    this.#free(sequence);
    sequence.state = 'over';
  }

  #unqueue(sequence: Sequence): void {
    if (sequence.link !== null) this.#waiting.remove(sequence.link);
    else this.#preempted.splice(this.#preempted.indexOf(sequence), 1);
    sequence.link = null;
  }

  #free(sequence: Sequence): void {
    this.#kvTokens -= sequence.kvTokens;
    sequence.kvTokens = 0;
  }

  /** Begins an iteration, when none runs and there is work. */
  #iterate(): void {
    if (this.#iterating || this.#condition.speed === 0) return;
    const { constants } = this;
    this.#preemptForGrowth();
    const decoding = this.#running.filter((sequence) => sequence.toRead === 0).length;
    const read = this.#fillBatch(decoding);
    if (this.#running.length === 0) return;
    const ms =
      constants.iterationBaseMs +
      decoding * constants.perDecodeMs +
      read * constants.perPrefillTokenMs +
      this.#kvTokens * constants.perKvTokenMs;
    this.#iterating = true;
    this.#clock.after(ms / this.#condition.speed, () => this.#finishIteration());
  }

  /** Each decoding sequence is about to grow by one token: the newest give way when that does not fit. */
  #preemptForGrowth(): void {
    let growing = 0;
    for (const sequence of this.#running) if (sequence.toRead === 0) growing++;
    while (this.#kvTokens + growing > this.constants.kvTokensMax) {
      const newest = this.#running.pop();
      assert(newest !== undefined, 'one sequence alone always fits');
      if (newest.toRead === 0) growing--;
      this.#free(newest);
      newest.state = 'waiting';
      newest.toRead = newest.job.promptTokens + newest.made;
      this.#preempted.push(newest);
      this.preemptions++;
    }
  }

  /** Reads on in prompts begun, then lets new sequences in; answers the prompt tokens read. */
  #fillBatch(decoding: number): number {
    const { prefillChunkTokens, slotsMax } = this.constants;
    let room = prefillChunkTokens;
    for (const sequence of this.#running) {
      sequence.makes = sequence.toRead === 0;
      if (!sequence.makes) room -= readOn(sequence, room);
    }
    while (room > 0 && this.#running.length < slotsMax) {
      const next = this.#preempted.at(-1) ?? this.#waiting.first;
      if (next === null || next === undefined) break;
      if (this.#kvTokens + next.toRead + decoding > this.#kvTokensFree() && this.#running.length > 0) break;
      this.#unqueue(next);
      next.state = 'running';
      next.kvTokens = next.toRead;
      this.#kvTokens += next.kvTokens;
      this.#running.push(next);
      room -= readOn(next, room);
    }
    return prefillChunkTokens - room;
  }

  #finishIteration(): void {
    const now = this.#clock.now();
    // Sinks may submit and cancel: the batch is settled before anybody is told.
    const told: Sequence[] = [];
    for (const sequence of this.#running) {
      if (sequence.state !== 'running' || !sequence.makes) continue;
      sequence.made++;
      sequence.kvTokens++;
      this.#kvTokens++;
      this.tokensMade++;
      if (sequence.made === sequence.job.outputTokens) this.#free(sequence);
      told.push(sequence);
    }
    for (const sequence of told) if (sequence.state === 'running') tell(sequence, now, this.#eventTokens);
    this.#running = this.#running.filter((sequence) => sequence.state === 'running');
    this.#iterating = false;
    this.#iterate();
  }
}

/** Reads at most `room` of what is left; the iteration that reads the last of a prompt makes the first token. */
function readOn(sequence: Sequence, room: number): number {
  const read = Math.min(room, sequence.toRead);
  sequence.toRead -= read;
  sequence.makes = sequence.toRead === 0;
  return read;
}

function tell(sequence: Sequence, now: number, eventTokens: number): void {
  const { sink, job } = sequence;
  const done = sequence.made === job.outputTokens;
  if (sequence.made === 1) {
    sequence.toldAt = now;
    sink.onFirstToken();
  } else {
    sequence.untold++;
    if (done || sequence.untold >= eventTokens || now - sequence.toldAt >= eventGapMsMax) {
      const count = sequence.untold;
      sequence.untold = 0;
      sequence.toldAt = now;
      sink.onTokens(count);
    }
  }
  if (!done || sequence.state !== 'running') return;
  sequence.state = 'over';
  sink.onDone();
}
