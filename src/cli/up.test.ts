import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const main = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'spillway-up-'));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  /** Everything on standard error so far. */
  text(): string;
  ended: Promise<number | null>;
}

/** Starts `up` in an empty folder on a free port, and waits for its banner. */
async function up(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, [main, 'up', '--port', '0', ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  let text = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const url = /answers on (http:\S+)/.exec(text)?.[1];
    if (url !== undefined) resolve(url);
  });
  const ended = once(child, 'exit').then(([code]: (number | null)[]) => {
    children.delete(child);
    reject(new Error(`ended with ${String(code)}: ${text}`));
    return code ?? null;
  });
  return { child, url: await promise, text: () => text, ended };
}

test('up serves on a free port, says where, and ends with 0 on SIGTERM', async () => {
  const running = await up();
  assert.match(running.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const answer = await fetch(`${running.url}/health/liveness`);
  assert.equal(answer.status, 200);
  await answer.text();
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  assert.match(running.text(), /SIGTERM: finishing what is in flight/);
});

test('SIGHUP reloads and does not end it', async () => {
  writeFileSync(join(folder, 'hup.yaml'), 'upstreams: {demo: {provider: scripted}}');
  const running = await up(['--config', 'hup.yaml']);
  running.child.kill('SIGHUP');
  const answer = await fetch(`${running.url}/health/liveness`);
  assert.equal(answer.status, 200);
  await answer.text();
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 0);
});

test('a port in use is one line and exit code 1', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await assert.rejects(up(['--port', String(port)]), {
    message: `ended with 1: spillway: port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another with --port\n`,
  });
  server.close();
});
