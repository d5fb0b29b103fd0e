// History: one line of JSON per recorded run in history.ndjson, so that a figure can be compared with itself over time.
// Lines are appended and never rewritten. What changes the meaning of a figure (machine, versions, generator) is in its line.
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { canPin } from './child.ts';
import type { ChatFigures } from './chat.ts';

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
  readonly scenarios: readonly ChatFigures[];
}

const root = dirname(import.meta.dirname);
export const historyFile = join('bench', 'history.ndjson');

export function recordOf(quick: boolean, scenarios: readonly ChatFigures[]): RunRecord {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD'),
    // The history itself does not count: it differs after every run.
    dirty: git('status', '--porcelain', '--', '.', `:!${historyFile}`) !== '',
    node: process.versions.node,
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    pinned: canPin,
    quick,
    scenarios,
  };
}

export function appendToHistory(record: RunRecord): void {
  appendFileSync(join(root, historyFile), `${JSON.stringify(record)}\n`);
}

/** Only reads; takes no lock that somebody else's git command could stumble over. */
function git(...command: string[]): string {
  return execFileSync('git', ['--no-optional-locks', ...command], { cwd: root, encoding: 'utf8' }).trim();
}
