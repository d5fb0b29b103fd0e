// Prometheus page: `/metrics`. Counts facts as they come and reads gauges when it is scraped.
// Counting is ours (series.ts says why); the process metrics (CPU, memory, event loop, garbage collection) are
// prom-client's, under the names every Node dashboard knows.
// It must never slow the request path, nor grow with what clients send: label values are bounded.
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Fact } from '../../kernel/facts.ts';
import type { FactSink } from '../../ports/fact-sink.ts';
import type { Gauges } from '../../ports/gauges.ts';
import type { Page, PageAnswer, PageRequest } from '../../ports/page.ts';
import { ExchangeMetrics } from './exchange-metrics.ts';
import { StateMetrics } from './state-metrics.ts';

export interface PrometheusOptions {
  readonly version?: string;
  /** Distinct models, upstreams and targets that get their own series; later ones are counted as `other`. */
  readonly labelValuesMax?: number;
}

const CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
const LABEL_VALUES_MAX = 1000;
// Gauges whose names end like counters': the sums over the `type` label of the metrics beside them.
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export class PrometheusPage implements FactSink, Page {
  readonly #gauges: Gauges;
  readonly #exchanges: ExchangeMetrics;
  readonly #states: StateMetrics;
  readonly #process = new Registry();

  constructor(gauges: Gauges, options: PrometheusOptions = {}) {
    const labelValuesMax = options.labelValuesMax ?? LABEL_VALUES_MAX;
    this.#gauges = gauges;
    this.#exchanges = new ExchangeMetrics(labelValuesMax);
    this.#states = new StateMetrics(labelValuesMax, options.version ?? 'unknown');
    collectDefaultMetrics({ register: this.#process });
    for (const name of MISNAMED) this.#process.removeSingleMetric(name);
  }

  accept(fact: Fact): void {
    if (fact.kind === 'exchange') this.#exchanges.exchange(fact.exchange);
    else if (fact.kind === 'attempt') this.#exchanges.attempt(fact.attempt);
    else this.#states.accept(fact);
  }

  serve(request: PageRequest, tell: (answer: PageAnswer) => void): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      tell({ status: 405, contentType: 'text/plain; charset=utf-8', body: 'metrics are read with GET\n' });
      return;
    }
    this.text().then(
      (body) => tell({ status: 200, contentType: CONTENT_TYPE, body }),
      (error: unknown) => tell({ status: 500, contentType: 'text/plain; charset=utf-8', body: `${String(error)}\n` }),
    );
  }

  /** The scrape; rejects when a gauge cannot be read. */
  async text(): Promise<string> {
    const lines: string[] = [];
    this.#exchanges.write(lines);
    this.#states.write(lines);
    this.#states.writeReadings(lines, this.#gauges.read());
    return `${lines.join('\n')}\n${await this.#process.metrics()}`;
  }
}
