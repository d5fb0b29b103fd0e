// Span tracer: hands finished spans to OpenTelemetry's batch processor. No tracer, context or id generator of
// OpenTelemetry takes part: the ids are the exchange's own, which the client and the upstream know.
// It must not be imported from anywhere but otlp.ts, which loads it only when traces are wanted.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { RecentMap } from '../../kernel/bounded.ts';
import type { ExchangeId } from '../../kernel/brands.ts';
import type { AttemptFact, ExchangeFact, Fact } from '../../kernel/facts.ts';
import { limits } from '../../kernel/limits.ts';
import type { Chance } from '../../ports/chance.ts';
import type { Tracer, TracerOptions } from './otlp.ts';
import { attemptSpan, exchangeSpan } from './spans.ts';

const EXPORT_MS_MAX = 5000;
const NO_ATTEMPTS: readonly AttemptFact[] = [];

export class SpanTracer implements Tracer {
  readonly #processor: BatchSpanProcessor;
  readonly #resource: Resource;
  readonly #chance: Chance;
  /** Attempts whose exchange has not ended. Most exchanges have one: no array for those. */
  readonly #pending = new RecentMap<ExchangeId, AttemptFact | AttemptFact[]>(limits.trailsKept);

  constructor(url: string, chance: Chance, options: TracerOptions) {
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_MS_MAX });
    this.#processor = new BatchSpanProcessor(watched(exporter, options.onTrouble ?? (() => {})));
    this.#resource = resourceOf(options.serviceVersion);
    this.#chance = chance;
  }

  accept(fact: Fact): void {
    if (fact.kind === 'attempt') this.#attempt(fact.attempt);
    else if (fact.kind === 'exchange') this.#exchange(fact.exchange);
  }

  async shutdown(): Promise<void> {
    // A collector that is gone at the end was already told about by `onTrouble`.
    await this.#processor.shutdown().catch(() => {});
  }

  #attempt(attempt: AttemptFact): void {
    const earlier = this.#pending.get(attempt.exchange);
    if (earlier === undefined) this.#pending.set(attempt.exchange, attempt);
    else if (!Array.isArray(earlier)) this.#pending.set(attempt.exchange, [earlier, attempt]);
    else if (earlier.length < limits.attemptsMax) earlier.push(attempt);
  }

  #exchange(exchange: ExchangeFact): void {
    const attempts = this.#takeAttempts(exchange.id);
    if (!exchange.trace.sampled) return;
    const server = exchangeSpan(exchange, this.#resource);
    for (const attempt of Array.isArray(attempts) ? attempts : [attempts]) {
      this.#end(attemptSpan(attempt, server.spanContext(), this.#chance.hex(16), this.#resource));
    }
    this.#end(server);
  }

  #takeAttempts(id: ExchangeId): AttemptFact | readonly AttemptFact[] {
    const attempts = this.#pending.get(id);
    if (attempts === undefined) return NO_ATTEMPTS;
    this.#pending.delete(id);
    return attempts;
  }

  #end(span: ReadableSpan): void {
    this.#processor.onEnd(span);
  }
}

// What an operator says in OTEL_RESOURCE_ATTRIBUTES or OTEL_SERVICE_NAME wins over our own words.
function resourceOf(serviceVersion: string | undefined): Resource {
  const own = resourceFromAttributes({
    'service.name': 'spillway',
    ...(serviceVersion === undefined ? {} : { 'service.version': serviceVersion }),
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
}

function watched(exporter: OTLPTraceExporter, onTrouble: (why: string) => void): SpanExporter {
  let working = true;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        // 0 is success; the enum itself lives in a package we do not depend on.
        const code: number = result.code;
        const works = code === 0;
        if (working && !works) onTrouble(`traces: ${result.error?.message ?? 'the collector refused spans'}`);
        working = works;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
