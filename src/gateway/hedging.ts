// Hedging: watches the first tokens of vips, and has a second upstream asked when one is late (policy/hedge.ts says when and
// how often). The second attempt runs beside the first; who of them answers is the race's business.
import { HedgeBudget, lateAfterMs, mayHedge } from '../policy/hedge.ts';
import { limits } from '../kernel/limits.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Exchange } from './exchange.ts';
import type { Fleet } from './fleet.ts';
import type { Kit } from './kit.ts';
import type { Runner } from './race.ts';

export class Hedging {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #guard: (exchange: Exchange, work: () => void) => void;
  readonly #budget = new HedgeBudget();

  constructor(kit: Kit, fleet: Fleet, dispatcher: Dispatcher, guard: (exchange: Exchange, work: () => void) => void) {
    this.#kit = kit;
    this.#fleet = fleet;
    this.#dispatcher = dispatcher;
    this.#guard = guard;
  }

  /** To be called for every send of a vip. */
  watch(exchange: Exchange, runner: Runner): void {
    const { hedgePercent } = exchange.snapshot.retry;
    if (hedgePercent === 0 || runner.hedge) return;
    this.#budget.onSend(hedgePercent);
    // Of an answer that had begun, content has been seen.
    if (!this.#budget.hasRoom || exchange.rescue !== null) return;
    const { lane, promptTokens } = exchange.demand;
    const streamed = exchange.outbound?.stream === true;
    const usualMsMost = this.#fleet.usualFirstTokenMsMost(runner.planned.target, promptTokens);
    const afterMs = lateAfterMs({ lane, promptTokens, streamed, usualMsMost });
    if (afterMs === null) return;
    exchange.hedgeTimer = this.#kit.timers.after(afterMs, () =>
      this.#guard(exchange, () => this.#late(exchange, runner, afterMs)),
    );
  }

  #late(exchange: Exchange, runner: Runner, afterMs: number): void {
    if (exchange.phase === 'ended' || !exchange.race.isAlone(runner)) return;
    const now = this.#kit.clock.now();
    const other = this.#dispatcher.beside(exchange, runner.planned, now);
    const may = mayHedge({
      contentSeen: exchange.shown || runner.attempt?.firstTokenAt !== null,
      attemptsLeft: Math.min(exchange.snapshot.retry.maxAttempts, limits.attemptsMax) - exchange.attempts,
      otherFill: other === null ? null : this.#fleet.fill(other.target),
    });
    if (other === null || !may || !this.#budget.tryWithdraw()) return;
    exchange.note(now, 'late', runner.planned.target.id, `no first token within ${Math.round(afterMs)} ms`);
    this.#dispatcher.grant(exchange, other, now);
  }
}
