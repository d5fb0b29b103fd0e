// Vitals: how the process itself is, read a few times a second by whoever can see it and told to the gateway.

export interface Vitals {
  /** Of late, smoothed: one long collection is no pressure. */
  readonly eventLoopLagMs: number;
  /** Used over the limit. */
  readonly heapShare: number;
  /** Open client connections over their maximum. */
  readonly socketShare: number;
}

export interface VitalsSink {
  onVitals(vitals: Vitals): void;
}
