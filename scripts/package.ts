// `npm run package`: builds, stages what users get in dist-package/ and packs it there. Publish from that folder, never
// from the root: the staged manifest has neither our development tools nor our pinned Node, which is the user's choice.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from './build.ts';

const root = dirname(import.meta.dirname);
const stage = join(root, 'dist-package');

const contents = ['bin', 'dist', 'deploy', 'README.md', 'LICENSE', 'CHANGELOG.md'];
const manifestFields = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'type',
  'bin',
  'engines',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
];

/** Path of the tarball made. */
export function makePackage(): string {
  build();
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage);
  for (const name of contents) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(publishedManifest(), null, 2)}\n`);
  const listing = execFileSync('npm', ['pack', '--json', '--ignore-scripts'], {
    cwd: stage,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  return join(stage, packedFileName(listing));
}

function publishedManifest(): Record<string, unknown> {
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.fromEntries(manifestFields.map((field) => [field, manifest[field]]));
}

// npm lists the packed packages as an array up to version 10 and keyed by name later.
function packedFileName(listing: string): string {
  const packed: Record<string, { filename: string }> = JSON.parse(listing);
  const [first] = Object.values(packed);
  if (first === undefined) throw new Error('npm pack made no package');
  return first.filename;
}

if (import.meta.main) console.log(makePackage());
