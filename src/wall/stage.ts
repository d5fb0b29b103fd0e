// Stage: plays a script on one response. It holds the only timer an attempt ever has, and lets go of it when the client
// leaves, whatever the script had in mind.
import type { ServerResponse } from 'node:http';
import type { Timer, Timers } from '../ports/clock.ts';
import type { Ending, Script, Step } from './script.ts';

export interface Played {
  onHead(status: number): void;
  /** Once, at the very end. `aborted`: the client left before the script was over. */
  onEnd(aborted: boolean): void;
}

export class Stage {
  readonly #response: ServerResponse;
  readonly #script: Script;
  readonly #timers: Timers;
  readonly #played: Played;
  #timer: Timer | null = null;
  #state: 'playing' | 'hanging' | 'over' | 'closed' = 'playing';

  constructor(response: ServerResponse, script: Script, timers: Timers, played: Played) {
    this.#response = response;
    this.#script = script;
    this.#timers = timers;
    this.#played = played;
  }

  play(): void {
    this.#response.on('drain', () => this.#advance());
    this.#response.once('close', () => this.#close());
    this.#response.on('error', () => {});
    if (this.#response.destroyed) this.#close();
    else this.#advance();
  }

  #advance(): void {
    // A drain may come while a timer runs, when a wait follows a large write.
    while (this.#state === 'playing' && this.#timer === null) {
      const next = this.#script.next();
      if (next.done === true) this.#finish(next.value);
      else if (!this.#perform(next.value)) return;
    }
  }

  /** False: the script goes on later, when the timer fires or the socket has taken what was written. */
  #perform(step: Step): boolean {
    if (step.kind === 'bytes') return this.#response.write(step.bytes);
    if (step.kind === 'head') {
      this.#response.writeHead(step.status, step.headers);
      this.#played.onHead(step.status);
      return true;
    }
    this.#flushHead();
    this.#timer = this.#timers.after(step.ms, () => {
      this.#timer = null;
      this.#advance();
    });
    return false;
  }

  #finish(ending: Ending): void {
    if (ending === 'hang') {
      this.#state = 'hanging';
      this.#flushHead();
      return;
    }
    this.#state = 'over';
    if (ending === 'end') this.#response.end();
    else this.#response.socket?.resetAndDestroy();
  }

  /** A head alone is kept back by Node until the first bytes of the body. */
  #flushHead(): void {
    if (this.#response.headersSent) this.#response.flushHeaders();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    const isUnheard = this.#response.writableEnded && !this.#response.writableFinished;
    const aborted = this.#state !== 'over' || isUnheard;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#played.onEnd(aborted);
  }
}
