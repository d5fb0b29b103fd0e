// Concurrency window: how many requests at once an API takes that says nothing of it but 429. A bare 429 may mean "too many at
// once" or "too much a minute": who took as many a moment ago does not refuse for their number. The limit is taken to be where
// it was met, and tried anew by one more now and then; each that is taken lets two more try.
// It must never cut twice for one trouble, nor stand still while nothing is refused.
import type { MonotonicMs } from '../kernel/brands.ts';

/** An acceptance so long before a refusal still speaks for the number. */
const EVIDENCE_MS = 1_000;
const ACCEPTED_MAX = 64;
/** Refused again though nothing more was sent: the limit has become smaller, and by more than one. */
const CUT = 0.9;
/** A known limit is tried this often: each try may cost one refusal. */
const TRY_AGAIN_MS = 6_000;
/** Between two tries: a refusal that comes soon stops the next. */
const TRY_ON_MS = 50;
/** A limit that was cut to by a factor lies a little above. */
const TRY_ABOVE_MS = 2_000;

export class ConcurrencyWindow {
  #max = Infinity;
  #epoch: number = -Infinity;
  #tryAt = 0;
  /** Left before one must have been taken; each that is taken gives two more. */
  #tries = 0;
  /** What is known since the last refusal: more than that is a try. */
  #triedFrom = Infinity;
  /** Not refused since the last refusal. */
  #acceptedSince = true;
  /** What was taken lately: when it was sent, and beside how many. */
  readonly #accepted: { sentAt: MonotonicMs; beside: number }[] = [];
  #next = 0;

  /** Infinity: none is known. */
  get max(): number {
    return this.#max;
  }

  /** Something was taken since the last refusal. */
  get isTaking(): boolean {
    return this.#acceptedSince;
  }

  /** `inFlight`: without the one that asks. */
  hasRoom(inFlight: number, now: MonotonicMs): boolean {
    return inFlight < this.#max || (inFlight === this.#max && this.#tries > 0 && now >= this.#tryAt);
  }

  /** One more is sent, beside so many: a try, where that is more than is known. */
  onSend(beside: number, now: MonotonicMs): void {
    if (beside < this.#max) return;
    this.#max = beside + 1;
    this.#tries--;
    this.#tryAt = now + TRY_ON_MS;
  }

  /** It was taken, sent at `sentAt` beside so many. */
  accepted(sentAt: MonotonicMs, beside: number): void {
    this.#accepted[this.#next] = { sentAt, beside };
    this.#next = (this.#next + 1) % ACCEPTED_MAX;
    if (sentAt < this.#epoch) return;
    this.#acceptedSince = true;
    if (beside >= this.#triedFrom) this.#tries += 2;
  }

  /** It was refused without a word of why. True: for the number, as far as can be known. */
  refused(sentAt: MonotonicMs, beside: number, now: MonotonicMs): boolean {
    if (this.#accepted.some((other) => other.beside >= beside && other.sentAt >= sentAt - EVIDENCE_MS)) return false;
    if (sentAt < this.#epoch) return true;
    const met = Math.min(this.#max, beside);
    const isCoarse = !this.#acceptedSince;
    this.#max = Math.max(1, isCoarse ? Math.floor(CUT * met) : met);
    this.#acceptedSince = false;
    this.#epoch = now;
    this.#tryAt = now + (isCoarse ? TRY_ABOVE_MS : TRY_AGAIN_MS);
    this.#tries = 1;
    this.#triedFrom = this.#max;
    return true;
  }
}
