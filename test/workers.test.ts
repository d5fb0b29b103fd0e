// Two workers behind one port, as an operator has them: one is killed, the file is changed, all are stopped.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, beforeEach, test } from 'node:test';
import { freePort } from '../scripts/free-port.ts';
import { beginStream, completion, delta, FarSide, json } from './support/far-side.ts';

const MAIN = join(import.meta.dirname, '../src/cli/main.ts');
/** So many connections all go to the same one of two workers once in a million times. */
const STREAMS = 21;

const folder = mkdtempSync(join(tmpdir(), 'spillway-workers-'));
const file = join(folder, 'spillway.yaml');
let farSide: FarSide;
let port = 0;
let gateway: ChildProcess;
let ended: Promise<unknown[]>;
let said = '';

const configuration = (more = ''): string => `
log: { level: silent }
stateDir: null
drainMs: 10000
upstreams:
  far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', maxConcurrent: 40 }
models:
  m: { targets: [far/far] }
keys:
  - { key: free-key, name: free }
  - { key: few-key, name: few, lane: batch, limits: { requestsPerMinute: 10 } }
  - { key: one-key, name: one, limits: { maxConcurrent: 1 } }
${more}`;

before(async () => {
  farSide = await FarSide.start();
  await start();
});
after(async () => {
  if (gateway.exitCode === null && gateway.signalCode === null) gateway.kill('SIGKILL');
  await farSide.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  farSide.answer = (response) => json(response, 200, completion('Hi.'));
  farSide.seen.length = 0;
});

