// History: one line of JSON per recorded run in history.ndjson, so that a figure can be compared with itself over time.
// Lines are appended and never rewritten. What changes the meaning of a figure (machine, versions, generator) is in its line.
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { canPin } from '../child.ts';
import type { Scenario } from '../figures.ts';
import { thisCheckout } from '../subjects/spillway.ts';

export interface RunRecord {
  readonly date: string;
  readonly commit: string;
  /** True when files differed from that commit. */
  readonly dirty: boolean;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly pinned: boolean;
  readonly quick: boolean;
  /** Jobs that wanted a processor, mean of the minute before the run: above 1 others were at work too. */
  readonly loadBefore: number;
  readonly scenarios: readonly Scenario[];
}

export const historyFile = join('bench', 'history.ndjson');

export function recordOf(quick: boolean, loadBefore: number, scenarios: readonly Scenario[]): RunRecord {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD'),
    // The history itself does not count: it differs after every run.
    dirty: git('status', '--porcelain', '--', '.', `:!${historyFile}`) !== '',
    node: process.versions.node,
    cpu: processorName(),
    cores: processors.length,
    pinned: canPin,
    quick,
    loadBefore,
    scenarios,
  };
}

export function appendToHistory(record: RunRecord): void {
  appendFileSync(join(thisCheckout, historyFile), `${JSON.stringify(record)}\n`);
}

/** What a line says whatever its age: early ones have one scenario and no others' ratios. */
export interface HistoryLine {
  readonly date: string;
  readonly commit: string;
  readonly scenarios: readonly { readonly scenario: string; readonly ratio: number | null }[];
}

export function readHistory(): HistoryLine[] {
  const lines = readFileSync(join(thisCheckout, historyFile), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as HistoryLine);
}

/** Virtual processors often hide their model; their family tells machines apart all the same. */
function processorName(): string {
  const model = cpus()[0]?.model ?? 'unknown';
  return `${model.trim()} family ${cpuField('cpu family')} model ${cpuField('model')}`;
}

function cpuField(name: string): string {
  return new RegExp(`^${name}\\s*: (\\d+)`, 'm').exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '?';
}

/** Only reads; takes no lock that somebody else's git command could stumble over. */
function git(...command: string[]): string {
  return execFileSync('git', ['--no-optional-locks', ...command], { cwd: thisCheckout, encoding: 'utf8' }).trim();
}
