// `spillway sim` as a user meets it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sim, type SimOptions } from './sim.ts';

const options = (over: Partial<SimOptions> = {}): SimOptions => ({
  scenario: 'steady',
  policy: 'pass-through',
  seeds: '1..2',
  scale: '0.1',
  speedup: '1',
  ...over,
});

function said(over: Partial<SimOptions> = {}): { code: number; out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const code = sim(options(over), { out: (line) => out.push(line), err: (line) => err.push(line), colours: false });
  return { code, out, err };
}

test('it prints a line per seed, the mean and the worst, and the same the next time', () => {
  const once = said();
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
  assert.deepEqual(said(), once);
});

test('as JSON, every run is a line', () => {
  const { out } = said({ json: true });
  const results = out.map((line) => JSON.parse(line) as { order: { seed: number }; goodputPctOfIdeal: number });
  assert.deepEqual(
    results.map(({ order }) => order.seed),
    [1, 2],
  );
  assert.ok(results.every(({ goodputPctOfIdeal }) => goodputPctOfIdeal > 0));
});

test('what is not known is refused with what is', () => {
  const wrong: [Partial<SimOptions>, RegExp][] = [
    [{ scenario: 'storm' }, /--scenario storm is not known; there are steady, step2/],
    [{ policy: 'magic' }, /--policy magic is not known; there are spillway, pass-through/],
    [{ seeds: '5..1' }, /--seeds takes/],
    [{ load: 'ten' }, /--load must be a number above 0/],
    [{ scale: '0' }, /--scale must be a number above 0/],
    [{ trace: '/nowhere/trace.csv' }, /cannot read \/nowhere\/trace.csv/],
  ];
  for (const [over, words] of wrong) {
    const { code, out, err } = said(over);
    assert.equal(code, 2);
    assert.deepEqual(out, []);
    assert.match(err.join('\n'), words);
  }
});

test('a trace file is replayed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  const trace = join(folder, 'trace.jsonl');
  const rows = Array.from({ length: 20 }, (_, at) => ({ timestamp: at * 100, input_length: 50, output_length: 5 }));
  writeFileSync(trace, rows.map((row) => JSON.stringify(row)).join('\n'));
  const { code, out } = said({ trace, seeds: '1', speedup: '2', json: true });
  rmSync(folder, { recursive: true });
  assert.equal(code, 0);
  assert.equal((JSON.parse(out[0] ?? '') as { asks: number }).asks, 20);
});

test('the list names every scenario and policy', () => {
  const { out } = said({ list: true });
  assert.ok(out.some((line) => line.startsWith('spike ')));
  assert.ok(out.some((line) => line.startsWith('--policy spillway ')));
});
