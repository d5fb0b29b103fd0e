// Defaults: the value of every setting nobody wrote. The schema shows them in editors, the readers fill them in, and the
// documentation repeats them (a test compares), so they stand here once.
import type {
  BreakerConfig,
  CacheConfig,
  Config,
  CorsConfig,
  DegradeConfig,
  HealthConfig,
  RedisConfig,
  RetryConfig,
  SemanticConfig,
  TimeoutsConfig,
} from '../../ports/config.ts';

export const defaultTimeouts: TimeoutsConfig = {
  connectMs: 2_000,
  firstTokenMs: 10_000,
  idleMs: 20_000,
  totalMs: 600_000,
  queueMs: 30_000,
  commitAfterMs: 5_000,
};

export const defaultRetry: RetryConfig = {
  maxAttempts: 5,
  budgetPercent: 10,
  hedgePercent: 2,
  backoffMs: 500,
  backoffMsMax: 20_000,
};

export const defaultBreaker: BreakerConfig = {
  consecutiveFailures: 5,
  failurePercent: 50,
  minimumSends: 20,
  windowMs: 30_000,
  openMs: 2_000,
  openMsMax: 10_000,
};

export const defaultHealth: HealthConfig = {
  path: '/health',
  intervalMs: 10_000,
  timeoutMs: 2_000,
  unhealthyAfter: 3,
  healthyAfter: 2,
};

/** Nothing is taken off an answer unless somebody says so. */
export const defaultDegrade: DegradeConfig = {
  capTokens: null,
  staleAnswers: false,
  semantic: false,
  cheaper: null,
  defaultAnswer: null,
  shed: false,
};

export const defaultRedis: Pick<RedisConfig, 'prefix' | 'timeoutMs'> = { prefix: 'spillway', timeoutMs: 50 };

/** Where answers are kept at all. */
export const defaultCache: CacheConfig = {
  ttlSeconds: 300,
  scope: 'tenant',
  staleWhileRevalidateSeconds: 0,
  staleIfErrorSeconds: 86_400,
  anyTemperature: false,
  tools: false,
  hitChargePercent: 0,
  replayTokensPerSecond: null,
  saveRequests: false,
};

/** Where similar questions are looked at. */
export const defaultSemantic: SemanticConfig = {
  model: null,
  errorPercent: 1,
  verifyFirst: 300,
  samplePercent: 2,
  timeoutMs: 50,
};

export const defaultCors: Omit<CorsConfig, 'origins'> = { maxAgeSeconds: 600 };

export const defaultServer = {
  host: '127.0.0.1',
  port: 4000,
  open: false,
  lane: 'off',
  workers: 1,
  // Kubernetes kills 30 s after SIGTERM: draining must be over before.
  drainMs: 25_000,
} as const;

export const defaultLogLevel: Config['log']['level'] = 'info';
export const defaultSampleRatio = 1;
