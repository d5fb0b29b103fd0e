import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { goodConfig } from '../../../test/support/config.ts';
import type { Order, Report } from './words.ts';

const SETTINGS = `
port: 0
log: { level: silent }
upstreams: { far: { provider: scripted } }
models: { m: { targets: [far/m] } }
keys: [{ key: some-key, name: some }]
`;

test('all that is read while it starts is taken up, in its order, and it answers when it is asked', async (context) => {
  const worker = fork(join(import.meta.dirname, 'worker.ts'), { env: {} });
  context.after(() => worker.kill('SIGKILL'));
  const ended = once(worker, 'exit');
  const say = (...orders: Order[]): unknown => worker.send(orders);
  const heard: Report[] = [];
  worker.on('message', (words: Report[]) => heard.push(...words));
  const told = async (kind: Report['kind']): Promise<Report> => {
    for (;;) {
      const word = heard.find((one) => one.kind === kind);
      if (word !== undefined) return word;
      await once(worker, 'message');
    }
  };
  await told('hello');
  const config = goodConfig(SETTINGS);
  const task = { members: 2, config, configVersion: 5, refused: null, version: '0', reusePort: false };
  const begin: Order = { kind: 'begin', task: { ...task, announces: false } };
  say(
    begin,
    { kind: 'config', config },
    { kind: 'config', config },
    { kind: 'refused', source: 'f', problems: ['no'] },
  );
  await told('ready');
  const order = { method: 'GET', path: '/metrics', query: '', body: '' };
  say({ kind: 'part', id: 1, page: 'metrics', order });
  const part = await told('part');
  assert.ok(part.kind === 'part');
  assert.match(part.answer.body, /^spillway_config_version 7$/m);
  assert.match(part.answer.body, /^spillway_config_last_load_accepted 0$/m);
  say({ kind: 'ping' });
  await told('pong');
  say({ kind: 'stop', why: 'test' });
  assert.deepEqual(await ended, [0, null]);
});
