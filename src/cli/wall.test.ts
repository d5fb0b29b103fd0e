import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';

const main = join(import.meta.dirname, 'main.ts');

function start(
  ...args: readonly string[]
): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  return spawn(process.execPath, [main, 'wall', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

test('wall --json says where it stands and what it can do, and SIGTERM ends it', async () => {
  const wall = start('--port', '0', '--json');
  const [line] = (await once(createInterface(wall.stdout), 'line')) as [string];
  const { url, behaviours } = JSON.parse(line) as { url: string; behaviours: { name: string; model: string }[] };
  assert.ok(behaviours.some(({ name }) => name === 'cut-once'));
  assert.equal((await fetch(`${url}/models`)).status, 200);

  const second = start('--port', new URL(url).port);
  const [said, [code]] = await Promise.all([text(second.stderr), once(second, 'close')]);
  assert.equal(code, 1);
  assert.match(said, /^spillway: .*EADDRINUSE.*: choose another --port or --host\n$/);

  wall.kill('SIGTERM');
  assert.deepEqual(await once(wall, 'close'), [0, null]);
});

test('a port that is none is a usage error', async () => {
  const wall = start('--port', 'x1');
  const [said, [code]] = await Promise.all([text(wall.stderr), once(wall, 'close')]);
  assert.equal(code, 2);
  assert.equal(said, 'spillway: --port must be a whole number from 0 to 65535, not x1\n');
});
