// Pressure: the gateway protecting itself. When its own event loop, heap or sockets run short, lanes are shed from the lowest
// up: one at once, the next if that did not help and it is severe. It lets go one lane at a time, after a calm while.
// It must never shed a lane before the lanes below it, and never the vip lane: a process that serves nobody is no use.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Vitals } from '../ports/vitals.ts';

interface Maxima {
  readonly lagMs: number;
  readonly share: number;
}

/** Above the first ones batch is shed. Standard is the lane of most callers: shedding it takes more than that. */
const HIGH: Maxima = { lagMs: 50, share: 0.8 };
const SEVERE: Maxima = { lagMs: 250, share: 0.9 };
/** Time that shedding one lane gets to help before the next is shed too. */
const WORSE_MS = 1_000;
/** Calm is clearly below the maxima, for so long. */
const CALM_SHARE = 0.8;
const CALM_MS = 5_000;

/** How many lanes must be shed before this one is. */
const shedAbove: Readonly<Record<Lane, number>> = { batch: 0, standard: 1, vip: Number.POSITIVE_INFINITY };
const SHEDDABLE = 2;

export class Pressure {
  #shed = 0;
  /** When the present state was entered or last contradicted. */
  #raisedAt = -Infinity;
  #calmSince: number | null = null;

  /** True: exchanges of this lane are to be refused. */
  sheds(lane: Lane): boolean {
    return this.#shed > shedAbove[lane];
  }

  /** Call often, a few times a second. True when what is shed has changed. */
  onVitals(vitals: Vitals, now: MonotonicMs): boolean {
    const load = loadOf(vitals, HIGH);
    if (load >= CALM_SHARE) this.#calmSince = null;
    else this.#calmSince ??= now;
    if (load > 1) return (this.#shed === 0 || loadOf(vitals, SEVERE) > 1) && this.#raise(now);
    if (this.#shed === 0 || this.#calmSince === null || now - this.#calmSince < CALM_MS) return false;
    this.#shed--;
    this.#calmSince = now;
    return true;
  }

  #raise(now: MonotonicMs): boolean {
    const tooSoon = this.#shed > 0 && now - this.#raisedAt < WORSE_MS;
    if (tooSoon || this.#shed === SHEDDABLE) return false;
    this.#shed++;
    this.#raisedAt = now;
    return true;
  }
}

/** Above 1: more than the maximum of any. */
function loadOf({ eventLoopLagMs, heapShare, socketShare }: Vitals, { lagMs, share }: Maxima): number {
  return Math.max(eventLoopLagMs / lagMs, heapShare / share, socketShare / share);
}
