// Fleet: the living state of upstreams and targets — what is in flight, who rests, which breakers are open — and the one
// place that gives out tickets. It outlives reloads: an upstream that keeps its name keeps its state.
// It never decides what an exchange does next; it answers "has this target room?" and remembers what happened.
import type { MonotonicMs, TargetId } from '../kernel/brands.ts';
import { type Fault, type FaultKind, faults } from '../kernel/fault.ts';
import type { HeaderRecord } from '../kernel/headers.ts';
import { type Lane, lanes } from '../kernel/lane.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { BreakerMove } from '../policy/breaker.ts';
import type { EngineLoad } from '../policy/engine-gauges.ts';
import { credentialRestAfterFault, credentialRestIsForEveryModel, restAfterFault } from '../policy/failover.ts';
import type { WindowHold } from '../policy/window.ts';
import { isFull } from './account-limits.ts';
import { type Demand, windowCost } from './demand.ts';
import type { Exchange } from './exchange.ts';
import type { Kit } from './kit.ts';
import type { Target, Upstream } from './snapshot.ts';
import { type TargetState, TargetStates } from './target-states.ts';
import { UpstreamState } from './upstream-state.ts';

/** Why nobody who waits is helped by waiting: somebody must mend a key. */
export const NO_CREDENTIAL = 'no usable credential';

/** Somebody who was refused for a window's sake still wants in for so long, as far as is known. */
const WANTED_MS = 1_500;

/** Faults of an answer that had begun: its tokens are spent. */
const begun: ReadonlySet<FaultKind> = new Set(['cut', 'stalled', 'inBand', 'empty', 'malformed', 'deadline']);

/** Why a target cannot take an exchange now; `readyAt` null: when something in flight ends. */
export interface NoRoom {
  readonly why: string;
  readonly readyAt: MonotonicMs | null;
  /** Nothing that ends by itself or at a known time helps: it is not worth waiting for alone. */
  readonly stuck?: boolean;
  /** It works, and has all it can do for now. */
  readonly full?: boolean;
  /** There is room, but for others. */
  readonly greedy?: boolean;
}

/** Permission to send one attempt; always given back, by exactly one of the last four calls. */
export interface Ticket {
  readonly target: Target;
  /** Counts from 0. */
  readonly credential: number;
  readonly sentAt: MonotonicMs;
  /** The first token came: the target lives, and a breaker's probe need not wait for the end of a long answer. */
  began(): void;
  /** The head of the answer came. */
  heard(headers: HeaderRecord): void;
  /** So many more tokens of the answer came. */
  spoke(tokens: number): void;
  /** A sign of life without a token. */
  keptAlive(): void;
  /** The answer was good. */
  succeeded(): void;
  failed(fault: Fault): void;
  /** The client left: says nothing about the target. */
  released(): void;
  /** Another upstream, asked later, had a first token sooner. */
  overtaken(): void;
}

interface Send {
  readonly target: Target;
  readonly state: TargetState;
  readonly credential: number;
  readonly sentAt: MonotonicMs;
  /** Refused while others are taken: the target as a whole need not rest. */
  readonly isAlone: boolean;
}

export class Fleet {
  readonly #kit: Kit;
  readonly #upstreams = new Map<string, UpstreamState>();
  /** Of upstreams that have left while an exchange still used them. */
  readonly #strays = new WeakMap<Upstream, UpstreamState>();
  readonly #targets: TargetStates;
  #configured: ReadonlySet<TargetId> = new Set();
  /** Called whenever room may have appeared. */
  onRoom: () => void = () => {};

  constructor(kit: Kit) {
    this.#kit = kit;
    this.#targets = new TargetStates(kit);
  }

