// Programs the bench would like to have. nginx is shared with the tests (scripts/tools.ts); wrk serves here only.
// Never starts a service, never insists on wrk.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { installMissingTools } from '../scripts/tools.ts';

/** Installs what is missing where that is allowed, and says so. Throws when there is no nginx to compare with. */
export function installPrograms(say: (line: string) => void): void {
  if (installMissingTools(say).includes('nginx'))
    throw new Error('nginx is not installed: install the package "nginx"');
  if (hasWrk() || !mayInstall()) return;
  say('installing Debian packages: wrk');
  const options = { stdio: 'ignore' as const, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'wrk'], options);
  if (!hasWrk()) say('wrk is not to be had: the load comes from closed-loop.ts');
}

function hasWrk(): boolean {
  return spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined;
}

function mayInstall(): boolean {
  if (process.env['SPILLWAY_NO_INSTALL'] === '1' || process.getuid?.() !== 0) return false;
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release);
}
