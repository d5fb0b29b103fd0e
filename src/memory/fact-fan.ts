// Fact fan: one sink in front of many, so that whoever tells a fact tells it once and cannot know who listens.
// A listener's bug must never harm the request that told the fact, nor the other listeners: it is caught here, reported
// once per listener and error, and counted from then on.
import type { Fact } from '../kernel/facts.ts';
import type { FactSink } from '../ports/fact-sink.ts';

/** `where` names the listener, `error` what it threw. Usually told on as a `bug` fact. */
export type OnBug = (where: string, error: string) => void;

/** Error texts may hold changing values, so the number of different ones that are reported is bounded. */
const REPORTS_MAX = 100;
const ERROR_CHARACTERS_MAX = 200;

export class FactFan implements FactSink {
  readonly #sinks: readonly FactSink[];
  readonly #onBug: OnBug;
  readonly #reported = new Set<string>();
  #caught = 0;

  constructor(sinks: readonly FactSink[], onBug: OnBug) {
    this.#sinks = sinks;
    this.#onBug = onBug;
  }

  /** Errors caught so far, reported or not. */
  get caught(): number {
    return this.#caught;
  }

  accept(fact: Fact): void {
    for (const sink of this.#sinks) {
      try {
        sink.accept(fact);
      } catch (thrown) {
        this.#bug(sink, thrown);
      }
    }
  }

  #bug(sink: FactSink, thrown: unknown): void {
    this.#caught++;
    const where = `fact sink ${this.#sinks.indexOf(sink) + 1} (${sink.constructor.name})`;
    const error = (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)).slice(
      0,
      ERROR_CHARACTERS_MAX,
    );
    const report = `${where}: ${error}`;
    if (this.#reported.has(report) || this.#reported.size >= REPORTS_MAX) return;
    // Before the report: telling it as a fact comes back here, and the same sink may throw on that fact too.
    this.#reported.add(report);
    try {
      this.#onBug(where, error);
    } catch {
      this.#caught++;
    }
  }
}