  /** Makes, keeps and drops state after a reload. `configured`: targets that the config names. */
  adopt(upstreams: ReadonlyMap<string, Upstream>, configured: ReadonlySet<TargetId>): void {
    const moved = new Set<string>();
    for (const name of this.#upstreams.keys()) {
      if (upstreams.has(name)) continue;
      moved.add(name);
      this.#upstreams.delete(name);
    }
    for (const [name, upstream] of upstreams) {
      const state = this.#upstreams.get(name);
      if (state === undefined) this.#upstreams.set(name, new UpstreamState(upstream, this.#kit));
      else if (state.reconfigure(upstream, this.#kit)) moved.add(name);
    }
    this.#configured = configured;
    this.#targets.adopt((upstream) => moved.has(upstream));
    this.onRoom();
  }

  upstream(upstream: Upstream): UpstreamState {
    const state = this.#upstreams.get(upstream.name) ?? this.#strays.get(upstream);
    if (state !== undefined) return state;
    const stray = new UpstreamState(upstream, this.#kit);
    this.#strays.set(upstream, stray);
    return stray;
  }

  /** Null: there is room. Asked in the order in which a no is most telling. `headroomOf`: whose part of the window. */
  obstacle(target: Target, demand: Demand, now: MonotonicMs, headroomOf: Lane = demand.lane): NoRoom | null {
    const upstream = this.upstream(target.upstream);
    const state = this.#targets.of(target);
    if (!upstream.health.healthy) return { why: 'unhealthy', readyAt: null, stuck: true };
    if (!state.breaker.mayPass(now)) return { why: 'breaker open', readyAt: state.breaker.reopensAt(now) };
    if (state.cooldown.isResting(now)) return { why: 'cooling', readyAt: state.cooldown.until };
    if (upstream.credentials.usable(target.model, now) === 0) {
      return { why: NO_CREDENTIAL, readyAt: upstream.credentials.readyAt(target.model, now) };
    }
    if (isFull(target.maxConcurrent, state.inFlight, state.slots)) return { why: 'full', readyAt: null };
    return (
      upstream.obstacle(demand.tokens, now) ??
      state.rates.obstacle(demand.tokens, state.inFlight, now) ??
      this.#windowObstacle(state, upstream, demand, headroomOf, now)
    );
  }

  #windowObstacle(
    state: TargetState,
    upstream: UpstreamState,
    demand: Demand,
    lane: Lane,
    now: MonotonicMs,
  ): NoRoom | null {
    const { window } = state;
    this.#tick(state, upstream, now);
    const cost = windowCost(demand, window.settings.kind);
    const { promptTokens, tenant } = demand;
    // Vips have a share of their own.
    const { occupancy } = state;
    const greedy = lane !== 'vip' && occupancy.isGreedy(tenant) && occupancy.hasOthers(now);
    if (window.room(cost, promptTokens, lane, greedy ? occupancy.reserve(now) : null)) return null;
    if (greedy) state.greedyWantedAt = now;
    else state.wantedAt = now;
    if (greedy && window.room(cost, promptTokens, lane))
      return { why: 'more than its share', readyAt: null, full: true, greedy };
    return { why: 'window full', readyAt: null, full: true };
  }

  #tick(state: TargetState, upstream: UpstreamState, now: MonotonicMs): void {
    const { window, occupancy } = state;
    const { epoch } = window;
    if (window.isDue(now)) window.tick(backlogOf(state, now), occupancy.reserve(now), now);
    if (window.epoch !== epoch) upstream.budget.onCut(now);
  }

  /** What an upstream's engine says of itself; null: nothing just now. It is one engine, whatever models it serves. */
  observe(upstream: Upstream, load: EngineLoad | null, now: MonotonicMs): void {
    const account = this.upstream(upstream);
    account.engineLoad = load;
    if (load === null) return;
    for (const state of this.#targets.ofUpstream(upstream.name)) {
      state.window.observe(load, now);
      // A sign that is not read now would be held against it when it is old.
      if (state.window.exchanges > 0) this.#tick(state, account, now);
    }
  }

  /** Of the target's window, 0 to 1 and above. */
  fill(target: Target): number {
    const { window } = this.#targets.of(target);
    return Math.max(window.inFlight / window.tokensMax, window.prefillOutstanding / window.prefillTokensMax);
  }

  firstTokenMs(target: Target, promptTokens: number, matchedTokens: number, now: MonotonicMs): number {
    const { firstToken, window } = this.#targets.of(target);
    return firstToken.estimateMs(promptTokens, matchedTokens, window.prefillOutstanding, now);
  }

  /** What nearly all of the target's first tokens came within, for prompts of that size; null: not known. */
  usualFirstTokenMsMost(target: Target, promptTokens: number): number | null {
    return this.#targets.of(target).firstTokenTimes.usualMsMost(promptTokens);
  }

  /** When it must be sent at the latest for a first token in time, at the best of its targets. */
  latestSend(exchange: Exchange, now: MonotonicMs): MonotonicMs {
    const { promptTokens, streamed } = exchange.demand;
    // How long a whole answer takes nobody knows: it is tried.
    if (!streamed) return exchange.firstTokenAt;
    const soonest = exchange.candidates().map(({ target }) => {
      const { firstToken } = this.#targets.of(target);
      return firstToken.estimateMs(promptTokens, 0, 0, now);
    });
    return (exchange.firstTokenAt - (soonest.length === 0 ? 0 : Math.min(...soonest))) as MonotonicMs;
  }

  /** What all lanes hold of these targets' windows, and what the windows allow together. */
  shares(targets: readonly Target[]): { readonly held: Readonly<Record<Lane, number>>; readonly capacity: number } {
    const held = { vip: 0, standard: 0, batch: 0 };
    let capacity = 0;
    for (const target of targets) {
      const { occupancy, window } = this.#targets.of(target);
      capacity += window.tokensMax;
      for (const lane of lanes) held[lane] += occupancy.lanes[lane];
    }
    return { held, capacity };
  }

  /** The target's upstream has several credentials, and after the trouble of one another may be used right now. */
  hasOtherCredential(target: Target, now: MonotonicMs): boolean {
    const { credentials } = this.upstream(target.upstream);
    return credentials.count > 1 && credentials.usable(target.model, now) > 0;
  }

  /** Takes what `obstacle` found free. */
  take(target: Target, demand: Demand, now: MonotonicMs): Ticket {
    const { tokens, promptTokens, lane, streamed } = demand;
    const upstream = this.upstream(target.upstream);
    const state = this.#targets.of(target);
    const credential = upstream.credentials.pick(target.model, now) ?? 0;
    const cost = windowCost(demand, state.window.settings.kind);
    const hold = state.window.take({ cost, promptTokens, streamed }, now);
    const rate = state.rates.take(tokens, state.inFlight, now);
    state.inFlight++;
    state.occupancy.take(lane, demand.tenant, cost, now);
    upstream.take(demand, now);
    this.#tellMove(state, state.breaker.onSend(now));
    let open = true;
    let speaks = false;
    const close = (settle: ((at: MonotonicMs) => void) | null): void => {
      if (!open) return;
      open = false;
      hold.end();
      state.inFlight--;
      state.slots?.ended();
      state.occupancy.giveBack(lane, demand.tenant, cost);
      upstream.giveBack();
      settle?.(this.#kit.clock.now());
      this.onRoom();
    };
    const succeed = (at: MonotonicMs): void => {
      rate.accepted();
      this.#tellMove(state, state.breaker.onSuccess(at, now));
    };
    const release = (at: MonotonicMs): void => {
      // The answer never came, but the prompt may have been read.
      upstream.settleTokens(Math.min(0, promptTokens - tokens), at);
      state.breaker.onRelease(at, now);
    };
    return {
      target,
      credential,
      sentAt: now,
      began: () => {
        if (!open || speaks) return;
        speaks = true;
        const at = this.#kit.clock.now();
        hold.firstToken(at);
        if (streamed) learnFirstToken(state, hold, at);
        succeed(at);
        // Its prompt has been read: another may be sent behind it.
        this.onRoom();
      },
      heard: (headers) => {
        const { clock } = this.#kit;
        rate.told(headers, upstream.credentials.count === 1, clock.now(), clock.wall());
      },
      spoke: (count) => hold.tokens(count, this.#kit.clock.now()),
      keptAlive: () => hold.keepAlive(),
      succeeded: () => close(speaks ? null : succeed),
      released: () => close(release),
      overtaken: () =>
        close((at) => {
          // So long it took at least.
          state.firstTokenTimes.add(promptTokens, at - now);
          release(at);
        }),
      failed: (fault) =>
        close((at) => {
          const { signal, isAlone } = rate.failed(fault, upstream.credentials.count === 1, at);
          if (signal !== null && state.window.overload(signal, now, at)) upstream.budget.onCut(at);
          // A target that refused or was not reached has computed nothing: its tokens per minute are given back.
          if (!begun.has(fault.kind)) upstream.settleTokens(-tokens, at);
          // What broke off after it had counted as good is a new failure of its own.
          this.#remember(fault, { target, state, credential, sentAt: speaks ? at : now, isAlone }, at);
        }),
    };
  }

  #remember(fault: Fault, send: Send, now: MonotonicMs): void {
    const { target, state, credential, sentAt, isAlone } = send;
    if (faults[fault.kind].breaks) this.#tellMove(state, state.breaker.onFailure(now, sentAt));
    else state.breaker.onRelease(now, sentAt);
    const { credentials } = this.upstream(target.upstream);
    const targetRestMs = isAlone && fault.retryAfterMs === null ? 0 : restAfterFault(fault);
    // Limits are per account: with several credentials one of them rests, and the target only when all do.
    const oneOfMany = fault.kind === 'rateLimited' && credentials.count > 1;
    if (oneOfMany) credentials.rest(credential, targetRestMs, now, target.model);
    if (!oneOfMany || credentials.usable(target.model, now) === 0) state.cooldown.extend(targetRestMs, now);
    const restMs = credentialRestAfterFault(fault);
    if (restMs === 0) return;
    const model = credentialRestIsForEveryModel(fault) ? null : target.model;
    if (credentials.rest(credential, restMs, now, model)) {
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

  /** Present state for scraping. */
  gauges(): GaugeReading[] {
    const now = this.#kit.clock.now();
    return [
      ...this.#targets.gauges((id) => this.#configured.has(id)),
      ...[...this.#upstreams].flatMap(([name, state]) => state.gauges(name, now)),
    ];
  }

  /** Everything about one upstream that a person may see. */
  describe(upstream: Upstream): Record<string, unknown> {
    const now = this.#kit.clock.now();
    const targets = this.#targets.ofUpstream(upstream.name);
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

function learnFirstToken({ firstToken, firstTokenTimes }: TargetState, hold: WindowHold, now: MonotonicMs): void {
  const tookMs = now - hold.sentAt;
  firstToken.onFirstToken(hold.readTokens, tookMs, now);
  firstTokenTimes.add(hold.promptTokens, tookMs);
}

function backlogOf({ wantedAt, greedyWantedAt }: TargetState, now: MonotonicMs): 'none' | 'greedy' | 'fair' {
  if (now - wantedAt < WANTED_MS) return 'fair';
  return now - greedyWantedAt < WANTED_MS ? 'greedy' : 'none';
}
