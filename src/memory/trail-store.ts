// Trail store: the last exchanges with their decision trails and attempts, for `/admin/exchanges`.
// It exists so that "why did this request go there?" has an answer without a log search. It must never grow with traffic
// or with what a client sends, and holds only what facts hold: no prompt, no answer, no secret.
import { RecentMap } from '../kernel/bounded.ts';
import type { ExchangeId } from '../kernel/brands.ts';
import type { AttemptFact, ExchangeFact, Fact, Outcome } from '../kernel/facts.ts';
import { limits } from '../kernel/limits.ts';
import { utf8Decode, utf8Encode } from '../kernel/web.ts';
import type { FactSink } from '../ports/fact-sink.ts';

export interface ExchangeTrail extends ExchangeFact {
  /** In the order they ended. */
  readonly attemptFacts: readonly AttemptFact[];
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
}

const NO_ATTEMPTS: readonly AttemptFact[] = [];
const COUNT_DEFAULT = 50;
/** Names come from the client and may be megabytes long; the store keeps a thousand of them. */
const NAME_CHARACTERS_MAX = 256;

export class TrailStore implements FactSink {
  readonly #kept: RecentMap<ExchangeId, Kept>;
  /** Attempts whose exchange has not ended; bounded too, because an exchange fact might never come. */
  readonly #pending: RecentMap<ExchangeId, AttemptFact[]>;

  constructor(capacity: number = limits.trailsKept) {
    this.#kept = new RecentMap(capacity);
    this.#pending = new RecentMap(capacity);
  }

  accept(fact: Fact): void {
    if (fact.kind === 'attempt') this.#attempt(fact.attempt);
    else if (fact.kind === 'exchange') this.#exchange(fact.exchange);
  }

  /** Null when it is unknown, has not ended yet, or was too long ago. */
  get(id: string): ExchangeTrail | null {
    const kept = this.#kept.get(id as ExchangeId);
    return kept === undefined ? null : trailOf(kept);
  }

  /** Newest first. */
  recent(filter: TrailFilter = {}, count: number = COUNT_DEFAULT): ExchangeTrail[] {
    const found: Kept[] = [];
    for (const kept of this.#kept.values()) {
      if (matches(kept.exchange, filter)) found.push(kept);
    }
    return count <= 0 ? [] : found.slice(-count).toReversed().map(trailOf);
  }

  #attempt(attempt: AttemptFact): void {
    const earlier = this.#pending.get(attempt.exchange);
    if (earlier === undefined) this.#pending.set(attempt.exchange, [attempt]);
    else if (earlier.length < limits.attemptsMax) earlier.push(attempt);
  }

  #exchange(exchange: ExchangeFact): void {
    const attempts = this.#pending.get(exchange.id) ?? NO_ATTEMPTS;
    if (attempts !== NO_ATTEMPTS) this.#pending.delete(exchange.id);
    this.#kept.set(exchange.id, { exchange: withShortNames(exchange), attempts });
  }
}

function trailOf(kept: Kept): ExchangeTrail {
  return { ...kept.exchange, attemptFacts: kept.attempts };
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
