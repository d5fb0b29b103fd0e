// CDNs for tests: a real nginx and a real Varnish with the configurations of deploy/cdn, in front of a gateway's port.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/free-port.ts';
import { toolPath } from '../../scripts/tools.ts';
import { readRepositoryFile } from '../source-text.ts';
import { until } from './redis.ts';

export interface Cdn {
  readonly url: string;
  stop(): Promise<void>;
}

async function run(program: string, args: readonly string[], port: number, folder: string): Promise<Cdn> {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let trouble = '';
  child.stderr?.on('data', (text: Buffer) => (trouble += text.toString()));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(trouble);
    return fetch(`${url}/ready`).then(
      () => true,
      () => false,
    );
  });
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startNginx(gatewayPort: number): Promise<Cdn> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-cdn-'));
  const port = await freePort();
  const text = readRepositoryFile('deploy/cdn/nginx.conf')
    .replace('127.0.0.1:4000', `127.0.0.1:${gatewayPort}`)
    .replace('127.0.0.1:8080', `127.0.0.1:${port}`);
  // nginx's workers are nobody in particular.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'tmp'), { mode: 0o755 });
  writeFileSync(join(folder, 'nginx.conf'), text);
  return run(toolPath('nginx'), ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], port, folder);
}

async function startVarnish(gatewayPort: number): Promise<Cdn> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-cdn-'));
  const port = await freePort();
  const text = readRepositoryFile('deploy/cdn/varnish.vcl').replace('.port = "4000"', `.port = "${gatewayPort}"`);
  writeFileSync(join(folder, 'varnish.vcl'), text);
  const files = ['-n', join(folder, 'work'), '-f', join(folder, 'varnish.vcl')];
  const args = ['-F', '-a', `127.0.0.1:${port}`, ...files, '-s', 'malloc,32m', '-T', 'none', '-j', 'none'];
  return run(toolPath('varnishd'), args, port, folder);
}

export const cdns: readonly (readonly [string, (gatewayPort: number) => Promise<Cdn>])[] = [
  ['nginx', startNginx],
  ['varnish', startVarnish],
];
