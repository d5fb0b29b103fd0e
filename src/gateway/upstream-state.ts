// Upstream state: what one configured account holds in flight, its credentials' rest, its resend budget, its own limits,
// its health and the models it lists. Limits of an upstream are hard caps: nothing is sent above them.
import type { MonotonicMs } from '../kernel/brands.ts';
import { CredentialRing } from '../policy/credential-ring.ts';
import type { EngineLoad } from '../policy/engine-gauges.ts';
import { HealthVerdict } from '../policy/health-verdict.ts';
import { RetryBudget } from '../policy/retry-budget.ts';
import type { GaugeReading } from '../ports/gauges.ts';
import { AccountLimits } from './account-limits.ts';
import type { Demand } from './demand.ts';
import type { NoRoom } from './fleet.ts';
import type { Kit } from './kit.ts';
import type { Upstream } from './snapshot.ts';

export class UpstreamState {
  health: HealthVerdict;
  credentials: CredentialRing;
  /** What `GET /models` listed; null: not asked, or no answer yet. */
  listed: readonly string[] | null = null;
  readonly budget: RetryBudget;
  /** What its engine told of itself last; null: it does not tell, or has not been asked while nothing was in flight. */
  engineLoad: EngineLoad | null = null;
  #upstream: Upstream;
  readonly #limits: AccountLimits;

  constructor(upstream: Upstream, kit: Kit) {
    this.#upstream = upstream;
    this.credentials = new CredentialRing(upstream.authorizations.length);
    this.health = verdict(upstream);
    this.budget = new RetryBudget(kit.settings().retry.budgetPercent);
    this.#limits = new AccountLimits(upstream, kit.shared);
  }

  /** True when it is another place now, of which nothing is known. */
  reconfigure(upstream: Upstream, kit: Kit): boolean {
    const before = this.#upstream;
    this.#upstream = upstream;
    this.budget.reconfigure(kit.settings().retry.budgetPercent);
    this.#limits.reconfigure(upstream);
    // New secrets deserve a fresh start; the same ones keep resting.
    if (shown(before) !== shown(upstream)) {
      this.credentials = new CredentialRing(upstream.authorizations.length);
    }
    if (JSON.stringify(before.health) !== JSON.stringify(upstream.health)) this.health = verdict(upstream);
    const moved = before.route.origin !== upstream.route.origin || before.basePath !== upstream.basePath;
    if (moved) {
      this.listed = null;
      this.engineLoad = null;
    }
    return moved;
  }

  get inFlight(): number {
    return this.#limits.inFlight;
  }

  obstacle(tokens: number, now: MonotonicMs): NoRoom | null {
    return this.#limits.obstacle(tokens, now);
  }

  take({ tokens, promptTokens }: Demand, now: MonotonicMs): void {
    this.#limits.take(tokens, now);
    this.budget.onSend(promptTokens, now);
  }

  giveBack(): void {
    this.#limits.giveBack();
  }

  /** The provider told the true figure: charge or refund the difference. */
  settleTokens(difference: number, now: MonotonicMs): void {
    this.#limits.settleTokens(difference, now);
  }

  gauges(upstream: string, now: MonotonicMs): GaugeReading[] {
    const labels = { upstream };
    const resting = Array.from({ length: this.credentials.count }, (_, at) => this.credentials.restingMs(at, now));
    return [
      { name: 'upstream_in_flight', help: 'Attempts in flight', labels, value: this.inFlight },
      { name: 'upstream_healthy', help: '1 when health checks pass', labels, value: this.health.healthy ? 1 : 0 },
      {
        name: 'upstream_credentials_resting',
        help: 'Credentials out of rotation',
        labels,
        value: resting.filter((ms) => ms > 0).length,
      },
      {
        name: 'upstream_resend_tokens_left',
        help: 'Prompt tokens that may be sent to it again; a small reserve comes on top',
        labels,
        value: this.budget.calmUntil > now ? 0 : Math.max(0, Math.floor(this.budget.left(now))),
      },
      ...engineGauges(this.engineLoad, labels),
      ...(this.#upstream.maxConcurrent === null
        ? []
        : [
            {
              name: 'upstream_max_concurrent',
              help: 'Most attempts in flight',
              labels,
              value: this.#upstream.maxConcurrent,
            },
          ]),
    ];
  }

  describe(now: MonotonicMs): Record<string, unknown> {
    return {
      inFlight: this.inFlight,
      healthy: this.health.healthy,
      listedModels: this.listed,
      engine: this.engineLoad,
      credentials: Array.from({ length: this.credentials.count }, (_, at) => ({
        ordinal: at + 1,
        restingMs: Math.round(this.credentials.restingMs(at, now)),
      })),
    };
  }
}

function engineGauges(load: EngineLoad | null, labels: { upstream: string }): GaugeReading[] {
  if (load === null) return [];
  const { waiting, running, kvUsage } = load;
  return [
    { name: 'upstream_engine_waiting', help: 'Requests waiting inside the engine', labels, value: waiting },
    { name: 'upstream_engine_running', help: 'Requests that the engine computes', labels, value: running },
    ...(kvUsage === null
      ? []
      : [{ name: 'upstream_engine_kv_share', help: 'Of the memory of the fullest engine', labels, value: kvUsage }]),
  ];
}

/** All that shows who asks. */
const shown = ({ authorizations, auth }: Upstream): string => JSON.stringify([authorizations, auth]);

const verdict = (upstream: Upstream): HealthVerdict =>
  new HealthVerdict(upstream.health?.unhealthyAfter ?? 1, upstream.health?.healthyAfter ?? 1);
