// The machine's clock, timers, chance and heap: the one file that may read real time and draw real random numbers.
// Everything else takes the ports as arguments, so that the simulator can replay it. It must never decide anything.
//
// Timers never keep the process alive: what keeps it alive is a listening server or an open socket. So a drained gateway
// exits although breakers, health checks and deadlines still have timers pending. Whoever must wait for a timer with no
// socket open (a test, a script) has to hold something else open.
import { randomBytes } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import type { MonotonicMs, WallMs } from '../kernel/brands.ts';
import type { Chance } from '../ports/chance.ts';
import type { Clock, Timer, Timers } from '../ports/clock.ts';

export const systemClock: Clock = {
  now: () => performance.now() as MonotonicMs,
  wall: () => Date.now() as WallMs,
};

/** Node fires longer delays at once (they overflow a signed 32-bit number), so they are waited for in stages. */
const STAGE_MS_MAX = 2 ** 31 - 1;

let pendingTimers = 0;

class SystemTimer implements Timer {
  #fire: (() => void) | null;
  #dueAt: number;
  #handle: NodeJS.Timeout;

  constructor(delayMs: number, fire: () => void) {
    this.#fire = fire;
    const wholeMs = wholeDelay(delayMs);
    this.#dueAt = performance.now() + delayMs;
    pendingTimers++;
    this.#handle = setTimeout(onStage, Math.min(wholeMs, STAGE_MS_MAX), this).unref();
  }

  cancel(): void {
    if (this.#fire === null) return;
    this.#fire = null;
    pendingTimers--;
    clearTimeout(this.#handle);
  }

  /** Node's timers count in whole milliseconds and may fire up to one early; the port promises never to. */
  stage(): void {
    const fire = this.#fire;
    if (fire === null) return;
    const leftMs = this.#dueAt - performance.now();
    if (leftMs > 0) {
      this.#handle = setTimeout(onStage, Math.min(wholeDelay(leftMs), STAGE_MS_MAX), this).unref();
      return;
    }
    this.#fire = null;
    pendingTimers--;
    fire();
  }
}

function onStage(timer: SystemTimer): void {
  timer.stage();
}

function wholeDelay(delayMs: number): number {
  return delayMs > 0 ? Math.ceil(delayMs) : 1;
}

export const systemTimers: Timers = {
  after: (delayMs, fire) => new SystemTimer(delayMs, fire),
};

/** Once this turn of the event loop is over: what comes up in one turn can be told together. */
export const afterTurn = (fire: () => void): void => void setImmediate(fire);

/** Set, and neither fired nor cancelled. Node does not tell: these timers are none that keep the process alive. */
export const timersPending = (): number => pendingTimers;

/** One call into the generator serves this many bytes; ids take 8 to 16 each. */
const POOL_BYTES = 4096;
let pool = '';
let poolAt = 0;

function hex(digits: number): string {
  if (poolAt + digits > pool.length) {
    pool = randomBytes(Math.max(POOL_BYTES, Math.ceil(digits / 2))).toString('hex');
    poolAt = 0;
  }
  const from = poolAt;
  poolAt += digits;
  return pool.slice(from, poolAt);
}

export const systemChance: Chance = {
  draw: () => Math.random(),
  hex,
};

const HEAP_SAMPLE_MS = 100;
let heapShare = 0;
let heapSampledAt = Number.NEGATIVE_INFINITY;

/** Used share of the V8 heap limit, at most 100 ms old; buffers lie outside the V8 heap and are counted elsewhere. */
export function heapPressure(): number {
  const now = performance.now();
  if (now - heapSampledAt >= HEAP_SAMPLE_MS) {
    heapSampledAt = now;
    const heap = getHeapStatistics();
    heapShare = heap.used_heap_size / heap.heap_size_limit;
  }
  return heapShare;
}
