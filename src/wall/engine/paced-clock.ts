// Paced clock: real time for a model that was made for virtual time. Node's timers are up to a millisecond late, and a model
// whose iterations take 15 ms would lose a twentieth of its speed to that. So while a timer's work is done, it is the instant
// at which the timer was due, and what is late once is not late for ever.
// It must never run after lost time for long: a process that stood still goes on from now.
import type { EngineClock, EngineTimer } from '../../engine/far-side.ts';
import type { Clock, Timers } from '../../ports/clock.ts';

/** So much is made up for; what is lost beyond that is lost. */
const BEHIND_MS_MAX = 100;

export class PacedClock implements EngineClock {
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** The instant at which the timer under way was due; null outside of timers. */
  #dueAt: number | null = null;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  now(): number {
    return this.#dueAt ?? this.#clock.now();
  }

  after(delayMs: number, fire: () => void): EngineTimer {
    const dueAt = this.now() + delayMs;
    return this.#timers.after(Math.max(0, dueAt - this.#clock.now()), () => {
      this.#dueAt = Math.max(dueAt, this.#clock.now() - BEHIND_MS_MAX);
      try {
        fire();
      } finally {
        this.#dueAt = null;
      }
    });
  }
}
