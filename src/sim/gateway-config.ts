// Gateway configuration of the simulator: what an operator would write for the scenario's upstreams, and else the product's
// defaults. One key per tenant and lane, so that fair shares and lanes are the gateway's own.
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import type { Config, KeyConfig, TargetConfig, TimeoutsConfig, UpstreamConfig } from '../ports/config.ts';

/** The product's defaults; a test compares them with the configuration reader's. */
const timeouts: TimeoutsConfig = {
  connectMs: 2_000,
  firstTokenMs: 10_000,
  idleMs: 20_000,
  totalMs: 600_000,
  queueMs: 30_000,
  commitAfterMs: 5_000,
};

export const MODEL = 'm';

export interface UpstreamSpec {
  readonly name: string;
  readonly provider: UpstreamConfig['provider'];
  /** Share of the model's traffic. */
  readonly weight: number;
}

/** A key's secret is its name: there is nobody to keep it from. */
export const secretOf = (tenant: number, lane: Lane): string => `t${tenant}-${lane}`;

export function gatewayConfig(upstreams: readonly UpstreamSpec[], tenants: number): Config {
  const targets = upstreams.map(target);
  return {
    source: 'simulation',
    host: '127.0.0.1',
    port: 4000,
    open: false,
    adminKeySha256: null,
    adminPort: null,
    tls: null,
    lane: 'off',
    workers: 1,
    drainMs: 25_000,
    stateDir: null,
    upstreams: Object.fromEntries(upstreams.map((spec) => [spec.name, upstream(spec)])),
    models: {
      [MODEL]: {
        targets,
        aliases: [],
        timeouts,
        dropParams: false,
        failoverOnContentFilter: false,
        holdToolCalls: true,
        degrade: {
          capTokens: null,
          staleAnswers: false,
          semantic: false,
          cheaper: null,
          defaultAnswer: null,
          shed: false,
        },
      },
    },
    keys: Array.from({ length: tenants }, (_, tenant) => lanes.map((lane) => key(tenant, lane))).flat(),
    lanes: { vip: { firstTokenMs: null }, standard: { firstTokenMs: null }, batch: { firstTokenMs: null } },
    timeouts,
    retry: { maxAttempts: 5, budgetPercent: 10, hedgePercent: 2, backoffMs: 500, backoffMsMax: 20_000 },
    breaker: {
      consecutiveFailures: 5,
      failurePercent: 50,
      minimumSends: 20,
      windowMs: 30_000,
      openMs: 2_000,
      openMsMax: 10_000,
    },
    redis: null,
    signing: null,
    cors: null,
    log: { level: 'silent' },
    telemetry: { otlpEndpoint: null, sampleRatio: 0 },
  };
}

function upstream({ name, provider }: UpstreamSpec): UpstreamConfig {
  return {
    provider,
    baseUrl: `http://${name}.test/v1`,
    apiKeys: provider === 'vllm' ? [] : ['sk-simulated'],
    tier: 'base',
    maxConcurrent: null,
    requestsPerMinute: null,
    tokensPerMinute: null,
    headers: {},
    region: null,
    caFile: null,
    proxy: null,
    health: null,
    discover: false,
    engineMetrics: true,
  };
}

const target = ({ name, weight }: UpstreamSpec): TargetConfig => ({
  upstream: name,
  model: null,
  weight,
  tier: null,
  defaults: {},
  traits: {},
});

function key(tenant: number, lane: Lane): KeyConfig {
  const name = secretOf(tenant, lane);
  return {
    name,
    sha256: name,
    lane,
    models: null,
    regions: null,
    limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
  };
}
