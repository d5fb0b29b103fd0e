// Config: the validated, complete configuration. Every field has its value: defaults are filled in and secrets resolved by
// the adapter that read it, so nobody inside asks "was this set?".
import type { JsonObject } from '../kernel/json.ts';
import type { Lane, Tier } from '../kernel/lane.ts';
import type { ProviderName, TargetTraits } from '../kernel/provider.ts';

export interface TimeoutsConfig {
  readonly connectMs: number;
  /** Send to first content of a stream, while another target could still be asked. */
  readonly firstTokenMs: number;
  /** Between content events of a stream; keep-alives do not count. */
  readonly idleMs: number;
  /** The whole exchange. */
  readonly totalMs: number;
  /** In the waiting room. */
  readonly queueMs: number;
  /** Without content for this long, a stream's client gets status 200 and comments: later failures are in-band then. */
  readonly commitAfterMs: number;
}

export interface RetryConfig {
  /** Sends per exchange, the first included, over all targets. */
  readonly maxAttempts: number;
  /** Resends to the same upstream, as a share of the prompt tokens sent to it in the last 30 s; 0: none. */
  readonly budgetPercent: number;
  /** Second upstreams asked for a vip whose first token is late, as a share of the vips' sends; 0: none. */
  readonly hedgePercent: number;
  /** First wait before a resend to the same upstream; doubles, full jitter. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export interface BreakerConfig {
  readonly consecutiveFailures: number;
  readonly failurePercent: number;
  /** Fewest sends in the window before the share counts. */
  readonly minimumSends: number;
  readonly windowMs: number;
  /** First open time; doubles with each failed probe up to the maximum. */
  readonly openMs: number;
  readonly openMsMax: number;
}

