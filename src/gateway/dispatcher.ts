// Dispatcher: brings an exchange and a target with room together. An exchange that finds no room waits, and is bound to a
// target only when one is free (late binding). Who waits is served by lane, fairly among tenants, earliest deadline first; the
// waiting is bounded in number, bytes and time; and who cannot be served in time is told so at once.
import type { MonotonicMs } from '../kernel/brands.ts';
import { type Lane, lanes } from '../kernel/lane.ts';
import { limits } from '../kernel/limits.ts';
import { reject, type Rejection } from '../kernel/rejection.ts';
import { truthfulRetryAfterMs } from '../policy/drain-rate.ts';
import { FairRoom, type Served } from '../policy/fair-room.ts';
import { vipIsOverShare } from '../policy/lane-shares.ts';
import { earlyReject, predictedWaitMs } from '../policy/predicted-wait.ts';
import type { Timer } from '../ports/clock.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { serviceTokens } from './demand.ts';
import type { Exchange, PlannedTarget } from './exchange.ts';
import { type Fleet, NO_CREDENTIAL, type NoRoom, type Ticket } from './fleet.ts';
import type { Kit } from './kit.ts';
import { Placement } from './placement.ts';
import { legUsage } from './settle.ts';
import { type WaitingGroup, WaitingGroups } from './waiting-groups.ts';

/** Windows grow by themselves: somebody must look once in a while. */
const LOOK_MS = 1_000;
/** Tries of a client by itself after which one that would wait too long is told to stop. */
const HARD_AFTER_RETRIES = 2;
/** Fill of a window below which its target clearly has room. */
const ROOMY_FILL = 0.7;

export interface DispatchListener {
  onTicket(exchange: Exchange, planned: PlannedTarget, ticket: Ticket): void;
  onRefused(exchange: Exchange, rejection: Rejection): void;
}

