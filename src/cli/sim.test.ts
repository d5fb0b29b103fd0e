// `spillway sim` as a user meets it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunResult } from '../sim/run.ts';
import { sim } from './sim.ts';
import type { SimOptions } from './sim-job.ts';
import { hasFailed, tellTrouble } from './sim-trouble.ts';

const options = (over: Partial<SimOptions> = {}): SimOptions => ({
  ...(over.sweep === true ? {} : { scenario: 'steady' }),
  policy: 'pass-through',
  seeds: '1..2',
  scale: '0.1',
  speedup: '1',
  jobs: '1',
  ...over,
});

interface Said {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

async function said(over: Partial<SimOptions> = {}): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await sim(options(over), {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    colours: false,
  });
  return { code, out, err };
}

test('it prints a line per seed, the mean and the worst, and the same the next time', async () => {
  const once = await said();
  assert.equal(once.code, 0);
  assert.deepEqual(
    once.out.slice(2, 6).map((line) => line.slice(0, 21).split(/\s+/)),
    [
      ['pass-through', '1'],
      ['pass-through', '2'],
      ['pass-through', 'mean'],
      ['pass-through', 'worst'],
    ],
  );
  assert.deepEqual(await said(), once);
});

test('as JSON, every run is a line', async () => {
  const { out } = await said({ json: true });
  const results = out.map((line) => JSON.parse(line) as { order: { seed: number }; goodputPctOfIdeal: number });
  assert.deepEqual(
    results.map(({ order }) => order.seed),
    [1, 2],
  );
  assert.ok(results.every(({ goodputPctOfIdeal }) => goodputPctOfIdeal > 0));
});

test('what is not known is refused with what is', async () => {
  const wrong: [Partial<SimOptions>, RegExp][] = [
    [
      { scenario: 'storm' },
      /--scenario storm is not known; there are steady, step2.*, cells of --sweep like burst\/0.5/,
    ],
    [{ scenario: 'burst/0.6/endless' }, /--scenario burst\/0.6\/endless is not known/],
    [{ sweep: true, load: '2' }, /--sweep says itself what --load would say/],
    [{ sweep: true, scenario: 'spike' }, /--sweep says itself what --scenario would say/],
    [{ policy: 'magic' }, /--policy magic is not known; there are spillway, pass-through/],
    [{ seeds: '5..1' }, /--seeds takes/],
    [{ load: 'ten' }, /--load must be a number above 0/],
    [{ scale: '0' }, /--scale must be a number above 0/],
    [{ tenants: '1.5' }, /--tenants must be a whole number from 1/],
    [{ jobs: '0' }, /--jobs must be a whole number from 1 to 64/],
    [{ scenario: 'all', policy: 'all', seeds: '1..90000' }, /runs; 200000 at most/],
    [{ trace: '/nowhere/trace.csv' }, /cannot read \/nowhere\/trace.csv/],
  ];
  for (const [over, words] of wrong) {
    const { code, out, err } = await said(over);
    assert.equal(code, 2);
    assert.deepEqual(out, []);
    assert.match(err.join('\n'), words);
  }
});

test('a trace file is replayed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  const trace = join(folder, 'trace.jsonl');
  const rows = Array.from({ length: 20 }, (_, at) => ({ timestamp: at * 100, input_length: 50, output_length: 5 }));
  writeFileSync(trace, rows.map((row) => JSON.stringify(row)).join('\n'));
  const { code, out } = await said({ trace, seeds: '1', speedup: '2', json: true });
  rmSync(folder, { recursive: true });
  assert.equal(code, 0);
  assert.equal((JSON.parse(out[0] ?? '') as { asks: number }).asks, 20);
});

test('the list names every scenario and policy', async () => {
  const { out } = await said({ list: true });
  assert.ok(out.some((line) => line.startsWith('spike ')));
  assert.ok(out.some((line) => line.startsWith('--policy spillway ')));
});

test('one cell of the sweep can be run alone', async () => {
  const { code, out } = await said({ scenario: 'third/0.5/no-retry', seeds: '1' });
  assert.equal(code, 0);
  assert.match(out[0] ?? '', /third\/0.5\/no-retry: at 0.5 of what the engine can do, a third of the speed for 20 s/);
});

test('several threads print what one prints', async () => {
  const over = { scenario: 'steady,spike', policy: 'pass-through,aimd', seeds: '1..3' };
  const [one, two] = [await said(over), await said({ ...over, jobs: '2' })];
  assert.deepEqual(two, one);
  const tally = one.out.at(-1) ?? '';
  assert.match(tally, /^aimd: 6 runs, 0 with findings, \d never recovered/);
});

const result = (over: Partial<RunResult>): RunResult => {
  const order = { scenario: 'spike', policy: 'spillway', seed: 7, load: null, scale: 1 };
  return { order, findings: [], recoverySeconds: 3, ...over } as RunResult;
};

test('a run of the gateway that never recovers has failed, and the command to run it again is told', () => {
  const order = { scenario: 'spike', policy: 'spillway', seed: 7, load: 20, scale: 0.5, tenants: null };
  const err: string[] = [];
  const output = { out: () => {}, err: (line: string) => err.push(line), colours: false };
  for (const recoverySeconds of [null, 3, 'never'] as const) {
    tellTrouble(result({ recoverySeconds }), order, null, output);
    assert.equal(hasFailed(result({ recoverySeconds })), recoverySeconds === 'never');
  }
  assert.deepEqual(err, [
    'spillway: seed 7 never recovered: spillway sim --scenario spike --policy spillway --seeds 7 --load 20 --scale 0.5',
  ]);
  const other = { scenario: 'spike', policy: 'pass-through', seed: 7, load: null, scale: 1 };
  assert.equal(hasFailed(result({ recoverySeconds: 'never', order: other })), false);
});

test('the sweep prints a row per trigger and kind of client, and names what is metastable with its command', async () => {
  const { code, out, err } = await said({ sweep: true, seeds: '1', scale: '0.5' });
  assert.deepEqual([code, err], [0, []]);
  const row = out[out.indexOf('burst: ten times the load for 30 s') + 3] ?? '';
  assert.deepEqual(row.trim().split(/\s+/).at(0), 'endless');
  assert.match(row, /never/);
  assert.match(out.join('\n'), /pass-through: \d+ of 48 cells are metastable, at 0.5 of the times/);
  const command = 'spillway sim --scenario burst/0.95/endless --policy pass-through --seeds 1 --scale 0.5';
  assert.ok(out.includes(`  burst/0.95/endless: ${command}`), out.join('\n'));
});

test('as JSON, the sweep has a line per cell and one for the stable region', async () => {
  const { out } = await said({ sweep: true, seeds: '1', scale: '0.1', json: true });
  assert.equal(out.length, 49);
  const first = JSON.parse(out[0] ?? '') as { name: string; recoverySeconds: unknown };
  assert.equal(first.name, 'burst/0.5/no-retry');
  assert.ok('outage' in (JSON.parse(out[48] ?? '') as { stableUpTo: object }).stableUpTo);
});
