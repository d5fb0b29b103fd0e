// Programs from Debian packages that tests and benches run for real, and how a machine gets them.
// Never starts a service: tests start and stop their own, on private ports.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program → Debian package that brings it. */
export const tools = {
  chromium: 'chromium',
  curl: 'curl',
  git: 'git',
  haproxy: 'haproxy',
  nginx: 'nginx',
  openssl: 'openssl',
  promtool: 'prometheus',
  'redis-cli': 'redis-server',
  'redis-server': 'redis-server',
  varnishd: 'varnish',
  'libvmod_bodyaccess.so': 'varnish-modules',
} as const satisfies Record<string, string>;

export type Tool = keyof typeof tools;

const testTools: readonly Tool[] = [
  'chromium',
  'curl',
  'git',
  'libvmod_bodyaccess.so',
  'nginx',
  'promtool',
  'redis-cli',
  'redis-server',
  'varnishd',
];

/** Full path of a tool. Throws one line naming the package when the machine lacks it. */
export function toolPath(tool: Tool): string {
  const found = findProgram(tool);
  if (found !== null) return found;
  throw new Error(
    `${tool} is not installed: install the package "${tools[tool]}" (npm test and npm run bench do so as root on Debian)`,
  );
}

/** Installs the packages of absent tools where that is possible, and says so. Returns the tools still absent. */
export function installMissingTools(say: (line: string) => void, wanted: readonly Tool[] = testTools): Tool[] {
  const absent = absentOf(wanted);
  if (absent.length === 0) return absent;
  const packages = [...new Set(absent.map((tool) => tools[tool]))];
  const obstacle = installObstacle();
  if (obstacle === null) {
    say(`installing Debian packages: ${packages.join(' ')}`);
    withServicesHeld(() => aptInstall(packages));
  } else {
    say(`not installing ${packages.join(' ')}: ${obstacle}`);
  }
  return absentOf(wanted);
}

function absentOf(wanted: readonly Tool[]): Tool[] {
  return wanted.filter((tool) => findProgram(tool) === null);
}

function installObstacle(): string | null {
  if (process.env['SPILLWAY_NO_INSTALL'] === '1') return 'SPILLWAY_NO_INSTALL=1 forbids it';
  if (process.getuid?.() !== 0) return 'not root';
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release) || findProgram('apt-get') === null) return 'not Debian or Ubuntu';
  return null;
}

function aptInstall(packages: readonly string[]): void {
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
}

// Debian starts a daemon as soon as its package is installed; policy-rc.d with status 101 is its own way to say no.
function withServicesHeld(work: () => void): void {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    work();
  } finally {
    rmSync(policy, { force: true });
  }
}

function findProgram(name: string): string | null {
  if (name.endsWith('.so')) return globSync(`/usr/lib/*/varnish/vmods/${name}`)[0] ?? null;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const candidate = join(folder, name);
    if (folder !== '' && isExecutable(candidate)) return candidate;
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
