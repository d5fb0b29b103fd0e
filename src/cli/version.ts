// Version: what package.json says, from the source and from the built package alike.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function version(): string {
  const file = join(dirname(dirname(import.meta.dirname)), 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return manifest.version;
}
