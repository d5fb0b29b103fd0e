// Traces: OTLP over HTTP, made after the fact from exchange and attempt facts, so the request path never opens a span.
// OpenTelemetry is loaded only when an endpoint is configured. An unsampled exchange must cost next to nothing, and a
// collector that is slow or gone must cost no exchange anything: spans wait in a bounded queue, then are dropped.
import type { Chance } from '../../ports/chance.ts';
import type { Config } from '../../ports/config.ts';
import type { FactSink } from '../../ports/fact-sink.ts';

export interface Tracer extends FactSink {
  /** Sends what waits; takes at most about 5 s when the collector does not answer. Never rejects. */
  shutdown(): Promise<void>;
}

export interface TracerOptions {
  readonly serviceVersion?: string;
  /** Told once when the collector stops taking spans, and again after it took some in between. */
  readonly onTrouble?: (why: string) => void;
}

/** Null when no endpoint is configured. Which exchanges are sampled is the trace context's word. */
export async function createTracer(
  config: Pick<Config['telemetry'], 'otlpEndpoint'>,
  chance: Chance,
  options: TracerOptions = {},
): Promise<Tracer | null> {
  if (config.otlpEndpoint === null) return null;
  const { SpanTracer } = await import('./span-tracer.ts');
  return new SpanTracer(tracesUrl(config.otlpEndpoint), chance, options);
}

/** The setting is the base, as in OTEL_EXPORTER_OTLP_ENDPOINT; a full traces address is left as it is. */
export function tracesUrl(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, '');
  return base.endsWith('/v1/traces') ? base : `${base}/v1/traces`;
}
