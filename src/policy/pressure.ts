// Pressure: the gateway protecting itself. When its own event loop, heap or sockets run short, lanes are shed from the lowest
// up: one at once, the next if that did not help. It lets go one lane at a time, after a calm while.
// It must never shed a lane before the lanes below it, and never the vip lane: a process that serves nobody is no use.
import type { MonotonicMs } from '../kernel/brands.ts';
import type { Lane } from '../kernel/lane.ts';

const LAG_MS_MAX = 50;
const HEAP_SHARE_MAX = 0.8;
const SOCKET_SHARE_MAX = 0.8;
/** Time that shedding one lane gets to help before the next is shed too. */
const WORSE_MS = 1_000;
/** Calm is clearly below the maxima, for so long. */
const CALM_SHARE = 0.8;
const CALM_MS = 5_000;

export interface Readings {
  /** Of late, smoothed: one long collection is no pressure. */
  readonly eventLoopLagMs: number;
  /** Used over the limit. */
  readonly heapShare: number;
  readonly socketShare: number;
}

const shedOrder: readonly Lane[] = ['batch', 'standard'];

export class Pressure {
  #shed = 0;
  /** When the present state was entered or last contradicted. */
  #raisedAt = -Infinity;
  #calmSince: number | null = null;

  /** True: exchanges of this lane are to be refused. */
  sheds(lane: Lane): boolean {
    return shedOrder.slice(0, this.#shed).includes(lane);
  }

  /** Call often, a few times a second. True when what is shed has changed. */
  onReadings({ eventLoopLagMs, heapShare, socketShare }: Readings, now: MonotonicMs): boolean {
    const load = Math.max(eventLoopLagMs / LAG_MS_MAX, heapShare / HEAP_SHARE_MAX, socketShare / SOCKET_SHARE_MAX);
    if (load >= CALM_SHARE) this.#calmSince = null;
    else this.#calmSince ??= now;
    if (load > 1) return this.#raise(now);
    if (this.#shed === 0 || this.#calmSince === null || now - this.#calmSince < CALM_MS) return false;
    this.#shed--;
    this.#calmSince = now;
    return true;
  }

  #raise(now: MonotonicMs): boolean {
    const tooSoon = this.#shed > 0 && now - this.#raisedAt < WORSE_MS;
    if (tooSoon || this.#shed === shedOrder.length) return false;
    this.#shed++;
    this.#raisedAt = now;
    return true;
  }
}
