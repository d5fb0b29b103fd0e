// Key desk: keeps, in the primary, what keys have used over all workers. Each reservation is asked for here, so a limit holds
// to the last request, however few it allows and wherever its requests come in. What a worker that died had reserved counts
// as used; its places are free at once.
import type { KeyLedger } from '../../gateway/key-ledger.ts';
import type { Reservation } from '../../policy/key-limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Order, Report, Say } from './words.ts';

type Reserve = Extract<Report, { kind: 'reserve' }>;
type Settle = Extract<Report, { kind: 'settle' }>;

interface Open {
  readonly reservation: Reservation;
  readonly tokens: number;
}

export class KeyDesk {
  readonly #clock: Clock;
  readonly #ledger: KeyLedger;
  /** By worker and the number it gave. */
  readonly #open = new Map<number, Map<number, Open>>();

  constructor(clock: Clock, ledger: KeyLedger) {
    this.#clock = clock;
    this.#ledger = ledger;
  }

  reserve(worker: number, { id, key, tokens, circumstances }: Reserve, say: Say<Order>): void {
    const now = this.#clock.now();
    const limits = this.#ledger.of(key);
    // The worker has a newer configuration, or an older one: it says who may come in, and here nothing is known against it.
    if (limits === null) return say({ kind: 'verdict', id, refusal: null, levels: null });
    const reserved = limits.reserve(tokens, now, () => circumstances);
    if (reserved.ok) this.#openOf(worker).set(id, { reservation: reserved.value, tokens });
    const refusal = reserved.ok ? null : reserved.error;
    say({ kind: 'verdict', id, refusal, levels: limits.levels(now) });
  }

  settle(worker: number, { id, tokens }: Settle): void {
    const open = this.#open.get(worker)?.get(id);
    if (open === undefined) return;
    this.#open.get(worker)?.delete(id);
    const now = this.#clock.now();
    if (tokens === null) open.reservation.cancel(now);
    else open.reservation.settle(tokens, now);
  }

  leave(worker: number): void {
    const now = this.#clock.now();
    for (const { reservation, tokens } of this.#open.get(worker)?.values() ?? []) reservation.settle(tokens, now);
    this.#open.delete(worker);
  }

  #openOf(worker: number): Map<number, Open> {
    const known = this.#open.get(worker);
    if (known !== undefined) return known;
    const fresh = new Map<number, Open>();
    this.#open.set(worker, fresh);
    return fresh;
  }
}
