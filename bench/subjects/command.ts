// Any other gateway: `--peer 'NAME=COMMAND'`, run by a shell. It must serve POST /v1/chat/completions on 127.0.0.1 at the
// port it is told and pass requests on to the mock upstream. What it is told, it finds in its environment and in place of
// these words in the command: {port}, {upstream} (base URL with /v1), {model}, {secret} (the clients' key), {ca} (PEM file).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, waitForPort } from '../child.ts';
import { benchModel } from '../payload.ts';
import { freePort } from '../../scripts/free-port.ts';
import { bearer, upstreamUrl } from './subject.ts';
import type { Candidate, Subject, SubjectOptions } from './subject.ts';

const START_MS_MAX = 60_000;

/** Throws when it is not of the form `name=command`. */
export function commandCandidate(wish: string): Candidate {
  const { name, command } = parseWish(wish);
  return {
    name,
    kind: 'peer',
    warmUpSeconds: 4,
    prepare: async () => undefined,
    start: (options) => start(name, command, options),
  };
}

export function parseWish(wish: string): { name: string; command: string } {
  const [, name, command] = /^([\w.-]+)=(.+)$/s.exec(wish) ?? [];
  if (name === undefined || command === undefined) throw new Error(`"${wish}" is not of the form name=command`);
  return { name, command };
}

/** What a peer is told, by the words for it. */
export function filledIn(command: string, words: Readonly<Record<string, string>>): string {
  return command.replaceAll(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole);
}

async function start(
  name: string,
  command: string,
  { upstream, folder, secret, core }: SubjectOptions,
): Promise<Subject> {
  const port = await freePort();
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const url = upstreamUrl(upstream);
  const ca = upstream.caFile ?? '';
  const filled = filledIn(command, { port: String(port), upstream: url, model: benchModel, secret, ca });
  const child = startChild(name, ['sh', '-c', `exec ${filled}`], {
    core,
    environment: {
      HOME: home,
      PORT: String(port),
      BENCH_UPSTREAM: url,
      BENCH_MODEL: benchModel,
      BENCH_SECRET: secret,
      ...(ca === '' ? {} : { BENCH_CA: ca, NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: ca }),
    },
  });
  await waitForPort(child, port, START_MS_MAX);
  return { name, version: '', port, headers: [bearer(secret)], child };
}