export class Dispatcher {
  readonly #kit: Kit;
  readonly #fleet: Fleet;
  readonly #listener: DispatchListener;
  readonly #placement: Placement;
  readonly #room = new FairRoom<Exchange>({
    seatsPerLaneMax: limits.waitersPerLaneMax,
    bytesPerLaneMax: limits.waitingBytesPerLaneMax,
    seatsPerGroupMax: limits.waitersPerGroupMax,
  });
  readonly #groups = new WaitingGroups();
  #wake: Timer | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(kit: Kit, fleet: Fleet, listener: DispatchListener) {
    this.#kit = kit;
    this.#fleet = fleet;
    this.#listener = listener;
    this.#placement = new Placement(fleet, kit.chance);
    fleet.onRoom = () => this.pump();
  }

  get waiting(): number {
    return this.#room.size;
  }

  /** Finds a target now, or a seat in the waiting room, or refuses; answers through the listener, maybe at once. */
  place(exchange: Exchange, deadlineAt: MonotonicMs, now: MonotonicMs): void {
    // Most never meet anybody who waits.
    if (this.#room.size === 0 && this.#tryServe(exchange, exchange.lane, now) === true) return;
    const hopeless = this.#hopeless(exchange, now, deadlineAt);
    if (hopeless !== null) return this.#listener.onRefused(exchange, hopeless);
    const group = this.#groups.of(exchange);
    const late = this.#tooLate(exchange, group, now, deadlineAt);
    if (late !== null) return this.#listener.onRefused(exchange, late);
    const seat = this.#room.enter(exchange, {
      lane: exchange.lane,
      group: group.name,
      tenant: tenantOf(exchange),
      tokens: serviceTokens(exchange.demand),
      bytes: exchange.body?.length ?? 0,
      deadlineAt,
    });
    if (seat === null) return this.#listener.onRefused(exchange, this.#full(exchange, group));
    exchange.seat = seat;
    exchange.waitingGroup = group;
    exchange.phase = 'waiting';
    exchange.queuedAt = now;
    group.enter(now);
    this.pump();
    if (exchange.seat !== seat) return;
    exchange.note(now, 'queued', null, this.#obstacles(exchange, now));
    exchange.queueTimer = this.#kit.timers.after(deadlineAt - now, () => this.#expire(exchange));
  }

  /** The exchange no longer waits (client gone, deadline). Harmless when it was not waiting. */
  withdraw(exchange: Exchange): void {
    exchange.queueTimer?.cancel();
    exchange.queueTimer = null;
    if (exchange.seat === null) return;
    this.#room.leave(exchange.seat);
    exchange.waitingGroup?.leave(this.#kit.clock.now());
    exchange.seat = null;
    this.#countWait(exchange);
  }

  /** How an attempt ended, for the comparison of targets that stand in for each other. */
  onOutcome(planned: PlannedTarget, good: boolean, sentAt: MonotonicMs): void {
    this.#placement.siblings.onOutcome(planned, good, sentAt, this.#kit.clock.now());
  }

  /** It is over: what its answer really came to counts for its tenant's turn. */
  settle(exchange: Exchange): void {
    const { lane, waitingGroup, demand } = exchange;
    // Who was never served was never charged.
    if (waitingGroup === null || exchange.attempts === 0 || this.#room.size === 0) return;
    const sum = exchange.attempt?.sum ?? null;
    const said = sum === null ? 0 : legUsage(exchange, sum).completionTokens;
    const more = serviceTokens({ ...demand, answerTokensMean: said }) - serviceTokens(demand);
    this.#room.charge({ lane, group: waitingGroup.name, tenant: tenantOf(exchange) }, more);
  }

  /** Where a waiting exchange stands; null when it does not wait. */
  placeOf(exchange: Exchange): { readonly ahead: number; readonly waitMs: number | null } | null {
    const group = exchange.waitingGroup;
    if (exchange.seat === null || group === null) return null;
    const ahead = this.#room.aheadOf(exchange.seat);
    const tokens = this.#tokensAhead(exchange, group);
    return { ahead, waitMs: predictedWaitMs(tokens, group.drain.tokensPerSecond(this.#kit.clock.now())) };
  }

  /** Who waits for the same targets as it would. */
  groupOf(exchange: Exchange): WaitingGroup {
    return this.#groups.of(exchange);
  }

  /** How long the last one of a lane will wait, by how fast the group is served; null: not known. */
  laneWaitMs(group: WaitingGroup, lane: Lane, now: MonotonicMs): number | null {
    return predictedWaitMs(this.#room.tokensWaiting(lane, group.name), group.drain.tokensPerSecond(now));
  }

  /** Somebody on another upstream who could answer in `asked`'s place, with the most room; null: nobody, or others wait for it. */
  beside(exchange: Exchange, asked: PlannedTarget, now: MonotonicMs): PlannedTarget | null {
    if (this.#isWaitedFor(exchange)) return null;
    const others = exchange.candidates().filter((planned) => {
      const { target, model } = planned;
      // A fallback is for when the model's own targets fail, not for when they are slow.
      if (target.upstream.name === asked.target.upstream.name || model !== asked.model) return false;
      // 90 against 10 holds for hedges too. A dearer tier may be asked: vips do not wait for the next one anyway.
      if (target.tier === asked.target.tier && planned.rank !== asked.rank && target.weight > 0) return false;
      return (
        this.#placement.barred(exchange, planned, now) === null &&
        this.#fleet.obstacle(target, exchange.demand, now) === null
      );
    });
    const fill = ({ target }: PlannedTarget): number => this.#fleet.fill(target);
    return others.toSorted((left, right) => fill(left) - fill(right))[0] ?? null;
  }

  #isWaitedFor(exchange: Exchange): boolean {
    return this.#room.size > 0 && this.#room.tokensWaiting('batch', this.groupOf(exchange).name) > 0;
  }

  /** Nobody waits for its targets, and one of them clearly has room. */
  isRoomyFor(exchange: Exchange, now: MonotonicMs): boolean {
    if (this.#isWaitedFor(exchange)) return false;
    return exchange
      .candidates()
      .some(
        ({ target }) =>
          this.#fleet.obstacle(target, exchange.demand, now) === null && this.#fleet.fill(target) < ROOMY_FILL,
      );
  }

  /** Serves whoever can be served. Called whenever room may have appeared. */
  pump(): void {
    if (this.#room.size === 0) return;
    const now = this.#kit.clock.now();
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#room.serve(
      (exchange, headroomOf) => this.#tryServe(exchange, headroomOf, now),
      (group) => this.#vipIsOverShare(group),
    );
    this.#sleep(now);
  }

  /** Room that opens by itself (end of a cool-down, a breaker's probe, a window's growth) needs somebody to look. */
  #sleep(now: MonotonicMs): void {
    this.#wake?.cancel();
    this.#wake = null;
    if (this.#room.size === 0) return;
    const afterMs = Math.min(LOOK_MS, Math.max(1, this.#wakeAt - now));
    this.#wake = this.#kit.timers.after(afterMs, () => this.pump());
  }

  #tryServe(exchange: Exchange, headroomOf: Lane, now: MonotonicMs): Served {
    const { planned, wakeAt, greedy } = this.#placement.find(exchange, headroomOf, now);
    this.#wakeAt = Math.min(this.#wakeAt, wakeAt);
    if (planned === null) return greedy && 'passedOver';
    this.grant(exchange, planned, now);
    return true;
  }

  /** Lets it be sent there; there must be room. */
  grant(exchange: Exchange, planned: PlannedTarget, now: MonotonicMs): void {
    const ticket = this.#fleet.take(planned.target, exchange.demand, now);
    this.#placement.onServed(exchange, planned, now);
    exchange.queueTimer?.cancel();
    exchange.queueTimer = null;
    if (exchange.seat !== null) {
      exchange.waitingGroup?.drain.onServed(serviceTokens(exchange.demand), now);
      exchange.waitingGroup?.leave(now);
    }
    exchange.seat = null;
    this.#countWait(exchange);
    this.#listener.onTicket(exchange, planned, ticket);
  }

  #countWait(exchange: Exchange): void {
    if (exchange.queuedAt === null) return;
    exchange.queueMs += this.#kit.clock.now() - exchange.queuedAt;
    exchange.queuedAt = null;
  }

  #vipIsOverShare(name: string): boolean {
    const targets = this.#groups.named(name)?.targets;
    if (targets === undefined) return false;
    const { held, capacity } = this.#fleet.shares(targets);
    return vipIsOverShare(held, capacity);
  }

  #tokensAhead(exchange: Exchange, group: WaitingGroup): number {
    return this.#room.tokensAhead(exchange.lane, group.name, tenantOf(exchange));
  }

  /** Refused on arrival when those ahead will take longer than it can wait. */
  #tooLate(exchange: Exchange, group: WaitingGroup, now: MonotonicMs, deadlineAt: MonotonicMs): Rejection | null {
    const outlook = {
      tokensAhead: this.#tokensAhead(exchange, group),
      tokensPerSecond: group.drain.tokensPerSecond(now),
      patienceMs: deadlineAt - now,
    };
    const early = earlyReject(outlook, this.#kit.chance, limits.shedRetryAfterMsMax);
    if (early === null) return null;
    const message = `The server is overloaded: it would take about ${(early.waitMs / 1000).toFixed(1)} s to begin.`;
    // Its client has tried more than once already: every further try makes the wait longer for all.
    const hard = exchange.clientRetries >= HARD_AFTER_RETRIES;
    return reject('overloaded', message, { retryAfterMs: early.retryAfterMs, hard });
  }

  /** Refused at once when no target can have room before the deadline, however long it waits. */
  #hopeless(exchange: Exchange, now: MonotonicMs, deadlineAt: MonotonicMs): Rejection | null {
    const obstacles: NoRoom[] = [];
    const reasons: string[] = [];
    for (const { target } of exchange.candidates()) {
      const obstacle = this.#fleet.obstacle(target, exchange.demand, now);
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

  #full(exchange: Exchange, group: WaitingGroup): Rejection {
    return reject('overloaded', 'The server is overloaded: too many requests are waiting already.', {
      retryAfterMs: this.#retryAfterMs(exchange, group),
    });
  }

  #expire(exchange: Exchange): void {
    const retryAfterMs = this.#retryAfterMs(exchange, this.#groups.of(exchange));
    this.withdraw(exchange);
    const message = `No target had room within ${Math.round(exchange.queueMs)} ms.`;
    this.#listener.onRefused(exchange, reject('queueTimeout', message, { retryAfterMs }));
  }

  #retryAfterMs(exchange: Exchange, group: WaitingGroup): number {
    const rate = group.drain.tokensPerSecond(this.#kit.clock.now());
    const waitMs = predictedWaitMs(this.#tokensAhead(exchange, group), rate);
    return truthfulRetryAfterMs(waitMs, this.#kit.chance, limits.shedRetryAfterMsMax);
  }

  #obstacles(exchange: Exchange, now: MonotonicMs): string {
    const words = exchange.candidates().map((planned) => {
      const obstacle =
        this.#placement.barred(exchange, planned, now) ?? this.#fleet.obstacle(planned.target, exchange.demand, now);
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

/** Keys share fairly; where there are none, everybody is one. */
const tenantOf = (exchange: Exchange): string => exchange.key?.name ?? '';
