// Target states: what each target holds in flight, its breaker and its rest, by target id. Names that nobody configured can
// be asked for (`provider/model`, patterns), so idle states are bounded: the longest known goes first.
import type { TargetId } from '../kernel/brands.ts';
import { Breaker } from '../policy/breaker.ts';
import { Cooldown } from '../policy/cooldown.ts';
import { FirstTokenEstimate } from '../policy/first-token-estimate.ts';
import { FirstTokenTimes } from '../policy/first-token-times.ts';
import { Occupancy } from '../policy/occupancy.ts';
import { Window } from '../policy/window.ts';
import { dividedAmong, windowDefaults } from '../policy/window-settings.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import type { SharedSlots } from '../ports/shared-room.ts';
import type { Kit } from './kit.ts';
import type { Target } from './snapshot.ts';
import { TargetRates } from './target-rates.ts';

const STATES_MAX = 2_000;

export interface TargetState {
  readonly id: TargetId;
  readonly upstream: string;
  inFlight: number;
  readonly breaker: Breaker;
  readonly cooldown: Cooldown;
  /** What it may hold in flight, learned. */
  readonly window: Window;
  readonly firstToken: FirstTokenEstimate;
  readonly firstTokenTimes: FirstTokenTimes;
  readonly rates: TargetRates;
  /** Who holds what of the window. */
  readonly occupancy: Occupancy;
  /** Of the places it has with other processes together; null: this one is alone. */
  readonly slots: SharedSlots | null;
  /** When somebody was last refused for the window's sake. */
  wantedAt: number;
  /** The same, of tenants who hold more than their share. */
  greedyWantedAt: number;
}

export class TargetStates {
  readonly #kit: Kit;
  readonly #states = new Map<TargetId, TargetState>();

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  of(target: Target): TargetState {
    const known = this.#states.get(target.id);
    if (known !== undefined) return known;
    if (this.#states.size >= STATES_MAX) this.#forgetOne();
    const kind = target.upstream.provider.windowKind ?? 'api';
    const { shared } = this.#kit;
    const members = shared?.members ?? 1;
    const state: TargetState = {
      id: target.id,
      upstream: target.upstream.name,
      inFlight: 0,
      breaker: new Breaker(this.#kit.settings().breaker, this.#kit.chance),
      cooldown: new Cooldown(),
      window: new Window(dividedAmong(members, windowDefaults[kind])),
      firstToken: new FirstTokenEstimate(),
      firstTokenTimes: new FirstTokenTimes(),
      rates: new TargetRates(kind, shared?.part(target.id) ?? null),
      occupancy: new Occupancy(),
      slots: shared?.slots(`target ${target.id}`, () => state.inFlight) ?? null,
      wantedAt: -Infinity,
      greedyWantedAt: -Infinity,
    };
    this.#states.set(target.id, state);
    return state;
  }

  /** After a reload: new settings for all, and a fresh start for targets of upstreams that left or moved. */
  adopt(changed: (upstream: string) => boolean): void {
    for (const [id, state] of this.#states) {
      if (changed(state.upstream)) this.#states.delete(id);
      else state.breaker.reconfigure(this.#kit.settings().breaker);
    }
  }

  ofUpstream(upstream: string): TargetState[] {
    return [...this.#states.values()].filter((state) => state.upstream === upstream);
  }

  /** Targets that are configured, busy or in trouble; the rest would make series out of whatever clients ask for. */
  gauges(isConfigured: (id: TargetId) => boolean): GaugeReading[] {
    return [...this.#states.values()]
      .filter((state) => isConfigured(state.id) || state.inFlight > 0 || state.breaker.state !== 'closed')
      .flatMap((state) => [
        { name: 'target_in_flight', help: 'Attempts in flight', labels: { target: state.id }, value: state.inFlight },
        ...windowGauges(state),
        {
          name: 'breaker_state',
          help: 'Breaker of a target: 0 closed, 1 half-open, 2 open',
          labels: { target: state.id },
          value: { closed: 0, 'half-open': 1, open: 2 }[state.breaker.state],
        },
      ]);
  }

  #forgetOne(): void {
    for (const [id, state] of this.#states) {
      if (state.inFlight > 0) continue;
      this.#states.delete(id);
      return;
    }
  }
}

function windowGauges({ id, window }: TargetState): GaugeReading[] {
  const labels = { target: id };
  // Prometheus has no word for "without a limit".
  const max = Number.isFinite(window.tokensMax) ? window.tokensMax : -1;
  return [
    { name: 'window_tokens', help: 'Tokens in flight', labels, value: window.inFlight },
    { name: 'window_tokens_max', help: 'Tokens that may be in flight; -1: no limit found yet', labels, value: max },
    {
      name: 'window_prefill_tokens',
      help: 'Prompt tokens sent and not yet answered by a first token',
      labels,
      value: window.prefillOutstanding,
    },
    {
      name: 'window_prefill_tokens_max',
      help: 'Prompt tokens that may be so',
      labels,
      value: Number.isFinite(window.prefillTokensMax) ? window.prefillTokensMax : -1,
    },
  ];
}
