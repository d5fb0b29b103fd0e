// Race: the attempts under way for one exchange. Mostly that is one; beside a silent one a second may be sent (hedging.ts).
// Content decides: whoever has some first makes the answer, and the other is aborted in the same moment, so the client never
// reads of two. A fault of one leaves the other running; what to do about it is asked when nobody runs any more.
//
//   nobody ──send──▶ one ──hedge──▶ two ──content of either──▶ one
//      ▲              │              └─────fault of either───▶ one
//      └─fault, end───┘
// It keeps who runs and decides nothing. Whoever takes a runner out of it must give back its ticket.
import { type Fault, faults } from '../kernel/fault.ts';
import type { Attempt } from './attempt.ts';
import type { PlannedTarget } from './exchange.ts';
import type { Ticket } from './fleet.ts';

/** One attempt of an exchange, with what it runs on. */
export interface Runner {
  readonly planned: PlannedTarget;
  readonly ticket: Ticket;
  /** Among the exchange's sends, from 1. */
  readonly number: number;
  /** Sent beside another that was silent. */
  readonly hedge: boolean;
  /** Null until it has been sent. */
  attempt: Attempt | null;
}

export class Race {
  /** Whose answer is told, or would be: also when it has ended, until another is sent in its place. Null: nobody's. */
  lead: Runner | null = null;
  #running: Runner[] = [];
  /** Of one that fell out while another ran. */
  #fault: Fault | null = null;

  get isOn(): boolean {
    return this.#running.length > 1;
  }

  /** Sent, and nobody beside it. */
  isAlone(runner: Runner): boolean {
    return this.#running.length === 1 && this.#running[0] === runner;
  }

  enter(planned: PlannedTarget, ticket: Ticket, number: number): Runner {
    const runner: Runner = { planned, ticket, number, hedge: this.#running.length > 0, attempt: null };
    if (!runner.hedge) this.#fault = null;
    this.#running.push(runner);
    this.lead ??= runner;
    return runner;
  }

  /** It has failed. True: another goes on alone. */
  fellOut(runner: Runner, fault: Fault): boolean {
    this.#running = this.#running.filter((other) => other !== runner);
    const [other] = this.#running;
    if (other === undefined) return false;
    this.lead = other;
    this.#fault = fault;
    return true;
  }

  /** The last one has failed with `fault`: what is to be told. That the request itself is wrong explains more than any trouble. */
  verdict(fault: Fault): Fault {
    const earlier = this.#fault;
    this.#fault = null;
    return earlier !== null && faults[earlier.kind].about === 'request' ? earlier : fault;
  }

  /** The others, who are out now. */
  wonBy(winner: Runner): Runner[] {
    const losers = this.#running.filter((other) => other !== winner);
    this.#running = [winner];
    this.lead = winner;
    return losers;
  }

  /** Nobody runs from now on. Answers who did. */
  end(): Runner[] {
    const running = this.#running;
    this.#running = [];
    return running;
  }
}
