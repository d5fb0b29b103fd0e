// Listener: how clients reach us: the certificate that the port shows, where it shows one.
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
