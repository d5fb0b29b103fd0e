// Visit guard: everything that a server says to the door and to a request's visit goes through here, so that a bug on their
// side ends one exchange and nothing else: reported, answered 500 when nothing was sent, else cut. It must never throw, and
// never let the visit of a bug go without its last word.
import type { Rejection } from '../../kernel/rejection.ts';
import type { Door, InboundHead, Reply, Visit } from '../../ports/door.ts';
import { bugError, wireErrorBody } from './wire-error.ts';

/** What a guard needs of its exchange. */
export interface GuardedReply extends Reply {
  /** Ended or cut, by whomever: nobody waits for a word of the visit. */
  readonly answered: boolean;
  /** Forgets a head that has not gone out; false when it has. */
  takeBackHead(): boolean;
  reportBug(where: string, error: unknown): void;
}

export class VisitGuard {
  readonly #reply: GuardedReply;
  #visit: Visit | null = null;

  constructor(reply: GuardedReply) {
    this.#reply = reply;
  }

  /** The visit still waits for its body. */
  get wantsBody(): boolean {
    return this.#visit !== null && !this.#reply.answered;
  }

  /** False: nobody wants the body. */
  enter(door: Door, head: InboundHead): boolean {
    let visit: Visit | null = null;
    try {
      visit = door.enter(head, this.#reply);
    } catch (error) {
      this.onBug('door.enter', error);
    }
    if (this.#reply.answered) return false;
    this.#visit = visit;
    return visit !== null;
  }

  onBody(bytes: Uint8Array): void {
    if (this.wantsBody) this.#tell('visit.onBody', (visit) => visit.onBody(bytes));
  }

  onBodyRefused(rejection: Rejection): void {
    if (this.wantsBody) this.#tell('visit.onBodyRefused', (visit) => visit.onBodyRefused(rejection));
  }

  onDrain(): void {
    this.#tell('visit.onDrain', onDrain);
  }

  onGone(): void {
    this.#tell('visit.onGone', onGone);
  }

  /** A bug on the door's side. The visit hears that it is over. */
  onBug(where: string, error: unknown): void {
    const reply = this.#reply;
    reply.reportBug(where, error);
    const visit = this.#visit;
    this.#visit = null;
    if (reply.takeBackHead()) {
      reply.head(bugError.status, ['content-type', 'application/json']);
      reply.end(wireErrorBody(bugError));
    } else reply.destroy();
    // Later: the door may be in the middle of the very call that failed.
    if (visit !== null && where !== 'visit.onGone') process.nextTick(tellGone, visit, reply);
  }

  #tell(where: string, call: (visit: Visit) => void): void {
    if (this.#visit === null) return;
    try {
      call(this.#visit);
    } catch (error) {
      this.onBug(where, error);
    }
  }
}

function tellGone(visit: Visit, reply: GuardedReply): void {
  try {
    visit.onGone();
  } catch (error) {
    reply.reportBug('visit.onGone', error);
  }
}

function onDrain(visit: Visit): void {
  visit.onDrain();
}

function onGone(visit: Visit): void {
  visit.onGone();
}
