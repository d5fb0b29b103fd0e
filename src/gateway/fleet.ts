// Fleet: the living state of upstreams and targets — what is in flight, who rests, which breakers are open — and the one
// place that gives out tickets. It outlives reloads: an upstream that keeps its name keeps its state.
// It never decides what an exchange does next; it answers "has this target room?" and remembers what happened.
import { later, type MonotonicMs, monotonicMs, type TargetId } from '../kernel/brands.ts';
import { type Fault, type FaultKind, faults } from '../kernel/fault.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { Breaker, type BreakerMove } from '../policy/breaker.ts';
import { Cooldown } from '../policy/cooldown.ts';
import { credentialRestAfterFault, credentialRestIsForEveryModel, restAfterFault } from '../policy/failover.ts';
import type { Kit } from './kit.ts';
import type { Target, Upstream } from './snapshot.ts';
import { UpstreamState } from './upstream-state.ts';

/** Idle target states kept; a name that nobody configured can be asked for, so they must be bounded. */
const TARGET_STATES_MAX = 10_000;

/** Faults of an answer that had begun: its tokens are spent. */
const begun: ReadonlySet<FaultKind> = new Set(['cut', 'stalled', 'inBand', 'empty', 'malformed', 'deadline']);

interface TargetState {
  readonly id: TargetId;
  readonly upstream: string;
  inFlight: number;
  readonly breaker: Breaker;
  readonly cooldown: Cooldown;
  lastUsedAt: MonotonicMs;
}

/** Why a target cannot take an exchange now; `readyAt` null: when something in flight ends. */
export interface NoRoom {
  readonly why: string;
  readonly readyAt: MonotonicMs | null;
}

/** Permission to send one attempt; always given back, by exactly one of the three calls. */
export interface Ticket {
  readonly target: Target;
  /** Counts from 0. */
  readonly credential: number;
  /** The answer was good (or the fault was the request's own). */
  succeeded(): void;
  failed(fault: Fault): void;
  /** The client left, or another answer won: says nothing about the target. */
  released(): void;
}

