// HAProxy as the second plain proxy: one thread, keep-alive on both sides, no log. `http-no-delay`: without it events of a
// stream are held back and merged, which is cheaper and later. Never touches the machine's own HAProxy or its files.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installMissingTools, toolPath } from '../../scripts/tools.ts';
import { startChild, waitForPort } from '../child.ts';
import { freePort } from '../../scripts/free-port.ts';
import { bearer } from './subject.ts';
import type { Candidate, Subject, SubjectOptions, Upstream } from './subject.ts';

export const haproxy: Candidate = {
  name: 'haproxy',
  kind: 'proxy',
  warmUpSeconds: 1,
  prepare: async (say) => {
    installMissingTools(say, ['haproxy']);
    version = versionOf(toolPath('haproxy'));
  },
  start,
};

let version = '';

async function start({ upstream, folder, secret, core }: SubjectOptions): Promise<Subject> {
  const program = toolPath('haproxy');
  const port = await freePort();
  const home = join(folder, 'haproxy');
  mkdirSync(home, { recursive: true });
  const file = join(home, 'haproxy.cfg');
  writeFileSync(file, configuration(port, upstream));
  const child = startChild('haproxy', [program, '-db', '-f', file], { core });
  await waitForPort(child, port);
  return { name: 'haproxy', version, port, headers: [bearer(secret)], child };
}

function configuration(port: number, { port: upstreamPort, caFile }: Upstream): string {
  const tls = caFile === null ? '' : `ssl verify required ca-file ${caFile} sni str(localhost) verifyhost localhost`;
  return `
global
  nbthread 1
  maxconn 9500
defaults
  mode http
  option http-no-delay
  timeout connect 10s
  timeout client 120s
  timeout server 120s
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend mock
backend mock
  http-reuse always
  server mock 127.0.0.1:${upstreamPort} ${tls}
`;
}

function versionOf(program: string): string {
  const said = spawnSync(program, ['-v'], { encoding: 'utf8' }).stdout;
  return /version (\d+\.\d+\.\d+)/.exec(said)?.[1] ?? 'unknown';
}
