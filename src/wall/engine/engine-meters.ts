// Engine meters: what a vLLM server tells at `/metrics`, under its names, so that whoever reads vLLM's gauges reads these.
// They only count what they are told, and must never be asked to decide.

export interface EngineGauges {
  readonly running: number;
  readonly waiting: number;
  /** 0 to 1. */
  readonly kvUsage: number;
  readonly preemptions: number;
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 640];
const endings = ['stop', 'length', 'abort'] as const;

export class EngineMeters {
  readonly #labels: string;
  readonly #firstToken = new Histogram();
  readonly #whole = new Histogram();
  readonly #ended = new Map<string, number>();
  /** Requests that came, refused ones among them. */
  received = 0;
  refused = 0;
  promptTokens = 0;
  answerTokens = 0;

  constructor(model: string) {
    this.#labels = `engine="0",model_name=${JSON.stringify(model)}`;
  }

  onFirstToken(waitedMs: number): void {
    this.#firstToken.add(waitedMs / 1000);
  }

  onEnd(end: string, tookMs: number): void {
    this.#ended.set(end, this.ended(end) + 1);
    if (end === 'stop' || end === 'length') this.#whole.add(tookMs / 1000);
  }

  ended(end: string): number {
    return this.#ended.get(end) ?? 0;
  }

  text(gauges: EngineGauges): string {
    return [
      ...this.#one('gauge', 'num_requests_running', 'Requests in the batch.', gauges.running),
      ...this.#one('gauge', 'num_requests_waiting', 'Requests waiting to be let in.', gauges.waiting),
      ...this.#one('gauge', 'kv_cache_usage_perc', 'Memory in use; 1 is full.', gauges.kvUsage),
      ...this.#one('counter', 'num_preemptions_total', 'Requests put back for want of memory.', gauges.preemptions),
      ...this.#one('counter', 'prompt_tokens_total', 'Prompt tokens taken.', this.promptTokens),
      ...this.#one('counter', 'generation_tokens_total', 'Tokens made.', this.answerTokens),
      ...this.#one('counter', 'admission_rejections_total', 'Requests refused before they were let in.', this.refused),
      ...head('counter', 'request_success_total', 'Requests that ended, by reason.'),
      ...endings.map(
        (end) => `vllm:request_success_total{${this.#labels},finished_reason="${end}"} ${this.ended(end)}`,
      ),
      ...this.#firstToken.lines('time_to_first_token_seconds', 'Until the first token.', this.#labels),
      ...this.#whole.lines('e2e_request_latency_seconds', 'Until the whole answer.', this.#labels),
      '',
    ].join('\n');
  }

  #one(type: string, name: string, help: string, value: number): string[] {
    return [...head(type, name, help), `vllm:${name}{${this.#labels}} ${value}`];
  }
}

const head = (type: string, name: string, help: string): string[] => [
  `# HELP vllm:${name} ${help}`,
  `# TYPE vllm:${name} ${type}`,
];

class Histogram {
  readonly #counts = Array.from({ length: SECONDS.length + 1 }, () => 0);
  #sum = 0;
  #count = 0;

  add(seconds: number): void {
    const at = SECONDS.findIndex((edge) => seconds <= edge);
    const bucket = at < 0 ? SECONDS.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
    this.#count++;
  }

  lines(name: string, help: string, labels: string): string[] {
    let below = 0;
    const buckets = SECONDS.map((edge, at) => {
      below += this.#counts[at] ?? 0;
      return `vllm:${name}_bucket{${labels},le="${edge}"} ${below}`;
    });
    return [
      ...head('histogram', name, help),
      ...buckets,
      `vllm:${name}_bucket{${labels},le="+Inf"} ${this.#count}`,
      `vllm:${name}_sum{${labels}} ${this.#sum}`,
      `vllm:${name}_count{${labels}} ${this.#count}`,
    ];
  }
}
