import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { Summary } from '../load/summary.ts';
import { loadJob, type LoadOptions } from './load-options.ts';

const main = join(import.meta.dirname, 'main.ts');

function spillway(...args: readonly string[]) {
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function engine(t: TestContext): Promise<string> {
  const wall = spillway('wall', '--engine', '--port', '0', '--style', 'deepseek', '--model', 'chat', '--json');
  t.after(async () => {
    wall.kill('SIGTERM');
    await once(wall, 'close');
  });
  const [line] = (await once(createInterface(wall.stdout), 'line')) as [string];
  const told = JSON.parse(line) as { url: string };
  assert.deepEqual(told, { url: told.url, model: 'chat', capacity: 1, style: 'deepseek' });
  return told.url;
}

test('load puts a load on an engine, tells its figures as JSON and writes a report of the same', async (t) => {
  const url = await engine(t);
  const folder = mkdtempSync(join(tmpdir(), 'spillway-load-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const report = join(folder, 'report.html');
  const sizes = ['--prompt', '40', '--answer', '4', '--seed', '3', '--lanes', 'vip=.5,batch=.5'];
  const load = spillway(
    'load',
    '--url',
    url,
    '--model',
    'chat',
    '--rate',
    '60',
    '--duration',
    '1',
    ...sizes,
    '--json',
    '--report',
    report,
  );
  const [out, err, [code]] = await Promise.all([text(load.stdout), text(load.stderr), once(load, 'close')]);
  assert.equal(code, 0, err);
  const summary = JSON.parse(out) as Summary;
  assert.ok(summary.all.offered > 30 && summary.all.answered === summary.all.offered, out.slice(0, 500));
  assert.deepEqual([summary.lanes.standard.offered, summary.isOver, summary.open], [0, true, 0]);
  const embedded = /id="summary">(.*?)<\/script>/s.exec(readFileSync(report, 'utf8'))?.[1];
  assert.deepEqual(JSON.parse(embedded ?? ''), summary);
  assert.match(err, /report: .*report\.html\n$/);
});

test('load without JSON prints a table, lines meanwhile, and ends early when it is told to', async (t) => {
  const url = await engine(t);
  const load = spillway('load', '--url', url, '--model', 'chat', '--rate', '20', '--answer', '3', '--duration', '60');
  const lines = createInterface(load.stderr);
  const [first] = (await once(lines, 'line')) as [string];
  assert.match(first, /^00:0\d {2}offered \d+ {2}admitted \d+/);
  load.kill('SIGINT');
  const [out, [code]] = await Promise.all([text(load.stdout), once(load, 'close')]);
  assert.equal(code, 0);
  assert.match(
    out,
    /^chat at http.*\n.*of 01:00.*\n\n +offered +admitted +answered +in SLO +shed +429 +failed +left +hedged\nvip /,
  );
});

const options: LoadOptions = {
  url: 'http://127.0.0.1:4000/v1',
  model: 'chat',
  rate: '10',
  speedup: '1',
  duration: '5',
  lanes: 'vip=.05,standard=.7,batch=.25',
  tenants: '4',
  patience: '2',
  retries: '0',
  prompt: '100',
  answer: '20',
  burstiness: '1',
  seed: '1',
  workers: '1',
  open: '100',
};
const trace = 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n';
const job = (change: Partial<LoadOptions>) => loadJob({ ...options, ...change }, () => trace);

test('addresses with and without /v1, keys and expectations by lane are understood', () => {
  for (const [url, host, port, tls, path] of [
    ['http://127.0.0.1:4000/v1', '127.0.0.1', 4000, false, '/v1/chat/completions'],
    ['http://127.0.0.1:4000', '127.0.0.1', 4000, false, '/v1/chat/completions'],
    ['https://api.test/beta/', 'api.test', 443, true, '/beta/chat/completions'],
    ['http://[::1]/v1/chat/completions', '::1', 80, false, '/v1/chat/completions'],
  ] as const) {
    const made = job({ url });
    assert.ok(made.ok);
    assert.deepEqual([made.value.order.address, made.value.order.path], [{ host, port, tls }, path]);
  }
  const made = job({ key: 'sk-all', keys: 'vip=sk-v', slo: 'vip=0.5' });
  assert.ok(made.ok);
  assert.deepEqual(made.value.order.keys, { vip: 'sk-v', standard: 'sk-all', batch: 'sk-all' });
  const { vip, standard } = made.value.order.expectations;
  assert.deepEqual([vip.firstTokenMs, standard.firstTokenMs], [500, 4_000]);
});

test('a trace needs no rate, and what is asked for wrongly is refused in one line', () => {
  const { rate, ...withoutRate } = options;
  assert.equal(rate, '10');
  const replayed = loadJob({ ...withoutRate, trace: 'file' }, () => trace);
  assert.ok(replayed.ok && replayed.value.plan.count === 1);
  const wrongs: [Partial<LoadOptions>, RegExp][] = [
    [{ url: 'ftp://x' }, /--url must be like/],
    [{ trace: 'file' }, /say how much/],
    [{ rate: '20001' }, /--rate must be a number from 0\.001 to 20000/],
    [{ open: '50000' }, /--open must be a number from 1 to 18000/],
    [{ lanes: 'vip=2' }, /--lanes takes shares/],
    [{ lanes: 'gold=1' }, /--lanes takes vip=…,standard=…,batch=…, not gold=1/],
    [{ keys: 'sk-x' }, /--keys takes/],
    [{ key: 'sk-\r\nx' }, /visible ASCII/],
    [{ slo: 'vip=fast' }, /--slo must be a number/],
    [{ duration: '1e9' }, /--duration must be/],
  ];
  for (const [change, wanted] of wrongs) {
    const made = job(change);
    assert.ok(!made.ok, JSON.stringify(change));
    assert.match(made.error, wanted);
  }
});

test('a file that is not there and a wrong wall are usage errors', async () => {
  for (const args of [
    ['load', '--url', 'http://127.0.0.1:1/v1', '--model', 'm', '--trace', 'nowhere.csv'],
    ['wall', '--engine', '--capacity', '1000'],
    ['wall', '--engine', '--style', 'rude'],
  ]) {
    const command = spillway(...args);
    const [err, [code]] = await Promise.all([text(command.stderr), once(command, 'close')]);
    assert.equal(code, 2);
    assert.match(err, /^spillway: (?:cannot read nowhere\.csv|--capacity must be|--style is).*\n$/);
  }
});
