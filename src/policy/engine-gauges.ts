// Engine gauges: what a self-hosted engine tells at `/metrics` about its own queue and memory, read from Prometheus text.
// It is the far side's own word on being full, where the window can only infer; and it counts what others send to it too.
// It must never trust the text: any bytes may come. It reads so much and no more, skips what it does not know, and answers
// null rather than a guess when the gauges are not there.

export interface EngineLoad {
  /** Requests in the engine's own queue. */
  readonly waiting: number;
  readonly running: number;
  /** 0 to 1, of the fullest engine; null: not told. */
  readonly kvUsage: number | null;
}

type Gauge = 'waiting' | 'running' | 'kvUsage';

/** Both spellings where a name changed with versions; an engine uses one of them. */
const gaugeOf: ReadonlyMap<string, Gauge> = new Map([
  ['vllm:num_requests_waiting', 'waiting'],
  ['vllm:num_requests_running', 'running'],
  ['vllm:kv_cache_usage_perc', 'kvUsage'],
  ['vllm:gpu_cache_usage_perc', 'kvUsage'],
  ['sglang:num_queue_reqs', 'waiting'],
  ['sglang:num_running_reqs', 'running'],
  ['sglang:token_usage', 'kvUsage'],
  ['tgi_queue_size', 'waiting'],
  ['tgi_batch_current_size', 'running'],
  ['llamacpp:requests_deferred', 'waiting'],
  ['llamacpp:requests_processing', 'running'],
  ['llamacpp:kv_cache_usage_ratio', 'kvUsage'],
]);

/** Histograms make `/metrics` long; what is needed stands in the first megabyte of any engine known. */
const CHARACTERS_MAX = 1_000_000;
const LINE_CHARACTERS_MAX = 2_000;

/** Null when neither queue nor running requests are told. Several engines behind one address are summed. */
export function readEngineLoad(text: string): EngineLoad | null {
  const sums = { waiting: 0, running: 0 };
  const seen = { waiting: false, running: false };
  let kvUsage: number | null = null;
  for (const [gauge, value] of readings(text)) {
    if (gauge === 'kvUsage') kvUsage = Math.max(kvUsage ?? 0, Math.min(1, value));
    else {
      sums[gauge] += value;
      seen[gauge] = true;
    }
  }
  return seen.waiting || seen.running ? { ...sums, kvUsage } : null;
}

function* readings(text: string): Generator<[Gauge, number]> {
  const end = Math.min(text.length, CHARACTERS_MAX);
  for (let from = 0; from < end;) {
    const found = text.indexOf('\n', from);
    const to = found === -1 ? text.length : found;
    // A line cut by the maximum may have lost its last digits.
    if (to <= CHARACTERS_MAX && to - from <= LINE_CHARACTERS_MAX) {
      const reading = readLine(text.slice(from, to));
      if (reading !== null) yield reading;
    }
    from = to + 1;
  }
}

/** `name{labels} value [timestamp]`. */
function readLine(line: string): [Gauge, number] | null {
  const nameEnd = line.search(/[{\s]/);
  if (nameEnd <= 0) return null;
  const gauge = gaugeOf.get(line.slice(0, nameEnd));
  if (gauge === undefined) return null;
  // Label values may hold spaces and braces, but the value stands after the last brace.
  const rest = line.slice(line[nameEnd] === '{' ? line.lastIndexOf('}') + 1 : nameEnd).trim();
  const value = Number(rest.split(/\s/, 1)[0] || 'none');
  return Number.isFinite(value) && value >= 0 ? [gauge, value] : null;
}
