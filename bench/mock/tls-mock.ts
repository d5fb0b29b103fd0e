// The mock upstream behind TLS. nginx speaks it, since Node would need three times the CPU time for it and be the slow part:
// chat answers it gives itself, streams it passes on from the plain mock event by event. TLS 1.3, an own certificate.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../scripts/free-port.ts';
import { toolPath } from '../../scripts/tools.ts';
import { cores, startChild, waitForPort } from '../child.ts';
import { chatAnswer } from '../payload.ts';
import type { Mock } from './mock.ts';

/** The same mock for chat and for streams, at different ports. */
export interface TlsMocks {
  readonly chat: Mock;
  readonly streams: Mock;
}

/** nginx takes no longer word in its configuration than 4,096 bytes. */
const TLS_ANSWER_BYTES = 1_024;

export async function startTlsMock(plain: Mock, folder: string): Promise<TlsMocks> {
  const home = join(folder, 'tls-mock');
  mkdirSync(home, { recursive: true });
  const caFile = makeCertificate(home);
  const ports = { chat: await freePort(), streams: await freePort(), status: await freePort() };
  writeFileSync(join(home, 'nginx.conf'), configuration(ports, plain.port));
  const command = [toolPath('nginx'), '-p', home, '-c', 'nginx.conf', '-e', 'stderr'];
  const child = startChild('tls-mock', command, { core: cores.around });
  await waitForPort(child, ports.status);
  const stop = async (): Promise<void> => {
    await child.stop();
    await plain.stop();
  };
  return {
    chat: { ...plain, port: ports.chat, caFile, served: requestCounter(ports.status), stop },
    streams: { ...plain, port: ports.streams, caFile, stop },
  };
}

/** A certificate for `localhost` that is its own authority; answers its file. */
function makeCertificate(home: string): string {
  const file = join(home, 'certificate.pem');
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(home, 'key.pem')];
  const command = ['req', '-x509', ...key, '-out', file, '-days', '2', '-subj', '/CN=localhost', '-addext', names];
  const { status, stderr } = spawnSync(toolPath('openssl'), command, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  return file;
}

function configuration(ports: { chat: number; streams: number; status: number }, plainPort: number): string {
  const tls = 'ssl_certificate certificate.pem; ssl_certificate_key key.pem; ssl_protocols TLSv1.3;';
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 9900; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  upstream plain {
    server 127.0.0.1:${plainPort};
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${ports.chat} ssl;
    ${tls}
    location / {
      default_type application/json;
      return 200 '${chatAnswer(TLS_ANSWER_BYTES)}';
    }
  }
  server {
    listen 127.0.0.1:${ports.streams} ssl;
    ${tls}
    location / {
      proxy_pass http://plain;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_header X-Accel-Buffering;
    }
  }
  server {
    listen 127.0.0.1:${ports.status};
    keepalive_timeout 0;
    location / { stub_status; }
  }
}
`;
}

/** Answers how many requests came so far at all ports, without those that ask here. */
function requestCounter(port: number): () => Promise<number> {
  let asked = 0;
  return async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    asked += 1;
    // Third number of the line below "server accepts handled requests".
    return Number(/requests\s+\d+ \d+ (\d+)/.exec(page)?.[1]) - asked;
  };
}
