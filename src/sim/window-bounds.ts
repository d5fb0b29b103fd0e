// Window bounds: how large and how small a window may be. One below its least would let nobody through, and one far above what
// was ever in flight would not hold back the next wave. It looks at gauges only, and knows of the windows what their settings
// say: it must never take over how they are found.
import { windowDefaults } from '../policy/window-settings.ts';
import type { GaugeReading } from '../ports/gauges.ts';

/** Of the most that was in flight lately. */
const PEAK_FACTOR = 5;
/** What was in flight longer ago is forgotten. */
const PEAK_SECONDS = 120;
/** Sums of fractions drift. */
const ROUNDING = 1e-6;

export type SideKind = 'engine' | 'api';

export class WindowBounds {
  readonly #kinds: ReadonlyMap<string, SideKind>;
  /** By target, what was in flight in each of the last seconds. */
  readonly #inFlight = new Map<string, number[]>();

  /** `kinds`: by upstream; windows of others are not looked at. */
  constructor(kinds: ReadonlyMap<string, SideKind>) {
    this.#kinds = kinds;
  }

  onSecond(gauges: readonly GaugeReading[]): string[] {
    return gauges.flatMap(({ name, labels, value }) => {
      const target = labels['target'] ?? '';
      const kind = this.#kinds.get(target.split('/')[0] ?? '');
      if (kind === undefined) return [];
      if (name === 'window_tokens') this.#note(target, value);
      // Negative: no limit has been found yet.
      if (name !== 'window_tokens_max' || value < 0) return [];
      const { tokensMin, tokensInitial } = windowDefaults[kind];
      const most = Math.max(tokensInitial, PEAK_FACTOR * Math.max(0, ...(this.#inFlight.get(target) ?? [])));
      if (value < tokensMin - ROUNDING) return [`the window of ${target} is ${value}, below its least of ${tokensMin}`];
      return value <= most
        ? []
        : [`the window of ${target} is ${value}, above ${most}: far more than was ever in flight`];
    });
  }

  #note(target: string, tokens: number): void {
    const seconds = this.#inFlight.get(target) ?? [];
    this.#inFlight.set(target, seconds);
    seconds.push(tokens);
    if (seconds.length > PEAK_SECONDS) seconds.shift();
  }
}
