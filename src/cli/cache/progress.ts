// Progress: how far something is, as a bar that is drawn over itself on a terminal, and now and then as a line elsewhere.
import { systemClock } from '../../adapters/system.ts';
import type { Output } from '../output.ts';
import { Screen } from '../screen.ts';

const BAR_CELLS = 30;
const BAR_MS = 200;
const LINE_MS = 5_000;

export class Progress {
  readonly #output: Output;
  readonly #screen: Screen | null;
  readonly #startedAt = systemClock.now();
  #shownAt: number;

  constructor(output: Output, isTerminal: boolean) {
    this.#output = output;
    this.#screen = isTerminal ? new Screen(output) : null;
    // What is soon over is not worth a line.
    this.#shownAt = isTerminal ? Number.NEGATIVE_INFINITY : this.#startedAt;
  }

  /** `words`: what has come of it so far. */
  show(done: number, all: number, words: string): void {
    const now = systemClock.now();
    if (now - this.#shownAt < (this.#screen === null ? LINE_MS : BAR_MS)) return;
    this.#shownAt = now;
    const line = progressLine(done, all, words, now - this.#startedAt);
    if (this.#screen === null) this.#output.err(line);
    else this.#screen.show([line]);
  }

  end(): void {
    this.#screen?.clear();
  }
}

export function progressLine(done: number, all: number, words: string, elapsedMs: number): string {
  const share = all === 0 ? 1 : Math.min(1, done / all);
  const full = Math.round(share * BAR_CELLS);
  const leftMs = share === 0 ? null : (elapsedMs * (1 - share)) / share;
  const left = leftMs === null || share === 1 ? '' : `, ${duration(leftMs)} left`;
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
  return `${bar} ${done} of ${all}${words === '' ? '' : `: ${words}`}${left}`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
