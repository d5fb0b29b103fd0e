// Spillway as it is run in production: a key with limits, one OpenAI-compatible upstream, metrics and trails, the log at
// `info` into /dev/null. Nothing is switched off to look faster. From this checkout or another one, and with other settings
// on top, so that two versions or two configurations can be compared in one run.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startChild, waitForPort } from '../child.ts';
import { benchModel } from '../payload.ts';
import { freePort } from '../../scripts/free-port.ts';
import { bearer, upstreamUrl } from './subject.ts';
import type { Candidate, Subject, SubjectOptions } from './subject.ts';

export const thisCheckout = dirname(dirname(import.meta.dirname));

export interface SpillwayOptions {
  readonly name: string;
  /** A folder with `bin/spillway.js`. */
  readonly checkout: string;
  /** Put over the bench's configuration, setting by setting at the top. */
  readonly settings: object;
  /** For profiles. */
  readonly nodeFlags?: readonly string[];
  /** Instead of `node bin/spillway.js up`. */
  readonly launcher?: readonly string[];
}

const ours = { name: 'spillway', checkout: thisCheckout, settings: {} };

export const spillway: Candidate = spillwayCandidate(ours);

/** As README.md says to start it. */
export const spillwayByNpm: Candidate = {
  ...spillwayCandidate({
    ...ours,
    name: 'spillway (npm start)',
    launcher: ['npm', '--prefix', thisCheckout, 'start', '--silent', '--'],
  }),
  startOnly: true,
};

export function spillwayCandidate(options: SpillwayOptions): Candidate {
  const program = join(options.checkout, 'bin', 'spillway.js');
  return {
    name: options.name,
    kind: 'spillway',
    warmUpSeconds: 5,
    prepare: async () => {
      if (!existsSync(program)) throw new Error(`there is no ${program}`);
    },
    start: (given) => startSpillway(options, given),
  };
}

export async function startSpillway(options: SpillwayOptions, given: SubjectOptions): Promise<Subject> {
  const { name, checkout, settings, nodeFlags = [] } = options;
  const port = await freePort();
  const home = join(given.folder, name);
  mkdirSync(home, { recursive: true });
  const file = join(home, 'spillway.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ ...configuration(given, home), ...given.settings, ...settings }, null, 2));
  const directly = [process.execPath, ...nodeFlags, join(checkout, 'bin', 'spillway.js'), 'up'];
  const command = [...(options.launcher ?? directly), '--config', file, '--port', String(port)];
  const child = startChild(name, command, { core: given.core });
  await waitForPort(child, port);
  const manifest: { version: string } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  return { name, version: manifest.version, port, headers: [bearer(given.secret)], child };
}

// Limits high enough never to refuse: they are counted all the same.
function configuration({ upstream, secret }: SubjectOptions, home: string): object {
  const plenty = 1_000_000_000;
  return {
    host: '127.0.0.1',
    stateDir: join(home, 'state'),
    upstreams: {
      mock: {
        provider: 'openai-compatible',
        baseUrl: upstreamUrl(upstream),
        apiKey: 'sk-mock',
        discover: false,
        ...(upstream.caFile === null ? {} : { caFile: upstream.caFile }),
      },
    },
    models: { [benchModel]: { targets: [`mock/${benchModel}`] } },
    keys: [
      {
        name: 'bench',
        key: secret,
        // A machine that is busy with something else makes the event loop late; the other lanes are refused then.
        lane: 'vip',
        limits: { requestsPerMinute: plenty, tokensPerMinute: plenty, maxConcurrent: 20_000 },
      },
    ],
    // Thousands of streams are opened before the first event is sent; nobody is to lose patience meanwhile.
    timeouts: { firstTokenMs: 120_000, idleMs: 120_000, totalMs: 600_000, commitAfterMs: 100_000 },
    log: { level: 'info' },
  };
}
