// nginx as the yardstick: one worker, `proxy_pass` with keep-alive to the mock upstream, nothing else. Its access log is
// off, so it does less than the gateway: the ratio errs against us. Never touches the machine's own nginx or its files.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installMissingTools, toolPath } from '../../scripts/tools.ts';
import { startChild, waitForPort } from '../child.ts';
import { freePort } from '../../scripts/free-port.ts';
import { bearer } from './subject.ts';
import type { Candidate, Subject, SubjectOptions, Upstream } from './subject.ts';

export const nginx: Candidate = {
  name: 'nginx',
  kind: 'proxy',
  warmUpSeconds: 1,
  prepare: async (say) => {
    installMissingTools(say, ['nginx']);
    version = versionOf(toolPath('nginx'));
  },
  start,
};

let version = '';

async function start({ upstream, folder, secret, core }: SubjectOptions): Promise<Subject> {
  const program = toolPath('nginx');
  const port = await freePort();
  const home = join(folder, 'nginx');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'nginx.conf'), configuration(port, upstream));
  const command = [program, '-p', home, '-c', 'nginx.conf', '-e', 'stderr'];
  const child = startChild('nginx', command, { core });
  await waitForPort(child, port);
  return { name: 'nginx', version, port, headers: [bearer(secret)], child };
}

// keepalive_requests: the default of 1,000 would put new connections into the figures. Streams say themselves that they are
// not to be buffered (X-Accel-Buffering).
function configuration(port: number, upstream: Upstream): string {
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 19900; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_body_buffer_size 64k;
  keepalive_requests 1000000000;
  upstream mock {
    server 127.0.0.1:${upstream.port};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass ${upstream.caFile === null ? 'http' : 'https'}://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      ${upstream.caFile === null ? '' : trust(upstream.caFile)}
    }
  }
}
`;
}

/** It looks at the certificate, as everybody else does. */
function trust(caFile: string): string {
  return `proxy_ssl_verify on; proxy_ssl_trusted_certificate ${caFile}; proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.3;`;
}

function versionOf(program: string): string {
  const said = spawnSync(program, ['-v'], { encoding: 'utf8' }).stderr;
  return /nginx\/(\S+)/.exec(said)?.[1] ?? 'unknown';
}
