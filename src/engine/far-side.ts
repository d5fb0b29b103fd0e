// Far side: what every modelled far side looks like from outside. The clock is passed in, so the same models run in virtual
// time (simulator) and in real time (wall). Tokens are counted, never spelled.

export interface EngineTimer {
  cancel(): void;
}

/** The little of a clock that a model needs; the ports' Clock and Timers fit. */
export interface EngineClock {
  now(): number;
  /** Never synchronously. */
  after(delayMs: number, fire: () => void): EngineTimer;
}

export interface Job {
  readonly promptTokens: number;
  /** At least 1. */
  readonly outputTokens: number;
}

export interface Refusal {
  readonly status: number;
  /** Null: the far side does not say. */
  readonly retryAfterMs: number | null;
  /** Rate-limit headers, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Called in this order: `onRefused` alone, or keep-alives, `onFirstToken`, `onTokens` for the further tokens in lots, `onDone`;
 * or `onBroken` at any time. Nothing is called synchronously from `submit`, nor after `cancel`.
 */
export interface JobSink {
  onRefused(refusal: Refusal): void;
  onKeepAlive(): void;
  onFirstToken(): void;
  onTokens(count: number): void;
  onDone(): void;
  /** The connection was lost. */
  onBroken(): void;
}

export interface JobCall {
  /** The asker left: what the job holds is free at once. Idempotent. */
  cancel(): void;
}

export interface FarSide {
  submit(job: Job, sink: JobSink): JobCall;
}
