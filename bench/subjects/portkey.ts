// Portkey's open gateway, the fastest in TypeScript, as its npm package brings it. `@hono/node-server` is held at 1.12.2: with
// the version a clean install gets, every stream is answered with status 500. Runs on the same Node as Spillway.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, waitForPort } from '../child.ts';
import { install, peerHome } from './peer-home.ts';
import { freePort } from '../../scripts/free-port.ts';
import { bearer, upstreamUrl } from './subject.ts';
import type { Candidate, Subject, SubjectOptions } from './subject.ts';

const VERSION = '1.15.2';
const FREE_MB = 200;

export const portkey: Candidate = {
  name: 'portkey',
  kind: 'peer',
  warmUpSeconds: 4,
  prepare,
  start,
};

const packageFolder = (): string => join(peerHome('portkey'), 'node_modules', '@portkey-ai', 'gateway');

async function prepare(say: (line: string) => void): Promise<void> {
  if (versionInstalled() === VERSION) return;
  const home = peerHome('portkey');
  say(`installing @portkey-ai/gateway ${VERSION} into ${home}`);
  const manifest = {
    private: true,
    dependencies: { '@portkey-ai/gateway': VERSION },
    overrides: { '@hono/node-server': '1.12.2' },
  };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest, null, 2));
  const flags = ['--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  await install(['npm', 'install', ...flags], home, FREE_MB);
}

function versionInstalled(): string | null {
  const manifest = join(packageFolder(), 'package.json');
  return existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version : null;
}

async function start({ upstream, secret, core }: SubjectOptions): Promise<Subject> {
  const port = await freePort();
  const program = join(packageFolder(), 'build', 'start-server.js');
  const child = startChild('portkey', [process.execPath, program, `--port=${port}`, '--headless'], {
    core,
    environment: {
      NODE_ENV: 'production',
      // It refuses private addresses that it was not told of.
      TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost',
      ...(upstream.caFile === null ? {} : { NODE_EXTRA_CA_CERTS: upstream.caFile }),
    },
  });
  await waitForPort(child, port);
  const headers = [bearer(secret), 'x-portkey-provider: openai', `x-portkey-custom-host: ${upstreamUrl(upstream)}`];
  return { name: 'portkey', version: VERSION, port, headers, child };
}
