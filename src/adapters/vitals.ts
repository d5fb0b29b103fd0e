// Vitals watch: reads how the process is, four times a second. It decides nothing: what is too much is the policy's.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Timer, Timers } from '../ports/clock.ts';
import type { VitalsSink } from '../ports/vitals.ts';

const READ_MS = 250;
/** The monitor's timer: what it measures includes this. */
const RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1e6;

export interface VitalsSources {
  readonly clock: Clock;
  readonly timers: Timers;
  heapShare(): number;
  socketShare(): number;
  readonly sink: VitalsSink;
}

export class VitalsWatch {
  readonly #sources: VitalsSources;
  readonly #monitor = new LagMonitor();
  #timer: Timer | null = null;

  constructor(sources: VitalsSources) {
    this.#sources = sources;
  }

  start(): void {
    this.#monitor.start();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#monitor.stop();
  }

  #arm(): void {
    const { clock, timers, sink } = this.#sources;
    const armedAt = clock.now();
    this.#timer = timers.after(READ_MS, () => {
      const eventLoopLagMs = this.#monitor.read(clock.now() - armedAt - READ_MS);
      sink.onVitals({
        eventLoopLagMs,
        heapShare: this.#sources.heapShare(),
        socketShare: this.#sources.socketShare(),
      });
      this.#arm();
    });
  }
}

/** How late timers fire. */
class LagMonitor {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #lag = new Lag();
  #count = 0;
  #sum = 0;

  start(): void {
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram.disable();
  }

  /** `lateMs`: how late the reader itself comes. Never resets the histogram, which would lose the sample under way. */
  read(lateMs: number): number {
    const { count, mean } = this.#histogram;
    const sum = count === 0 ? 0 : count * mean;
    const meanMs = count > this.#count ? (sum - this.#sum) / (count - this.#count) / NANOSECONDS_PER_MS : 0;
    this.#count = count;
    this.#sum = sum;
    return this.#lag.add(Math.max(0, meanMs - RESOLUTION_MS, lateMs));
  }
}

const KEPT = 4;

/** Smoothed: one long collection is no pressure, so the lag is what three of the last four readings reached. */
export class Lag {
  readonly #recent: number[] = [];

  add(lagMs: number): number {
    this.#recent.push(lagMs);
    if (this.#recent.length > KEPT) this.#recent.shift();
    return this.#recent.length < KEPT ? 0 : (this.#recent.toSorted((left, right) => left - right)[1] ?? 0);
  }
}
