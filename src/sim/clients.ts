// Clients: impatient people with SDKs. A client asks, waits a while for the first token, leaves, and asks again a few times
// with jittered exponential back-off; it honours Retry-After and "do not retry". That is what turns a short overload into a
// lasting one when what stands in front of the far side does not watch out.
import type { Chance } from '../ports/chance.ts';
import type { Timer } from '../ports/clock.ts';
import type { EventTime } from './event-time.ts';
import type { Ask, AskCall, AskEnding, Front, Witness } from './front.ts';
import { expectations, type Wish } from './workload.ts';

export interface Manners {
  /** Tries per wish, the first included. */
  readonly attemptsMax: number;
  /** Without a first token for so many times what its lane expects, a client leaves. */
  readonly patience: number;
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** Waits as long as it is told to, and does not ask again when asked not to. */
  readonly heedsAdvice: boolean;
}

export const politeManners: Manners = {
  attemptsMax: 4,
  patience: 2,
  backoffMs: 500,
  backoffMsMax: 8_000,
  heedsAdvice: true,
};

export const rudeManners: Manners = {
  attemptsMax: 8,
  patience: 2,
  backoffMs: 100,
  backoffMsMax: 1_000,
  heedsAdvice: false,
};

export class Clients {
  readonly #time: EventTime;
  readonly #chance: Chance;
  readonly #front: Front;
  readonly #manners: Manners;
  readonly #witnesses: readonly Witness[];
  #asks = 0;

  constructor(time: EventTime, chance: Chance, front: Front, manners: Manners, witnesses: readonly Witness[]) {
    this.#time = time;
    this.#chance = chance;
    this.#front = front;
    this.#manners = manners;
    this.#witnesses = witnesses;
  }

  wish(wish: Wish): void {
    this.#ask(wish, 1);
  }

  #ask(wish: Wish, attempt: number): void {
    const now = this.#time.now();
    const ask: Ask = {
      number: this.#asks++,
      wish,
      attempt,
      askedAt: now,
      sends: 0,
      firstTokenAt: null,
      tokensRead: 0,
      endedAt: null,
      ending: null,
    };
    for (const witness of this.#witnesses) witness.onAsked?.(ask);
    let call: AskCall | null = null;
    const patienceMs = expectations[wish.lane].firstTokenMs * this.#manners.patience;
    const patience: Timer = this.#time.after(patienceMs, () => {
      if (ask.ending !== null) return;
      call?.leave();
      this.#end(ask, 'left', null, true);
    });
    const end = (ending: AskEnding, retryAfterMs: number | null, again: boolean): void => {
      patience.cancel();
      this.#end(ask, ending, retryAfterMs, again);
    };
    call = this.#front.ask(ask, {
      onTokens: (count) => {
        if (ask.firstTokenAt === null) {
          ask.firstTokenAt = this.#time.now();
          patience.cancel();
        }
        ask.tokensRead += count;
      },
      onDone: () => end('answered', null, false),
      onRefused: ({ retryAfterMs, again }) => end('refused', retryAfterMs, again),
      onBroken: () => end('broken', null, true),
    });
  }

  #end(ask: Ask, ending: AskEnding, retryAfterMs: number | null, again: boolean): void {
    // A second ending is witnessed too: the checkers say so.
    ask.endedAt = this.#time.now();
    ask.ending = ending;
    for (const witness of this.#witnesses) witness.onEnded?.(ask);
    const { attemptsMax, heedsAdvice } = this.#manners;
    const { wish, attempt } = ask;
    if (ending === 'answered' || (heedsAdvice && !again) || attempt >= attemptsMax) {
      for (const witness of this.#witnesses) witness.onWishOver?.(wish, ask);
      return;
    }
    const waitMs = Math.max(this.#backoffMs(attempt), heedsAdvice ? (retryAfterMs ?? 0) : 0);
    this.#time.after(waitMs, () => this.#ask(wish, attempt + 1));
  }

  #backoffMs(attempt: number): number {
    const { backoffMs, backoffMsMax } = this.#manners;
    return Math.min(backoffMsMax, backoffMs * 2 ** (attempt - 1)) * (0.5 + 0.5 * this.#chance.draw());
  }
}
