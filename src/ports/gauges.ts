// Gauges: present state read at scrape time (queue depth, in flight, breaker state). Counting happens from facts instead.

export interface GaugeReading {
  /** Without prefix and in base units: `queue_depth`, `target_in_flight`, `breaker_state`. */
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Gauges {
  read(): readonly GaugeReading[];
}
