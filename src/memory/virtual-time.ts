// Virtual time: a clock and timers that move only when told to. Tests and the simulator run thousands of seconds in a few
// milliseconds, and the same run every time: timers due at one instant fire in the order in which they were set.
import { later, type MonotonicMs, monotonicMs, type WallMs, wallMs } from '../kernel/brands.ts';
import type { Clock, Timer, Timers } from '../ports/clock.ts';

interface Pending {
  readonly dueAt: MonotonicMs;
  readonly fire: () => void;
}

/** 2026-11-02 00:00 UTC, a Monday: any fixed instant would do. */
const WALL_START_MS = Date.UTC(2026, 10, 2);

export class VirtualTime implements Clock, Timers {
  #now = monotonicMs(0);
  readonly #pending = new Set<Pending>();

  now(): MonotonicMs {
    return this.#now;
  }

  wall(): WallMs {
    return wallMs(WALL_START_MS + this.#now);
  }

  get timers(): number {
    return this.#pending.size;
  }

  after(delayMs: number, fire: () => void): Timer {
    const pending: Pending = { dueAt: later(this.#now, Math.max(0, delayMs)), fire };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Moves time forward by `ms`, firing what falls due on the way, timers set by timers included. */
  advance(ms: number): void {
    const end = later(this.#now, ms);
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#pending.delete(next);
      this.#now = monotonicMs(Math.max(this.#now, next.dueAt));
      next.fire();
    }
    this.#now = end;
  }

  #next(end: MonotonicMs): Pending | null {
    let first: Pending | null = null;
    for (const pending of this.#pending) {
      if (pending.dueAt > end) continue;
      if (first === null || pending.dueAt < first.dueAt) first = pending;
    }
    return first;
  }
}