/** Active health check; null in UpstreamConfig when off. */
export interface HealthConfig {
  /** Below the base URL's origin, e.g. `/health`. */
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

export interface UpstreamConfig {
  readonly provider: ProviderName;
  /** With `/v1` where the provider has it, without trailing slash; null for the provider's own. */
  readonly baseUrl: string | null;
  readonly apiKeys: readonly string[];
  readonly tier: Tier;
  /** Null: the provider's known account limit, or none. */
  readonly maxConcurrent: number | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  /** Sent with every request; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where it computes, for keys bound to regions; null: what the account says, or unknown. */
  readonly region: string | null;
  /** Settings of the account that its provider asks for (Azure's `resource`, Vertex's `project`). May hold secrets. */
  readonly account?: Readonly<Record<string, string>>;
  readonly caFile: string | null;
  readonly proxy: string | null;
  /** Always through undici; absent: through the lane, where that is on. */
  readonly transport?: 'undici';
  readonly health: HealthConfig | null;
  /** Ask `GET {baseUrl}/models` at start and every 5 minutes, and serve what it lists. */
  readonly discover: boolean;
  /** Where a self-hosted engine tells its own queue, from its origin's root; true: where its provider has it, if it does. */
  readonly engineMetrics: boolean | string;
}

export interface TargetConfig {
  readonly upstream: string;
  /** The upstream's model id; null: the name the client asked for (the part that `*` matched). */
  readonly model: string | null;
  readonly weight: number;
  /** Null: the upstream's. */
  readonly tier: Tier | null;
  /** Targets of one variant are interchangeable; variants are drawn by weight. Absent: told from the weights. */
  readonly variant?: string;
  /** Request fields set when the client did not send them. */
  readonly defaults: JsonObject;
  readonly traits: TargetTraits;
}

export interface ModelConfig {
  readonly targets: readonly TargetConfig[];
  readonly aliases: readonly string[];
  readonly timeouts: TimeoutsConfig;
  /** Drop request parameters a target cannot take, instead of refusing. */
  readonly dropParams: boolean;
  /** Ask the next target when a content policy refused. */
  readonly failoverOnContentFilter: boolean;
  /** Keep an unfinished tool call back while another target could still make it anew. */
  readonly holdToolCalls: boolean;
  readonly degrade: DegradeConfig;
  /** Absent: answers of this model are not kept. */
  readonly cache?: CacheConfig;
}

/** Whether, and how long, answers are kept to be given again. */
export interface CacheConfig {
  readonly ttlSeconds: number;
  /** `public`: every key reads what any key's answer was. */
  readonly scope: 'tenant' | 'public';
  /** How long after `ttlSeconds` an answer is given while it is made anew. */
  readonly staleWhileRevalidateSeconds: number;
  /** How long after `ttlSeconds` it is kept for when nobody can answer; only with `degrade.staleAnswers`. */
  readonly staleIfErrorSeconds: number;
  /** Keep answers whatever the temperature was. */
  readonly anyTemperature: boolean;
  /** Keep answers to requests that offered functions and got text. */
  readonly tools: boolean;
  /** Share of an answer's tokens that counts against the key's limit when it is given again. */
  readonly hitChargePercent: number;
  /** Pace of a kept answer that is told as a stream; null: all at once. */
  readonly replayTokensPerSecond: number | null;
  /** The words of what is asked most may be held in memory, to be saved to a file. */
  readonly saveRequests: boolean;
  /** Absent: only the same question is given the same answer. */
  readonly semantic?: SemanticConfig;
}

/** Similar questions may be given each other's answers, as far as that is measured to be right. */
export interface SemanticConfig {
  /** Public name of the embeddings model that says what is similar; null: the built-in lexical embedder. */
  readonly model: string | null;
  /** Largest share of wrong answers among those given, in percent; may have decimals. */
  readonly errorPercent: number;
  /** Answers that are compared with new ones before any is given. */
  readonly verifyFirst: number;
  /** Share of them that is compared thereafter. */
  readonly samplePercent: number;
  /** Longest that a request waits for it all. */
  readonly timeoutMs: number;
}

/** What may be done to answers in overload, mildest first. What is null or false never is. */
export interface DegradeConfig {
  /** Longest answer of the batch lane, in tokens. */
  readonly capTokens: number | null;
  readonly staleAnswers: boolean;
  /** When nobody can answer: a similar question's answer. */
  readonly semantic: boolean;
  /** Public name of the model whose targets are asked too, after the model's own. */
  readonly cheaper: string | null;
  /** Said instead of an answer. */
  readonly defaultAnswer: string | null;
  /** Refuse at once. */
  readonly shed: boolean;
}

export interface LaneConfig {
  /** How soon an answer should begin; null: three quarters of the model's `queueMs`. */
  readonly firstTokenMs: number | null;
}

export interface KeyConfig {
  readonly name: string;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly lane: Lane;
  /** Public names and patterns; null: all. */
  readonly models: readonly string[] | null;
  /** Only upstreams in these regions; null: all. */
  readonly regions: readonly string[] | null;
  readonly limits: {
    readonly requestsPerMinute: number | null;
    readonly tokensPerMinute: number | null;
    readonly maxConcurrent: number | null;
  };
}

/** Where gateways share answers. Null in Config: each keeps its own. */
export interface RedisConfig {
  /** One server, or some nodes of a cluster; the rest is found through them. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly isCluster: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** A cluster has only 0. */
  readonly database: number;
  readonly tls: boolean;
  /** Authority to trust besides the system's; null: none. */
  readonly caFile: string | null;
  /** Before every key, so that installations can share a server. */
  readonly prefix: string;
  /** Longest a request waits for it. */
  readonly timeoutMs: number;
}

/** Requests that are addresses. Null in Config: none is served. */
export interface SigningConfig {
  /** The first signs. */
  readonly keys: readonly { readonly id: string; readonly secret: string }[];
  /** Name of the key in whose name they are asked; null: a gateway without keys. */
  readonly payer: string | null;
}

export interface CorsConfig {
  /** Exact origins, or `*`. */
  readonly origins: readonly string[];
  readonly maxAgeSeconds: number;
}

/** PEM files with the certificate (and its chain) and the private key; full paths. */
export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Config {
  /** `spillway.yaml`, `environment`, … for people. */
  readonly source: string;
  readonly host: string;
  readonly port: number;
  /** Serve without keys on a host that is not loopback. */
  readonly open: boolean;
  /** SHA-256 of the admin key; null when none is set. */
  readonly adminKeySha256: string | null;
  readonly adminPort: number | null;
  /** Clients speak TLS to us; null: plain HTTP. */
  readonly tls: TlsConfig | null;
  /** `on`: our own HTTP/1.1 path on both sides, where it recognises what comes; `off`: node:http and undici throughout. */
  readonly lane: 'on' | 'off';
  /** Processes that serve behind one port; 1: this one alone. */
  readonly workers: number;
  /** How long SIGTERM waits for exchanges in flight. */
  readonly drainMs: number;
  /** Directory for what was learned; null: it is forgotten with the process. */
  readonly stateDir: string | null;
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  /** Public names and patterns (`*`, `deepseek/*`) in the order they are tried. */
  readonly models: Readonly<Record<string, ModelConfig>>;
  readonly keys: readonly KeyConfig[];
  readonly lanes: Readonly<Record<Lane, LaneConfig>>;
  /** Defaults of models not listed (`provider/model`, discovered). */
  readonly timeouts: TimeoutsConfig;
  readonly retry: RetryConfig;
  readonly breaker: BreakerConfig;
  readonly redis: RedisConfig | null;
  readonly signing: SigningConfig | null;
  readonly cors: CorsConfig | null;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' };
  readonly telemetry: {
    /** OTLP/HTTP base URL; null: no traces. */
    readonly otlpEndpoint: string | null;
    /** Share of exchanges traced when the caller did not decide. */
    readonly sampleRatio: number;
  };
}