/** `first`: JavaScript that runs first, in the primary and in each worker. */
const up = (first = ''): ChildProcess =>
  spawn(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${first}`,
      MAIN,
      'up',
      '--config',
      file,
      '--port',
      String(port),
      '--workers',
      '2',
    ],
    {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );

async function start(first = ''): Promise<void> {
  port = await freePort();
  said = '';
  writeFileSync(file, configuration());
  gateway = up(first);
  gateway.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  ended = once(gateway, 'exit');
  await until(() => said.includes('answers on') || gateway.exitCode !== null);
  assert.equal(gateway.exitCode, null, said);
}

/** Waits for something that another process will make true; the test's own time limit bounds it. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(10);
}

interface Answered {
  readonly status: number;
  readonly text: string;
  /** The connection broke before the answer was whole. */
  readonly broke: boolean;
}

/** Each on a connection of its own: the system deals connections out, not requests. */
function send(path: string, key: string, body: unknown = null): Promise<Answered> {
  const { promise, resolve } = Promise.withResolvers<Answered>();
  let status = 0;
  let text = '';
  const method = body === null ? 'GET' : 'POST';
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
    status = response.statusCode ?? 0;
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('close', () => resolve({ status, text, broke: !response.complete }));
    response.on('error', () => {});
  });
  sent.on('error', () => resolve({ status, text, broke: true }));
  sent.end(body === null ? undefined : JSON.stringify(body));
  return promise;
}

const ask = (key: string, stream = false): Promise<Answered> =>
  send('/v1/chat/completions', key, { model: 'm', stream, messages: [{ role: 'user', content: 'Hello' }] });

async function metric(series: string): Promise<number> {
  const { text } = await send('/metrics', 'none');
  const line = text.split('\n').find((sample) => sample.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

/** Both workers have taken it up. */
async function rewrite(text: string): Promise<void> {
  const loads = 'spillway_config_loads_total{accepted="true"}';
  const known = await metric(loads);
  writeFileSync(file, text);
  gateway.kill('SIGHUP');
  await until(async () => (await metric(loads)) >= known + 2);
}

/** Whoever answers streams waits for the word to end them. */
function holdStreams(): { release(): void } {
  const released = Promise.withResolvers<void>();
  farSide.answer = (response) => {
    beginStream(response);
    delta(response, 'begun ');
    void (async () => {
      await released.promise;
      delta(response, 'and ended');
      delta(response, '', 'stop');
      response.end('data: [DONE]\n\n');
    })();
  };
  return { release: () => released.resolve() };
}

const workerIds = (): number[] =>
  execFileSync('ps', ['-o', 'pid=', '--ppid', String(gateway.pid)], { encoding: 'utf8' })
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);

test('limits of a key hold over all workers together', async () => {
  const many = await Promise.all(Array.from({ length: 30 }, () => ask('few-key')));
  const admitted = many.filter(({ status }) => status === 200).length;
  // Ten, and a fifth more as a loan while the far side has room, as one process alone gives.
  assert.ok(admitted >= 10 && admitted <= 12, `${admitted} were admitted`);
  assert.ok(many.every(({ status, text }) => status === 200 || text.includes('10 requests per minute')));

  const held = holdStreams();
  const first = ask('one-key', true);
  await until(() => farSide.seen.length === admitted + 1);
  const beside = await Promise.all(Array.from({ length: 8 }, () => ask('one-key')));
  assert.deepEqual([...new Set(beside.map(({ status }) => status))], [429]);
  held.release();
  assert.equal((await first).broke, false);
  farSide.answer = (response) => json(response, 200, completion('Hi.'));
  for (let turn = 0; turn < 8; turn++) {
    await until(async () => (await ask('one-key')).status === 200);
  }
});

test('a killed worker is replaced, the others’ streams come to their end, and what it held is free', async () => {
  const answered = 'spillway_exchanges_total{model="m",lane="standard",surface="chat",outcome="answered",status="200"}';
  const known = await metric(answered);
  const held = holdStreams();
  const streams = Array.from({ length: STREAMS }, () => ask('free-key', true));
  await until(() => farSide.seen.length === STREAMS);
  assert.equal(await metric('spillway_upstream_in_flight{upstream="far"}'), STREAMS);
  assert.equal(await metric('spillway_workers'), 2);
  // What only a start can change is the same for one that comes later.
  const another = await freePort();
  await rewrite(configuration(`adminPort: ${another}`));
  const [victim] = workerIds();
  assert.ok(victim !== undefined);
  process.kill(victim, 'SIGKILL');
  const killedAt = performance.now();
  await until(async () => (await metric('spillway_workers')) === 2 && workerIds().length === 2);
  const replacedMs = performance.now() - killedAt;
  held.release();
  const answers = await Promise.all(streams);
  const whole = answers.filter(({ text }) => text.includes('and ended') && text.includes('[DONE]'));
  const broken = answers.filter(({ broke }) => broke);
  assert.ok(whole.length > 0 && broken.length > 0, `${whole.length} came to their end, ${broken.length} broke`);
  assert.equal(whole.length + broken.length, STREAMS);
  assert.ok(replacedMs < 10_000, `replaced after ${replacedMs} ms`);
  farSide.answer = (response) => json(response, 200, completion('Hi.'));
  // All of the upstream's places can be had again, by whoever wants them.
  const more = await Promise.all(Array.from({ length: 60 }, () => ask('free-key')));
  assert.deepEqual([...new Set(more.map(({ status }) => status))], [200]);
  assert.equal(await metric(answered), known + whole.length + 60);
  assert.equal(await metric('spillway_worker_restarts_total'), 1);
  assert.match(said, /worker [12] ended \(SIGKILL\); another takes its place/);
  await assert.rejects(once(connect(another, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  await rewrite(configuration());
});

test('an upstream’s places are never taken twice, and all can be had by whom they are wanted', async () => {
  let now = 0;
  let most = 0;
  farSide.answer = (response) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      // Before the answer leaves: whoever has it may send the next.
      now--;
      json(response, 200, completion('Hi.'));
    }, 20);
  };
  await rewrite(configuration().replace('maxConcurrent: 40', 'maxConcurrent: 3'));
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask('free-key')));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(most, 3);
  await rewrite(configuration());
});

test('a port in use is one line and exit code 1, although workers could share it', async () => {
  const second = up();
  let words = '';
  second.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text));
  assert.deepEqual(await once(second, 'exit'), [1, null]);
  assert.match(words, new RegExp(`^spillway: port ${port} on 127\\.0\\.0\\.1 is in use: [^\\n]+\\n$`));
});

test('a stop drains every worker, and the last answer ends before the process does', async () => {
  const held = holdStreams();
  const streams = Array.from({ length: STREAMS }, () => ask('free-key', true));
  await until(() => farSide.seen.length === STREAMS);
  gateway.kill('SIGTERM');
  await until(() => said.includes('SIGTERM'));
  held.release();
  for (const { text, broke } of await Promise.all(streams)) {
    assert.ok(!broke && text.includes('and ended') && text.includes('[DONE]'));
  }
  assert.deepEqual(await ended, [0, null]);
});

test('workers of a primary that was killed drain, and none is left', async () => {
  await start();
  const held = holdStreams();
  const streams = Array.from({ length: 4 }, () => ask('free-key', true));
  await until(() => farSide.seen.length === 4);
  const pids = workerIds();
  assert.equal(pids.length, 2);
  gateway.kill('SIGKILL');
  await ended;
  held.release();
  for (const { text } of await Promise.all(streams)) assert.ok(text.includes('and ended'));
  await until(() => pids.every((pid) => !isAlive(pid)));
});

test('a system that cannot deal connections out leaves it to the primary', async () => {
  const refuses = `import net from 'node:net'; const { listen } = net.Server.prototype;
    net.Server.prototype.listen = function (options, ...more) {
      if (!options?.reusePort) return listen.call(this, options, ...more);
      process.nextTick(() => this.emit('error', new Error('not supported'))); return this; };`;
  await start(encodeURIComponent(refuses));
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('free-key')));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(await metric('spillway_workers'), 2);
  gateway.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('workers that cannot start end the whole, and are not tried again', async () => {
  port = await freePort();
  const dies = `import cluster from 'node:cluster'; if (cluster.isWorker) process.exit(7);`;
  const failing = up(encodeURIComponent(dies));
  let words = '';
  failing.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text));
  assert.deepEqual(await once(failing, 'exit'), [1, null]);
  assert.equal(words, 'spillway: a worker ended at its start (exit code 7)\n');
});

test('a start that is ended by a signal ends quietly, with all that it began', async () => {
  port = await freePort();
  const signals = `import cluster from 'node:cluster';
    if (cluster.isPrimary) cluster.on('fork', () => process.kill(process.pid, 'SIGTERM'));`;
  const starting = up(encodeURIComponent(signals));
  let words = '';
  starting.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text));
  // Not before the last who could say something has gone.
  assert.deepEqual(await once(starting, 'close'), [143, null]);
  assert.equal(words, '');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
