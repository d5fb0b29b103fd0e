// Merge metrics: several workers' metrics pages as the one that a scrape of the gateway is given. What counts is added up;
// what is a state of all or of none is not.
// It must never let a counter fall because a worker has gone: what it had counted is kept by `countsOf`.

/** How readings of one gauge become one; whoever is not named is added up. */
type Rule = 'sum' | 'most' | 'least' | 'limit';

const rules: Readonly<Record<string, Rule>> = {
  spillway_state: 'most',
  spillway_build_info: 'most',
  spillway_config_version: 'most',
  spillway_config_last_accepted_timestamp_seconds: 'most',
  spillway_config_last_load_accepted: 'least',
  spillway_upstream_healthy: 'least',
  spillway_upstream_max_concurrent: 'most',
  spillway_upstream_credentials_resting: 'most',
  spillway_upstream_engine_waiting: 'most',
  spillway_upstream_engine_running: 'most',
  spillway_upstream_engine_kv_share: 'most',
  spillway_model_targets: 'most',
  spillway_breaker_state: 'most',
  spillway_degradation_level: 'most',
  spillway_cache_duplicate_rate: 'most',
  spillway_cache_leases_waited_for: 'most',
  spillway_semantic_state: 'most',
  spillway_semantic_error_bound: 'most',
  spillway_pressure_event_loop_lag_seconds: 'most',
  spillway_pressure_heap_share: 'most',
  spillway_pressure_socket_share: 'most',
  spillway_pressure_shed: 'most',
  spillway_window_tokens_max: 'limit',
  spillway_window_prefill_tokens_max: 'limit',
  process_start_time_seconds: 'least',
  process_max_fds: 'most',
  nodejs_version_info: 'most',
};

/** Lags of event loops are nobody's sum. */
const lag = /^nodejs_eventloop_lag_/;

interface Family {
  readonly head: string[];
  type: string;
  readonly values: Map<string, number>;
}

/** Pages in the text format; what stands in none of them is in none of the result. */
export function mergeMetrics(pages: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const page of pages) addPage(families, page);
  return textOf(families, () => true);
}

/** Of a page, what only ever grows. */
export function countsOf(page: string): string {
  const families = new Map<string, Family>();
  addPage(families, page);
  return textOf(families, ({ type }) => type === 'counter' || type === 'histogram');
}

function addPage(families: Map<string, Family>, page: string): void {
  let name = '';
  let family: Family | null = null;
  let isKnown = false;
  for (const line of page.split('\n')) {
    if (line.startsWith('# ')) {
      const [, kind, named = '', type = ''] = line.split(' ', 4);
      if (named !== name || family === null) {
        name = named;
        isKnown = families.has(name);
        family = families.get(name) ?? { head: [], type: 'gauge', values: new Map() };
        families.set(name, family);
      }
      if (!isKnown) family.head.push(line);
      if (kind === 'TYPE') family.type = type;
    } else if (line !== '' && family !== null) {
      addSample(family, name, line);
    }
  }
}

function addSample({ type, values }: Family, name: string, line: string): void {
  const end = line.lastIndexOf(' ');
  const series = line.slice(0, end);
  const value = numberOf(line.slice(end + 1));
  const before = values.get(series);
  const rule = type === 'gauge' ? (rules[name] ?? (lag.test(name) ? 'most' : 'sum')) : 'sum';
  values.set(series, before === undefined ? value : joined[rule](before, value));
}

const joined: Readonly<Record<Rule, (one: number, other: number) => number>> = {
  sum: (one, other) => one + other,
  most: Math.max,
  least: Math.min,
  /** Below zero: one of them knows none, so together they know none. */
  limit: (one, other) => (one < 0 || other < 0 ? -1 : one + other),
};

const numberOf = (text: string): number => {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
};

const wordOf = (value: number): string => {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
};

function textOf(families: ReadonlyMap<string, Family>, isWanted: (family: Family) => boolean): string {
  const lines: string[] = [];
  for (const family of families.values()) {
    if (!isWanted(family)) continue;
    lines.push(...family.head);
    for (const [series, value] of family.values) lines.push(`${series} ${wordOf(value)}`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
