// Event time: virtual time for long simulations. Behaves like memory/virtual-time.ts (timers due at one instant fire in the
// order in which they were set), but finds the next of a hundred thousand timers in logarithmic time.
import { later, type MonotonicMs, monotonicMs, type WallMs, wallMs } from '../kernel/brands.ts';
import { Heap } from '../policy/heap.ts';
import type { Clock, Timer, Timers } from '../ports/clock.ts';

interface Pending {
  readonly dueAt: number;
  readonly number: number;
  readonly fire: () => void;
}

/** 2026-11-02 00:00 UTC, a Monday: any fixed instant would do. */
const WALL_START_MS = Date.UTC(2026, 10, 2);

export class EventTime implements Clock, Timers {
  readonly #pending = new Heap<Pending>((a, b) => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.number < b.number));
  #now = monotonicMs(0);
  #set = 0;

  now(): MonotonicMs {
    return this.#now;
  }

  wall(): WallMs {
    return wallMs(WALL_START_MS + this.#now);
  }

  after(delayMs: number, fire: () => void): Timer {
    const entry = this.#pending.add({ dueAt: later(this.#now, Math.max(0, delayMs)), number: this.#set++, fire });
    return { cancel: () => void this.#pending.remove(entry) };
  }

  /** Fires what falls due up to `end`, timers set by timers included. `afterEach` runs after each. */
  runTo(end: number, afterEach: () => void = () => {}): void {
    for (let next = this.#pending.first; next !== null && next.dueAt <= end; next = this.#pending.first) {
      this.#pending.takeFirst();
      this.#now = monotonicMs(Math.max(this.#now, next.dueAt));
      next.fire();
      afterEach();
    }
    this.#now = monotonicMs(Math.max(this.#now, end));
  }
}
