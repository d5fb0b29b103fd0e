// Pacing: sends each request of a plan when it is due, whatever has become of those before it. Whenever a timer
// fires it sends all that is due, so that a rate far above what timers can do is kept all the same.
// What is late is sent at once and its lateness told: an open load never stretches time to make a slow sender look good.
import type { Clock, Timer, Timers } from '../ports/clock.ts';

export interface PacingOwner {
  /** `at`: which of the plan; `dueAt`: on this clock; `lateMs`: how late it is sent. */
  onDue(at: number, dueAt: number, lateMs: number): void;
  /** After the last one. */
  onSent(): void;
}

/** One worker's share of the plan: every `step`-th request from `first` on. */
export interface Share {
  readonly atMs: Float64Array;
  readonly first: number;
  readonly step: number;
}

export class Pacing {
  readonly #share: Share;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #owner: PacingOwner;
  #next: number;
  #startAt = 0;
  #timer: Timer | null = null;

  constructor(share: Share, clock: Clock, timers: Timers, owner: PacingOwner) {
    this.#share = share;
    this.#clock = clock;
    this.#timers = timers;
    this.#owner = owner;
    this.#next = share.first;
  }

  begin(): void {
    this.#startAt = this.#clock.now();
    this.#turn();
  }

  stop(): void {
    this.#next = this.#share.atMs.length;
    this.#timer?.cancel();
  }

  #turn(): void {
    const { atMs, step } = this.#share;
    for (let at = this.#next; at < atMs.length; at = this.#next) {
      const dueAt = this.#startAt + (atMs[at] ?? 0);
      // Sending takes time too.
      const now = this.#clock.now();
      if (dueAt > now) {
        this.#timer = this.#timers.after(dueAt - now, () => this.#turn());
        return;
      }
      this.#next = at + step;
      this.#owner.onDue(at, dueAt, now - dueAt);
    }
    this.#owner.onSent();
  }
}
