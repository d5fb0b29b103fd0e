// Trail store: the last exchanges with their decision trails and attempts, for `/admin/exchanges`.
// It exists so that "why did this request go there?" has an answer without a log search. It must never grow with traffic
// or with what a client sends, and holds only what facts hold: no prompt, no answer, no secret.
//
// Whatever went wrong, waited or was lessened is kept. Of those that went plainly well a busy gateway keeps about fifty a
// second, each told to stand for those left out before it: all of them would push each other out within seconds, and what
// is kept survives the young heap, which cost 2 µs an exchange.
import { RecentMap } from '../kernel/bounded.ts';
import type { ExchangeId } from '../kernel/brands.ts';
import type { AttemptFact, ExchangeFact, Fact, Outcome } from '../kernel/facts.ts';
import { limits } from '../kernel/limits.ts';
import { utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { FactSink } from '../ports/fact-sink.ts';

export interface ExchangeTrail extends ExchangeFact {
  /** In the order they ended. */
  readonly attemptFacts: readonly AttemptFact[];
  /** Itself, and the plain ones like it that were left out since the last plain one. */
  readonly standsFor: number;
}

export interface TrailFilter {
  readonly outcome?: Outcome;
  /** The public name, as asked or as served. */
  readonly model?: string;
  readonly key?: string;
}

interface Kept {
  readonly exchange: ExchangeFact;
  readonly attempts: readonly AttemptFact[];
  readonly standsFor: number;
}

const NO_ATTEMPTS: readonly AttemptFact[] = [];
const COUNT_DEFAULT = 50;
/** Names come from the client and may be megabytes long; the store keeps a thousand of them. */
const NAME_CHARACTERS_MAX = 256;

/** Plain ones are kept once in so long, but for a burst: below fifty a second nothing is left out. */
const PLAIN_EVERY_MS = 20;
const PLAIN_BURST_MS = 1_000;
/** Who waited in the queue, or for the first word, as long as this is worth a question. */
const QUEUE_MS_PLAIN_MAX = 1_000;
const FIRST_TOKEN_MS_PLAIN_MAX = 10_000;

export class TrailStore implements FactSink {
  readonly #capacity: number;
  /** A ring; the next one goes where the oldest is. */
  readonly #kept: Kept[] = [];
  #next = 0;
  /** Attempts whose exchange has not ended; bounded too, because an exchange fact might never come. */
  readonly #pending: RecentMap<ExchangeId, AttemptFact[]>;
  /** Most often its exchange's end is told right after it, so it waits here first. */
  #latest: AttemptFact | null = null;
  /** When the next plain one is due, were they told evenly. */
  #plainDueAt = 0;
  #leftOut = 0;

  constructor(capacity: number = limits.trailsKept) {
    this.#capacity = capacity;
    this.#pending = new RecentMap(capacity);
  }

  accept(fact: Fact): void {
    if (fact.kind === 'attempt') {
      if (this.#latest !== null) this.#setAside(this.#latest);
      this.#latest = fact.attempt;
    } else if (fact.kind === 'exchange') this.#exchange(fact.exchange);
  }

  /** Null when it is unknown, has not ended yet, was left out, or was too long ago. */
  get(id: string): ExchangeTrail | null {
    const kept = this.#kept.find(({ exchange }) => exchange.id === id);
    return kept === undefined ? null : trailOf(kept);
  }

  /** Newest first. */
  recent(filter: TrailFilter = {}, count: number = COUNT_DEFAULT): ExchangeTrail[] {
    const found = [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)].filter(({ exchange }) =>
      matches(exchange, filter),
    );
    return count <= 0 ? [] : found.slice(-count).toReversed().map(trailOf);
  }

  #exchange(exchange: ExchangeFact): void {
    const attempts = this.#attemptsOf(exchange);
    const plain = isPlain(exchange);
    if (plain && !this.#hasRoomForPlain(exchange.startedAt + exchange.durationMs)) {
      this.#leftOut++;
      return;
    }
    const standsFor = plain ? 1 + this.#leftOut : 1;
    if (plain) this.#leftOut = 0;
    this.#kept[this.#next] = { exchange: withShortNames(exchange), attempts, standsFor };
    this.#next = (this.#next + 1) % this.#capacity;
  }

  #hasRoomForPlain(now: number): boolean {
    // Never further ahead than a burst, not even after the clock was set back.
    const dueAt = Math.min(Math.max(this.#plainDueAt, now), now + PLAIN_BURST_MS + PLAIN_EVERY_MS);
    const hasRoom = dueAt <= now + PLAIN_BURST_MS;
    this.#plainDueAt = hasRoom ? dueAt + PLAIN_EVERY_MS : dueAt;
    return hasRoom;
  }

  #attemptsOf({ id, attempts }: ExchangeFact): readonly AttemptFact[] {
    const latest = this.#latest;
    if (latest?.exchange === id) {
      this.#latest = null;
      if (attempts === 1 && latest.number === 1) return [latest];
      this.#setAside(latest);
    }
    const pending = attempts === 0 ? undefined : this.#pending.get(id);
    if (pending !== undefined) this.#pending.delete(id);
    return pending ?? NO_ATTEMPTS;
  }

  #setAside(attempt: AttemptFact): void {
    const earlier = this.#pending.get(attempt.exchange);
    if (earlier === undefined) this.#pending.set(attempt.exchange, [attempt]);
    else if (earlier.length < limits.attemptsMax) earlier.push(attempt);
  }
}

function trailOf(kept: Kept): ExchangeTrail {
  return { ...kept.exchange, attemptFacts: kept.attempts, standsFor: kept.standsFor };
}

/** Nothing about it asks for an explanation. */
function isPlain({ outcome, attempts, degraded, queueMs, firstTokenMs }: ExchangeFact): boolean {
  return (
    outcome === 'answered' &&
    attempts <= 1 &&
    degraded.length === 0 &&
    queueMs < QUEUE_MS_PLAIN_MAX &&
    (firstTokenMs ?? 0) < FIRST_TOKEN_MS_PLAIN_MAX
  );
}

function matches(exchange: ExchangeFact, filter: TrailFilter): boolean {
  if (filter.outcome !== undefined && exchange.outcome !== filter.outcome) return false;
  if (filter.key !== undefined && exchange.key !== filter.key) return false;
  return filter.model === undefined || exchange.model === filter.model || exchange.modelAsked === filter.model;
}

function withShortNames(exchange: ExchangeFact): ExchangeFact {
  const { modelAsked, requestId } = exchange;
  if (fits(modelAsked) && fits(requestId)) return exchange;
  return { ...exchange, modelAsked: short(modelAsked), requestId: short(requestId) };
}

function fits(name: string | null): boolean {
  return name === null || name.length < NAME_CHARACTERS_MAX;
}

// Through bytes, because a mere slice (which the fact may hold already) keeps the whole long string alive.
function short(name: string | null): string | null {
  if (name === null || fits(name)) return name;
  return `${utf8Decode(utf8Encode(name.slice(0, NAME_CHARACTERS_MAX - 1)))}…`;
}
