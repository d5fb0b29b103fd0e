// LiteLLM's proxy from PyPI in a virtual environment of its own: one worker, a master key, one model, nothing else set up.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, waitForPort } from '../child.ts';
import { benchModel } from '../payload.ts';
import { install, peerHome } from './peer-home.ts';
import { freePort } from '../../scripts/free-port.ts';
import { bearer, upstreamUrl } from './subject.ts';
import type { Candidate, Subject, SubjectOptions } from './subject.ts';

const VERSION = '1.108.7';
/** It takes 760 MB, and as much again while it unpacks. */
const FREE_MB = 3_000;
const START_MS_MAX = 90_000;

export const litellm: Candidate = {
  name: 'litellm',
  kind: 'peer',
  warmUpSeconds: 3,
  prepare,
  start,
};

async function prepare(say: (line: string) => void): Promise<void> {
  const home = peerHome('litellm');
  const stamp = join(home, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === VERSION) return;
  say(`installing litellm ${VERSION} into ${home} (about a minute)`);
  await install(['python3', '-m', 'venv', 'venv'], home, FREE_MB);
  const pip = [join('venv', 'bin', 'pip'), 'install', '--quiet', '--no-cache-dir', '--disable-pip-version-check'];
  await install([...pip, `litellm[proxy]==${VERSION}`], home, FREE_MB);
  writeFileSync(stamp, VERSION);
}

async function start(options: SubjectOptions): Promise<Subject> {
  const { upstream, folder, secret } = options;
  const port = await freePort();
  const home = join(folder, 'litellm');
  mkdirSync(home, { recursive: true });
  const file = join(home, 'config.yaml');
  writeFileSync(file, JSON.stringify(configuration(options), null, 2));
  const program = join(peerHome('litellm'), 'venv', 'bin', 'litellm');
  const flags = ['--config', file, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const child = startChild('litellm', [program, ...flags, '--telemetry', 'False'], {
    core: options.core,
    environment: {
      HOME: home,
      // Its price list is taken from the package, not from the network.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      LITELLM_MODE: 'PRODUCTION',
      LITELLM_LOG: 'ERROR',
      ...(upstream.caFile === null ? {} : { SSL_CERT_FILE: upstream.caFile }),
    },
  });
  await waitForPort(child, port, START_MS_MAX);
  return { name: 'litellm', version: VERSION, port, headers: [bearer(secret)], child };
}

// JSON is YAML.
function configuration({ upstream, secret }: SubjectOptions): object {
  const target = { model: `openai/${benchModel}`, api_base: upstreamUrl(upstream), api_key: 'sk-mock' };
  return {
    model_list: [{ model_name: benchModel, litellm_params: target }],
    general_settings: { master_key: secret },
    litellm_settings: { telemetry: false },
  };
}
