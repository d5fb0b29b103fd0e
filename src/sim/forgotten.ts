// Forgotten: asks for which nothing is done any more and that nobody ends. Every ask must come to an end: as long as something
// is sent for it, the clocks of a send see to that, else it may wait only as long as anybody waits; and who waits for a first
// token is told no later than its deadline, where that is promised. It looks at asks and sends only.
import type { Ask } from './front.ts';
import { expectations } from './workload.ts';

/** Longer than any wait: the longest is half a minute (`queueMs`), and clients leave before. */
const FORGOTTEN_MS = 60_000;

/** To say no takes no time; what is looked at once a second is seen a second later. */
const TOLD_MS = 1_500;

interface State {
  inFlight: number;
  /** Since when nothing has been in flight for it. */
  idleSince: number;
}

export class Forgotten {
  readonly #deadlines: boolean;
  readonly #asks = new Map<Ask, State>();

  /** `deadlines`: is anybody promised to be told by then? */
  constructor(deadlines: boolean) {
    this.#deadlines = deadlines;
  }

  onAsked(ask: Ask, now: number): void {
    this.#asks.set(ask, { inFlight: 0, idleSince: now });
  }

  onSend(ask: Ask): void {
    const state = this.#asks.get(ask);
    if (state !== undefined) state.inFlight++;
  }

  onSendEnded(ask: Ask, now: number): void {
    const state = this.#asks.get(ask);
    if (state === undefined) return;
    state.inFlight--;
    state.idleSince = now;
  }

  onEnded(ask: Ask): void {
    this.#asks.delete(ask);
  }

  /** Who was forgotten, told once. */
  onSecond(now: number): string[] {
    const findings: string[] = [];
    for (const [ask, { inFlight, idleSince }] of this.#asks) {
      if (inFlight > 0) continue;
      const lateMs = ask.tokensRead > 0 ? 0 : now - ask.askedAt - expectations[ask.wish.lane].firstTokenMs;
      if (now - idleSince >= FORGOTTEN_MS) {
        findings.push(`ask ${ask.number} has not ended, and nothing was done for it in ${FORGOTTEN_MS / 1000} s`);
      } else if (this.#deadlines && lateMs >= TOLD_MS) {
        findings.push(`ask ${ask.number} was not told that its deadline had passed ${Math.round(lateMs)} ms ago`);
      } else continue;
      this.#asks.delete(ask);
    }
    return findings;
  }
}
