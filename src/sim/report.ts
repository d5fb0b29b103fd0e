// Report: results in words. Numbers are rounded here and nowhere else; the same results give the same lines.
import type { Lane } from '../kernel/lane.ts';
import { lanes } from '../kernel/lane.ts';
import type { Order, RunResult } from './run.ts';
import { mean } from './statistics.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  /** Null: the run has no such figure. */
  readonly value: (result: RunResult) => number | 'never' | null;
  readonly digits: number;
  /** Which of several runs is the worst. */
  readonly worst: 'least' | 'most';
}

const inExpectation = (lane: Lane): Column => ({
  title: `${lane}%`,
  width: 9,
  value: (result) => result.lanes[lane].inExpectationPct,
  digits: 1,
  worst: 'least',
});

const firstToken = (lane: Lane, which: 'firstTokenP50Ms' | 'firstTokenP99Ms'): Column => ({
  title: `${lane} ${which === 'firstTokenP50Ms' ? 'p50' : 'p99'}`,
  width: 13,
  value: (result) => result.lanes[lane][which],
  digits: 0,
  worst: 'most',
});

const columns: readonly Column[] = [
  { title: 'goodput%', width: 9, value: (result) => result.goodputPctOfIdeal, digits: 1, worst: 'least' },
  ...lanes.map(inExpectation),
  ...lanes.flatMap((lane) => [firstToken(lane, 'firstTokenP50Ms'), firstToken(lane, 'firstTokenP99Ms')]),
  { title: 'jain', width: 6, value: (result) => result.jain, digits: 2, worst: 'least' },
  { title: 'sends', width: 6, value: (result) => result.amplification, digits: 2, worst: 'most' },
  { title: '429%', width: 6, value: (result) => result.refused429Pct, digits: 1, worst: 'most' },
  { title: 'recovery s', width: 11, value: (result) => result.recoverySeconds, digits: 0, worst: 'most' },
  { title: 'settled s', width: 10, value: (result) => result.settledSeconds, digits: 0, worst: 'most' },
  { title: 'sheds', width: 7, value: (result) => result.sheds, digits: 0, worst: 'most' },
  { title: 'false', width: 6, value: (result) => result.falseSheds, digits: 0, worst: 'most' },
  { title: 'others', width: 7, value: (result) => result.othersP99Ratio, digits: 2, worst: 'most' },
];

const NAME_WIDTH = 14;
const LABEL_WIDTH = 7;

/** What the columns mean, for people. */
export const legend = [
  'goodput%: work within expectations, of the best static limit in hindsight; vip% …: wishes within expectations;',
  'p50, p99: first token in ms of answered asks; sends: per ask that was sent; false: sheds while there was room;',
  'recovery: until goodput is as before the trouble; settled: until those who come new are served as before;',
  'others: p99 of the others with an abuser against without.',
];

export function headLine(): string {
  const titles = columns.map(({ title, width }) => title.padStart(width));
  return `${'policy'.padEnd(NAME_WIDTH)}${'seed'.padStart(LABEL_WIDTH)}${titles.join('')}`;
}

export function seedLine(result: RunResult): string {
  return line(result.order.policy, String(result.order.seed), (column) => column.value(result));
}

/** Mean and worst of several seeds; columns without figures stay empty. */
export function summaryLines(policy: string, results: readonly RunResult[]): string[] {
  return [
    line(policy, 'mean', (column) => meanOf(column, results)),
    line(policy, 'worst', (column) => worstOf(column, results)),
  ];
}

/** The command that runs an order again. */
export function replayCommand(
  { scenario, policy, seed, load, scale, tenants }: Omit<Order, 'trace'>,
  trace: { readonly file: string; readonly speedup: number } | null,
): string {
  const words = [
    `spillway sim --scenario ${scenario} --policy ${policy} --seeds ${seed}`,
    load === null ? '' : ` --load ${load}`,
    scale === 1 ? '' : ` --scale ${scale}`,
    tenants === null ? '' : ` --tenants ${tenants}`,
    trace === null ? '' : ` --trace ${trace.file} --speedup ${trace.speedup}`,
  ];
  return words.join('');
}

/** What many runs of one policy came to, in one line. */
export class Tally {
  #runs = 0;
  #withFindings = 0;
  #neverRecovered = 0;
  #worst: RunResult | null = null;

  add(result: RunResult): void {
    const { findings, recoverySeconds } = result;
    this.#runs++;
    if (findings.length > 0) this.#withFindings++;
    if (recoverySeconds === 'never') this.#neverRecovered++;
    else if (recoverySeconds !== null && recoverySeconds > Number(this.#worst?.recoverySeconds ?? -1)) {
      this.#worst = result;
    }
  }

  line(policy: string): string {
    const words = [
      `${policy}: ${this.#runs} runs, ${this.#withFindings} with findings, ${this.#neverRecovered} never recovered`,
    ];
    if (this.#worst !== null) {
      const { order, recoverySeconds } = this.#worst;
      words.push(`worst recovery ${recoverySeconds} s (${order.scenario}, seed ${order.seed})`);
    }
    return words.join(', ');
  }
}

function line(policy: string, label: string, value: (column: Column) => number | 'never' | null): string {
  const cells = columns.map((column) => cell(column, value(column)));
  return `${policy.padEnd(NAME_WIDTH)}${label.padStart(LABEL_WIDTH)}${cells.join('')}`;
}

function cell({ width, digits }: Column, value: number | 'never' | null): string {
  const text = value === null ? '–' : value === 'never' ? value : value.toFixed(digits);
  return text.padStart(width);
}

function meanOf({ value }: Column, results: readonly RunResult[]): number | 'never' | null {
  const values = results.map(value).filter((one) => one !== null);
  const numbers = values.filter((one) => one !== 'never');
  return numbers.length < values.length ? 'never' : mean(numbers);
}

function worstOf({ value, worst }: Column, results: readonly RunResult[]): number | 'never' | null {
  const values = results.map(value).filter((one) => one !== null);
  if (values.includes('never')) return 'never';
  const numbers = values.filter((one) => one !== 'never');
  if (numbers.length === 0) return null;
  return worst === 'least' ? Math.min(...numbers) : Math.max(...numbers);
}
