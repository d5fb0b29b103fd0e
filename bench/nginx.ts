// nginx as the yardstick: one worker, `proxy_pass` with keep-alive to the mock upstream, nothing else. Its access log is
// off, so it does less than the gateway: the ratio errs against us. Never touches the machine's own nginx or its files.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cores, startChild, waitForPort } from './child.ts';
import { toolPath } from '../scripts/tools.ts';
import { freePort } from './subject.ts';
import type { Subject, SubjectOptions } from './subject.ts';

export async function startNginx({ upstreamPort, folder }: SubjectOptions): Promise<Subject> {
  const program = toolPath('nginx');
  const port = await freePort();
  const home = join(folder, 'nginx');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'nginx.conf'), configuration(port, upstreamPort));
  const child = startChild('nginx', [program, '-p', home, '-c', 'nginx.conf', '-e', 'stderr'], {
    core: cores.measured,
  });
  await waitForPort(child, port);
  return { name: 'nginx', version: versionOf(program), port, child };
}

// keepalive_requests: the default of 1,000 would put new connections into the figures.
function configuration(port: number, upstreamPort: number): string {
  return `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
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
    server 127.0.0.1:${upstreamPort};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}

function versionOf(program: string): string {
  const said = spawnSync(program, ['-v'], { encoding: 'utf8' }).stderr;
  return /nginx\/(\S+)/.exec(said)?.[1] ?? 'unknown';
}
