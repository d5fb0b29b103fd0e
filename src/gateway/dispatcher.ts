// Dispatcher: brings an exchange and a target with room together. An exchange that finds no room waits, strictly by lane,
// and is bound to a target only when one is free (late binding). It bounds the waiting in number and time, tells the truth
// about how long it will take, and refuses at once what cannot be served in time.
import type { MonotonicMs } from '../kernel/brands.ts';
import { RecentMap } from '../kernel/bounded.ts';
import { lanes } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import { DrainRate, truthfulRetryAfterMs } from '../policy/drain-rate.ts';
import { WaitingRoom } from '../policy/waiting-room.ts';
import type { Timer } from '../ports/clock.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { Exchange, PlannedTarget } from './exchange.ts';
import { type Fleet, NO_CREDENTIAL, type NoRoom, type Ticket } from './fleet.ts';
import type { Kit } from './kit.ts';

/** Groups whose pace is remembered. */
const DRAINS_MAX = 1_000;

export interface DispatchListener {
  onTicket(exchange: Exchange, planned: PlannedTarget, ticket: Ticket): void;
  onRefused(exchange: Exchange, rejection: Rejection): void;
}

export class Dispatcher {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #listener: DispatchListener;
  readonly #room = new WaitingRoom<Exchange>(limits.waitersPerLaneMax, limits.waitersPerGroupMax);
  /** How fast each group's waiters are served. */
  readonly #drains = new RecentMap<string, DrainRate>(DRAINS_MAX);
  #wake: Timer | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(kit: Kit, fleet: Fleet, listener: DispatchListener) {
    this.#kit = kit;
    this.#fleet = fleet;
    this.#listener = listener;
    fleet.onRoom = () => this.pump();
  }

  get waiting(): number {
    return this.#room.size;
  }

  /** Finds a target now, or a seat in the waiting room, or refuses; answers through the listener, maybe at once. */
  place(exchange: Exchange, deadlineAt: MonotonicMs): void {
    const now = this.#kit.clock.now();
    // Whoever waits already goes first: what is still free after that, nobody who waits can use.
    this.pump();
    if (this.#tryServe(exchange, now)) return;
    const hopeless = this.#hopeless(exchange, now, deadlineAt);
    if (hopeless !== null) return this.#listener.onRefused(exchange, hopeless);
    const seat = this.#room.enter(exchange, exchange.lane, groupOf(exchange));
    if (seat === null) return this.#listener.onRefused(exchange, this.#full(exchange));
    exchange.seat = seat;
    exchange.phase = 'waiting';
    exchange.queuedAt = now;
    exchange.note(now, 'queued', null, this.#obstacles(exchange, now));
    exchange.queueTimer = this.#kit.timers.after(deadlineAt - now, () => this.#expire(exchange));
    this.pump();
  }

  /** The exchange no longer waits (client gone, deadline). Harmless when it was not waiting. */
  withdraw(exchange: Exchange): void {
    exchange.queueTimer?.cancel();
    exchange.queueTimer = null;
    if (exchange.seat === null) return;
    this.#room.leave(exchange.seat);
    exchange.seat = null;
    this.#countWait(exchange);
  }

  /** Where a waiting exchange stands; null when it does not wait. */
  placeOf(exchange: Exchange): { readonly ahead: number; readonly waitMs: number | null } | null {
    if (exchange.seat === null) return null;
    const ahead = this.#room.aheadOf(exchange.seat);
    return { ahead, waitMs: this.#drainOf(groupOf(exchange)).waitMs(ahead + 1, this.#kit.clock.now()) };
  }

  /** Serves whoever can be served. Called whenever room may have appeared. */
  pump(): void {
    if (this.#room.size === 0) return;
    const now = this.#kit.clock.now();
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#room.serve((exchange) => this.#tryServe(exchange, now));
    this.#sleep(now);
  }

  /** Room that opens by itself (end of a cool-down, a breaker's probe) needs somebody to look. */
  #sleep(now: MonotonicMs): void {
    this.#wake?.cancel();
    this.#wake = null;
    if (this.#room.size === 0 || !Number.isFinite(this.#wakeAt)) return;
    this.#wake = this.#kit.timers.after(Math.max(1, this.#wakeAt - now), () => this.pump());
  }

  #tryServe(exchange: Exchange, now: MonotonicMs): boolean {
    for (const planned of exchange.candidates()) {
      const obstacle = this.#fleet.obstacle(planned.target, exchange.tokensReserved, now);
      if (obstacle === null) {
        this.#grant(exchange, planned, now);
        return true;
      }
      if (obstacle.readyAt !== null) this.#wakeAt = Math.min(this.#wakeAt, obstacle.readyAt);
    }
    return false;
  }

  #grant(exchange: Exchange, planned: PlannedTarget, now: MonotonicMs): void {
    const ticket = this.#fleet.take(planned.target, exchange.tokensReserved, exchange.request?.promptTokens ?? 0, now);
    exchange.queueTimer?.cancel();
    exchange.queueTimer = null;
    exchange.seat = null;
    if (exchange.queuedAt !== null) this.#drainOf(groupOf(exchange)).onServed(now);
    this.#countWait(exchange);
    this.#listener.onTicket(exchange, planned, ticket);
  }

  #countWait(exchange: Exchange): void {
    if (exchange.queuedAt === null) return;
    exchange.queueMs += this.#kit.clock.now() - exchange.queuedAt;
    exchange.queuedAt = null;
  }

  /** Refused at once when no target can have room before the deadline, however long it waits. */
  #hopeless(exchange: Exchange, now: MonotonicMs, deadlineAt: MonotonicMs): Rejection | null {
    const obstacles: NoRoom[] = [];
    const reasons: string[] = [];
    for (const { target } of exchange.candidates()) {
      const obstacle = this.#fleet.obstacle(target, exchange.tokensReserved, now);
      if (obstacle === null || (obstacle.readyAt === null && !obstacle.stuck)) return null;
      if (obstacle.readyAt !== null && obstacle.readyAt <= deadlineAt && !obstacle.stuck) return null;
      obstacles.push(obstacle);
      reasons.push(`${target.upstream.name}: ${obstacle.why}`);
    }
    const soonest = Math.min(...obstacles.map(({ readyAt }) => readyAt ?? Number.POSITIVE_INFINITY));
    const retryAfterMs = Number.isFinite(soonest) ? soonest - now : null;
    const why = reasons.length > 0 ? reasons.join('; ') : 'every target has been tried';
    // Waiting does not mend a key: its kind stays what it was when the key was refused.
    const dead = obstacles.length > 0 && obstacles.every((obstacle) => obstacle.why === NO_CREDENTIAL);
    return reject(dead ? 'upstreamCredential' : 'upstreamUnavailable', `No target can answer now (${why}).`, {
      retryAfterMs,
    });
  }

  #full(exchange: Exchange): Rejection {
    const retryAfterMs = this.#retryAfterMs(exchange, this.#room.sizeOf(exchange.lane));
    return reject('overloaded', 'The server is overloaded: too many requests are waiting already.', { retryAfterMs });
  }

  #expire(exchange: Exchange): void {
    const ahead = exchange.seat === null ? 0 : this.#room.aheadOf(exchange.seat);
    this.withdraw(exchange);
    const message = `No target had room within ${Math.round(exchange.queueMs)} ms.`;
    this.#listener.onRefused(
      exchange,
      reject('queueTimeout', message, { retryAfterMs: this.#retryAfterMs(exchange, ahead + 1) }),
    );
  }

  #drainOf(group: string): DrainRate {
    let drain = this.#drains.get(group);
    if (drain === undefined) this.#drains.set(group, (drain = new DrainRate()));
    return drain;
  }

  #retryAfterMs(exchange: Exchange, ahead: number): number {
    const waitMs = this.#drainOf(groupOf(exchange)).waitMs(ahead, this.#kit.clock.now());
    return truthfulRetryAfterMs(waitMs, this.#kit.chance, limits.clientRetryAfterMsMax);
  }

  #obstacles(exchange: Exchange, now: MonotonicMs): string {
    const words = exchange.candidates().map((planned) => {
      const obstacle: NoRoom | null = this.#fleet.obstacle(planned.target, exchange.tokensReserved, now);
      return `${planned.target.id}: ${obstacle?.why ?? 'others wait already'}`;
    });
    return words.slice(0, 8).join('; ');
  }

  gauges(): GaugeReading[] {
    return lanes.flatMap((lane) => [
      { name: 'queue_depth', help: 'Exchanges waiting for a target', labels: { lane }, value: this.#room.sizeOf(lane) },
      { name: 'queue_capacity', help: 'Seats of the lane', labels: { lane }, value: limits.waitersPerLaneMax },
    ]);
  }
}

/**
 * Who waits for the same targets waits in one line. Exchanges of one model may be eligible for different targets (region,
 * capabilities, tried before): one that waits for a full target must not hold up another whose target is free.
 */
function groupOf(exchange: Exchange): string {
  return exchange
    .candidates()
    .map(({ target }) => target.id)
    .toSorted()
    .join(' ');
}
