// Turn batch: what is written during one turn of the event loop goes to the kernel together, at the end of the turn. A write
// wakes whoever reads, on another core as a rule, and throws our own code out of the processor's caches: with 32 connections,
// writing one after the other at the end took a quarter off a request's CPU time (measured), and nothing with one.
// It must never hold anything over to a later turn, nor call anybody from within `add`.
import { afterTurn } from '../system.ts';

/** Who has something to write. */
export interface TurnWriter {
  onTurnEnd(): void;
}

/** A turn with more writers than this is cut here: the first must not wait for hundreds of others. */
const WRITERS_MAX = 64;

class TurnBatch {
  #writers: TurnWriter[] = [];
  #armed = false;

  /** `writer` is told once for each time it was added; whoever may be in here twice has nothing to do the second time. */
  add(writer: TurnWriter): void {
    const count = this.#writers.push(writer);
    if (!this.#armed) {
      this.#armed = true;
      afterTurn(this.#onTurnEnd);
    } else if (count === WRITERS_MAX) process.nextTick(this.#flush);
  }

  readonly #onTurnEnd = (): void => {
    this.#armed = false;
    this.#flush();
  };

  readonly #flush = (): void => {
    const writers = this.#writers;
    this.#writers = [];
    let told = 0;
    try {
      for (const writer of writers) {
        told++;
        writer.onTurnEnd();
      }
    } finally {
      // One that throws is a bug, and no reason for the others to wait for ever.
      for (const writer of writers.slice(told)) this.add(writer);
    }
  };
}

/** One for the process, as there is one event loop. */
export const turnBatch = new TurnBatch();
