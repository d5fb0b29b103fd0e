// PeerHome: where other gateways are installed, outside this package and never tracked: `.bench/NAME`. Kept between runs. A
// peer that cannot be had says why in its row. Bounded in time and disk.
import { spawn } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { thisCheckout } from './spillway.ts';

const INSTALL_MS_MAX = 240_000;
const WORDS_MAX = 300;

export function peerHome(name: string): string {
  const home = join(thisCheckout, '.bench', name);
  mkdirSync(home, { recursive: true });
  return home;
}

/** Throws one line when it fails, or when less than `freeMb` is left on the disk. */
export async function install(command: readonly string[], home: string, freeMb: number): Promise<void> {
  if (process.env['SPILLWAY_NO_INSTALL'] === '1') throw new Error('SPILLWAY_NO_INSTALL=1 forbids installing it');
  const { bavail, bsize } = statfsSync(home);
  if ((bavail * bsize) / 1e6 < freeMb) throw new Error(`needs ${freeMb} MB of disk, which are not free`);
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, { cwd: home, stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_MS_MAX });
  let words = '';
  const listen = (bytes: Buffer): string => (words = (words + bytes.toString()).slice(-WORDS_MAX));
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('close', resolve);
  });
  if (code === 0) return;
  const last = words.trim().split('\n').at(-1) ?? '';
  throw new Error(code === null ? `no end after ${INSTALL_MS_MAX / 1_000} s` : `"${program}" says: ${last}`);
}
