// Clock and timers: time is an argument. Production gets the machine's, tests and the simulator a virtual one.
import type { MonotonicMs, WallMs } from '../kernel/brands.ts';

export interface Clock {
  now(): MonotonicMs;
  wall(): WallMs;
}

export interface Timer {
  /** No effect when it has fired or was cancelled. */
  cancel(): void;
}

export interface Timers {
  /** Calls `fire` once, not before `delayMs` have passed; never synchronously. */
  after(delayMs: number, fire: () => void): Timer;
}
