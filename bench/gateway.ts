// Spillway as it is run in production, from this checkout: a key with limits, one OpenAI-compatible upstream, the log at
// `info` into /dev/null. Nothing is switched off to look faster.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cores, startChild, waitForPort } from './child.ts';
import { benchModel } from './payload.ts';
import { freePort } from './subject.ts';
import type { Subject, SubjectOptions } from './subject.ts';

const root = dirname(import.meta.dirname);

/** `nodeFlags`: for profiles. */
export async function startSpillway(options: SubjectOptions, nodeFlags: readonly string[] = []): Promise<Subject> {
  const port = await freePort();
  const home = join(options.folder, 'spillway');
  mkdirSync(home, { recursive: true });
  const file = join(home, 'spillway.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(configuration(options), null, 2));
  const command = [join(root, 'bin', 'spillway.js'), 'up', '--config', file, '--port', String(port)];
  const child = startChild('spillway', [process.execPath, ...nodeFlags, ...command], { core: cores.measured });
  await waitForPort(child, port);
  const manifest: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { name: 'spillway', version: manifest.version, port, child };
}

// Limits high enough never to refuse: they are counted all the same.
function configuration({ upstreamPort, secret }: SubjectOptions): object {
  const plenty = 1_000_000_000;
  return {
    host: '127.0.0.1',
    upstreams: {
      mock: {
        provider: 'openai-compatible',
        baseUrl: `http://127.0.0.1:${upstreamPort}/v1`,
        apiKey: 'sk-mock',
        discover: false,
      },
    },
    models: { [benchModel]: { targets: [`mock/${benchModel}`] } },
    keys: [
      {
        name: 'bench',
        key: secret,
        limits: { requestsPerMinute: plenty, tokensPerMinute: plenty, maxConcurrent: 1_000 },
      },
    ],
    log: { level: 'info' },
  };
}
