// Memory of a process and its children, from Linux's /proc. `rss` counts pages shared with others in full, `pss` their
// share; both only what is in the process, not what the kernel holds for its sockets.
import { readFileSync } from 'node:fs';
import { familyOf } from './cpu.ts';

export interface Memory {
  readonly rssKb: number;
  readonly pssKb: number;
}

export function memoryOf(pid: number): Memory {
  const files = familyOf(pid).map((member) => rollupOf(member));
  const sum = (name: string): number => files.reduce((total, file) => total + kilobytes(file, name), 0);
  return { rssKb: sum('Rss'), pssKb: sum('Pss') };
}

/** The value of a line `Name:   123 kB`; 0 when there is none. */
export function kilobytes(file: string, name: string): number {
  return Number(new RegExp(`^${name}: *(\\d+) kB`, 'm').exec(file)?.[1] ?? 0);
}

function rollupOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
