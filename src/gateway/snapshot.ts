// Snapshot: the configuration compiled for the request path. Built aside when the config changes, swapped whole, never
// mutated; an exchange keeps the snapshot it was planned with. What must survive a reload lives in the fleet instead.
import type { KeyName, ModelName, TargetId, UpstreamName } from '../kernel/brands.ts';
import type { DynamicAuth } from '../kernel/dynamic-auth.ts';
import type { HeaderList } from '../kernel/headers.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Lane, Tier } from '../kernel/lane.ts';
import type { Rung } from '../kernel/rung.ts';
import type {
  CacheConfig,
  Config,
  CorsConfig,
  DegradeConfig,
  HealthConfig,
  KeyConfig,
  RetryConfig,
  TimeoutsConfig,
} from '../ports/config.ts';
import type { Route } from '../ports/upstream.ts';
import type { Account, Capabilities, Provider } from '../providers/provider.ts';

export interface Upstream {
  readonly name: UpstreamName;
  readonly provider: Provider;
  readonly route: Route;
  /** Path of the base URL without trailing slash, e.g. `/v1`; empty when there is none. */
  readonly basePath: string;
  readonly tier: Tier;
  readonly region: string | null;
  readonly maxConcurrent: number | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  /** Headers that every request carries, without authorization. */
  readonly headers: HeaderList;
  /** One header list per credential; one empty list when the upstream wants none. */
  readonly authorizations: readonly HeaderList[];
  /** What the transport must obtain or sign for each request; null: `authorizations` say all. */
  readonly auth: DynamicAuth | null;
  /** What the provider must know of the account to write requests for it. */
  readonly account: Account;
  readonly health: HealthConfig | null;
  readonly discover: boolean;
  /** Where its engine tells its own queue, from the origin's root; null: it is not asked. */
  readonly metricsPath: string | null;
}

export interface Target {
  readonly id: TargetId;
  readonly upstream: Upstream;
  /** The upstream's model id. */
  readonly model: string;
  readonly weight: number;
  readonly tier: Tier;
  /** Targets of a model's tier with the same variant are interchangeable. */
  readonly variant: string;
  readonly defaults: JsonObject;
  readonly capabilities: Capabilities;
  /** What this target may hold in flight besides the upstream's own maximum; null: no limit of its own. */
  readonly maxConcurrent: number | null;
}

/** How a model's answers are kept. */
export interface Keeping {
  readonly config: CacheConfig;
  /** Its name, its targets and what they are told: another one of any is another model, and answers differently. */
  readonly version: string;
}

export interface Model {
  readonly name: ModelName;
  readonly targets: readonly Target[];
  readonly timeouts: TimeoutsConfig;
  readonly dropParams: boolean;
  readonly failoverOnContentFilter: boolean;
  readonly holdToolCalls: boolean;
  readonly degrade: DegradeConfig;
  /** Null: its answers are not kept. */
  readonly cache: Keeping | null;
  /** The rungs that `degrade` allows. */
  readonly rungs: ReadonlySet<Rung>;
}

/** A public name with a `*`. */
export interface Pattern {
  readonly text: string;
  /** The model for a name that fits the pattern; null when it does not. */
  readonly build: (asked: string) => Model | null;
}

export interface Key {
  readonly name: KeyName;
  readonly sha256: string;
  readonly lane: Lane;
  /** Null: every model. */
  readonly mayUse: ((model: string) => boolean) | null;
  readonly regions: readonly string[] | null;
  readonly limits: KeyConfig['limits'];
}

export interface Snapshot {
  readonly version: number;
  readonly config: Config;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** Public names and aliases. */
  readonly models: ReadonlyMap<string, Model>;
  /** In config order, the bare `*` last. */
  readonly patterns: readonly Pattern[];
  /** By SHA-256. Empty: open. */
  readonly keys: ReadonlyMap<string, Key>;
  readonly retry: RetryConfig;
  readonly cors: CorsConfig | null;
  /** A model for an upstream's own id, with the defaults of unlisted models. */
  unlisted(name: string, upstreams: readonly Upstream[], id: string): Model;
}