export class Fleet {
  readonly #kit: Kit;
  readonly #upstreams = new Map<string, UpstreamState>();
  readonly #targets = new Map<TargetId, TargetState>();
  /** Called whenever room may have appeared. */
  onRoom: () => void = () => {};

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  /** Makes, keeps and drops upstream state after a reload. */
  adopt(upstreams: ReadonlyMap<string, Upstream>): void {
    for (const name of this.#upstreams.keys()) if (!upstreams.has(name)) this.#upstreams.delete(name);
    for (const [name, upstream] of upstreams) {
      const state = this.#upstreams.get(name);
      if (state === undefined) this.#upstreams.set(name, new UpstreamState(upstream, this.#kit));
      else state.reconfigure(upstream, this.#kit);
    }
    for (const target of this.#targets.values()) target.breaker.reconfigure(this.#kit.settings().breaker);
    this.onRoom();
  }

  upstream(upstream: Upstream): UpstreamState {
    let state = this.#upstreams.get(upstream.name);
    if (state === undefined) {
      // An exchange planned before a reload may still use an upstream that has left.
      state = new UpstreamState(upstream, this.#kit);
      this.#upstreams.set(upstream.name, state);
    }
    return state;
  }

  /** Null: there is room. A pure question, asked in the order in which a no is most telling. */
  obstacle(target: Target, tokens: number, now: MonotonicMs): NoRoom | null {
    const upstream = this.upstream(target.upstream);
    const state = this.#target(target, now);
    if (!upstream.health.healthy) return { why: 'unhealthy', readyAt: null };
    if (!state.breaker.mayPass(now)) return { why: 'breaker open', readyAt: state.breaker.reopensAt(now) };
    if (state.cooldown.isResting(now)) return { why: 'cooling', readyAt: state.cooldown.until };
    if (upstream.credentials.usable(target.model, now) === 0) {
      return { why: 'no usable credential', readyAt: upstream.credentials.readyAt(target.model, now) };
    }
    if (target.maxConcurrent !== null && state.inFlight >= target.maxConcurrent) return { why: 'full', readyAt: null };
    return upstream.obstacle(tokens, now);
  }

  /** Takes what `obstacle` found free. */
  take(target: Target, tokens: number, now: MonotonicMs): Ticket {
    const upstream = this.upstream(target.upstream);
    const state = this.#target(target, now);
    const credential = upstream.credentials.pick(target.model, now) ?? 0;
    state.inFlight++;
    state.lastUsedAt = now;
    upstream.take(tokens, now);
    this.#tellMove(state, state.breaker.onSend(now));
    let open = true;
    const close = (settle: (at: MonotonicMs) => void): void => {
      if (!open) return;
      open = false;
      state.inFlight--;
      upstream.giveBack();
      settle(this.#kit.clock.now());
      this.onRoom();
    };
    return {
      target,
      credential,
      succeeded: () => close((at) => this.#tellMove(state, state.breaker.onSuccess(at))),
      released: () => close((at) => state.breaker.onRelease(at)),
      failed: (fault) =>
        close((at) => {
          // A target that refused or was not reached has computed nothing: its tokens per minute are given back.
          if (!begun.has(fault.kind)) upstream.settleTokens(-tokens, at);
          this.#remember(fault, target, state, credential, at);
        }),
    };
  }

  #remember(fault: Fault, target: Target, state: TargetState, credential: number, now: MonotonicMs): void {
    if (faults[fault.kind].breaks) this.#tellMove(state, state.breaker.onFailure(now));
    else state.breaker.onRelease(now);
    state.cooldown.extend(restAfterFault(fault), now);
    const restMs = credentialRestAfterFault(fault);
    if (restMs === 0) return;
    const model = credentialRestIsForEveryModel(fault) ? null : target.model;
    const upstream = this.upstream(target.upstream);
    if (upstream.credentials.rest(credential, restMs, now, model)) {
      this.#kit.facts.accept({
        kind: 'credential',
        at: this.#kit.clock.wall(),
        upstream: target.upstream.name,
        ordinal: credential + 1,
        restMs,
        why: `${fault.kind}${fault.status === null ? '' : ` (${fault.status})`}${model === null ? '' : ` for ${model}`}`,
      });
    }
  }

  #tellMove(state: TargetState, move: BreakerMove | null): void {
    if (move === null) return;
    this.#kit.facts.accept({ kind: 'breaker', at: this.#kit.clock.wall(), target: state.id, ...move });
    this.onRoom();
  }

  #target(target: Target, now: MonotonicMs): TargetState {
    const known = this.#targets.get(target.id);
    if (known !== undefined) return known;
    if (this.#targets.size >= TARGET_STATES_MAX) this.#forgetIdle(now);
    const state: TargetState = {
      id: target.id,
      upstream: target.upstream.name,
      inFlight: 0,
      breaker: new Breaker(this.#kit.settings().breaker, this.#kit.chance),
      cooldown: new Cooldown(),
      lastUsedAt: monotonicMs(now),
    };
    this.#targets.set(target.id, state);
    return state;
  }

  #forgetIdle(now: MonotonicMs): void {
    for (const [id, state] of this.#targets) {
      if (state.inFlight === 0 && later(state.lastUsedAt, 60_000) < now) this.#targets.delete(id);
    }
  }

  /** Present state for scraping. */
  gauges(): GaugeReading[] {
    const readings: GaugeReading[] = [];
    for (const state of this.#targets.values()) {
      const labels = { target: state.id };
      readings.push({ name: 'target_in_flight', help: 'Attempts in flight', labels, value: state.inFlight });
      readings.push({
        name: 'breaker_state',
        help: 'Breaker of a target: 0 closed, 1 half-open, 2 open',
        labels,
        value: { closed: 0, 'half-open': 1, open: 2 }[state.breaker.state],
      });
    }
    const now = this.#kit.clock.now();
    for (const [name, state] of this.#upstreams) readings.push(...state.gauges(name, now));
    return readings;
  }

  /** Everything about one upstream that a person may see. */
  describe(upstream: Upstream): Record<string, unknown> {
    const now = this.#kit.clock.now();
    const targets = [...this.#targets.values()].filter((state) => state.upstream === upstream.name);
    return {
      ...this.upstream(upstream).describe(now),
      targets: targets.map((state) => ({
        id: state.id,
        inFlight: state.inFlight,
        breaker: state.breaker.state,
        restingMs: Math.max(0, Math.round(state.cooldown.until - now)),
      })),
    };
  }
}
