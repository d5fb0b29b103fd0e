// Listener: how clients reach us: how many processes serve the port, and the certificate that it shows, where it shows one.
import { availableParallelism } from 'node:os';
import { limits } from '../../kernel/limits.ts';
import type { TlsConfig } from '../../ports/config.ts';
import type { Reading } from './reading.ts';
import type { FileConfig } from './schema.ts';

export function readTls(file: FileConfig['tls'], reading: Reading): TlsConfig | null {
  if (file === undefined) return null;
  const certFile = readFile('certFile', file.certFile, reading);
  const keyFile = readFile('keyFile', file.keyFile, reading);
  return certFile === null || keyFile === null ? null : { certFile, keyFile };
}

/** The full path; null with a problem. */
function readFile(name: 'certFile' | 'keyFile', path: string | undefined, reading: Reading): string | null {
  if (path === undefined) {
    reading.problems.add(['tls', name], `\`tls\` needs \`${name}\`, a PEM file`, 'name');
    return null;
  }
  const full = reading.resolvePath(path);
  const why = reading.whyUnreadable(full);
  if (why !== null) reading.problems.add(['tls', name], `\`${name}\` ${full}: ${why}`);
  return full;
}

/** `auto`: as many as may run at once, by what the system, its cgroup and its affinity say. */
export const workersOf = (asked: number | 'auto'): number =>
  asked === 'auto' ? Math.min(limits.workersMax, availableParallelism()) : asked;

/** From a command line; null when it is neither a number of workers nor `auto`. */
export function workersNamed(text: string): number | null {
  if (text === 'auto') return workersOf(text);
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= limits.workersMax ? count : null;
}
