// Stability: what became of the sweep's cells over their seeds: where all was well again and how soon at worst, where it never
// was (a metastable state), and up to which load each kind of client can meet each trigger.
import { type Cell, cellName, clientKinds, triggers, utilisations } from './sweep.ts';
import type { RunResult } from './run.ts';

export type Seconds = number | 'never';

export interface CellOutcome {
  readonly cell: Cell;
  readonly seeds: number;
  /** Until goodput was as before, or all who came were served; the worst of the seeds. */
  readonly recoverySeconds: Seconds;
  readonly worstSeed: number;
  /** Until those who came new were served as before; the worst of the seeds. */
  readonly settledSeconds: Seconds;
}

/** `results`: the cell's runs, one or more. */
export function outcomeOf(cell: Cell, results: readonly RunResult[]): CellOutcome {
  let worst: { readonly recovery: Seconds; readonly seed: number } = { recovery: -1, seed: 0 };
  let settled: Seconds = 0;
  for (const { recoverySeconds, settledSeconds, order } of results) {
    // A cell's trouble always ends, and early enough to tell.
    const recovery = recoverySeconds ?? 'never';
    if (later(recovery, worst.recovery)) worst = { recovery, seed: order.seed };
    if (later(settledSeconds ?? 'never', settled)) settled = settledSeconds ?? 'never';
  }
  return {
    cell,
    seeds: results.length,
    recoverySeconds: worst.recovery,
    worstSeed: worst.seed,
    settledSeconds: settled,
  };
}

const later = (left: Seconds, right: Seconds): boolean => right !== 'never' && (left === 'never' || left > right);

export const metastable = (outcomes: readonly CellOutcome[]): CellOutcome[] =>
  outcomes.filter(({ recoverySeconds }) => recoverySeconds === 'never');

/** The highest load up to which, from the lowest on, every cell recovered; null: not even that of the lowest. */
export function stableUpTo(outcomes: readonly CellOutcome[], trigger: string, clients: string): number | null {
  let highest: number | null = null;
  for (const utilisation of utilisations) {
    const name = cellName({ trigger, utilisation, clients });
    const outcome = outcomes.find(({ cell }) => cellName(cell) === name);
    if (outcome === undefined || outcome.recoverySeconds === 'never') break;
    highest = utilisation;
  }
  return highest;
}

const NAME_WIDTH = 22;
const CELL_WIDTH = 8;

/** The matrix in words: a line per trigger and kind of client, a column per load. */
export function matrixLines(outcomes: readonly CellOutcome[]): string[] {
  const head = [...utilisations.map(String), 'stable'].map((title) => title.padStart(CELL_WIDTH)).join('');
  const lines = [`${'load:'.padEnd(NAME_WIDTH)}${head}`];
  for (const [trigger, { what }] of Object.entries(triggers)) {
    lines.push(`${trigger}: ${what}`);
    for (const clients of Object.keys(clientKinds)) {
      const row = outcomes.filter(({ cell }) => cell.trigger === trigger && cell.clients === clients);
      const seconds = row.map(({ recoverySeconds }) => text(recoverySeconds));
      const values = [...seconds, String(stableUpTo(outcomes, trigger, clients) ?? 'none')];
      lines.push(`  ${clients.padEnd(NAME_WIDTH - 2)}${values.map((value) => value.padStart(CELL_WIDTH)).join('')}`);
    }
  }
  return lines;
}

const text = (seconds: Seconds): string => (seconds === 'never' ? 'never' : `${seconds.toFixed(0)} s`);
