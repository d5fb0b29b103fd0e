// Both trace formats are read, and what cannot be read is named by its line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTrace, replay } from './traces.ts';
import { standardMix } from './workload.ts';

const azure =
  'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.4799600,110,27\n';
const mooncake =
  '{"timestamp": 3000, "input_length": 7322, "output_length": 490, "hash_ids": [0]}\n' +
  '{"timestamp": 1000, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}\n';

test('Azure rows count from the first', () => {
  const read = readTrace(azure);
  assert.deepEqual(read.ok && read.value, [
    { atMs: 0, promptTokens: 4808, outputTokens: 10 },
    { atMs: 500, promptTokens: 110, outputTokens: 27 },
  ]);
});

test('Mooncake rows are put in order of time', () => {
  const read = readTrace(mooncake);
  assert.deepEqual(read.ok && read.value, [
    { atMs: 0, promptTokens: 6758, outputTokens: 500 },
    { atMs: 2000, promptTokens: 7322, outputTokens: 490 },
  ]);
});

test('a line that cannot be read is named', () => {
  assert.deepEqual(readTrace(`${azure}nonsense,1,2\n`), { ok: false, error: 'line 4 cannot be read' });
  assert.deepEqual(readTrace(`${mooncake}{"timestamp": 1}\n`), { ok: false, error: 'line 3 cannot be read' });
  assert.equal(readTrace('a,b\n').ok, false);
  assert.equal(readTrace('').ok, false);
});

test('a replay keeps sizes and divides times by the speed-up', () => {
  const rows = readTrace(mooncake);
  assert.ok(rows.ok);
  const wishes = replay(rows.value, standardMix, 1, 4);
  assert.deepEqual(
    wishes.map(({ atMs, promptTokens, outputTokens }) => [atMs, promptTokens, outputTokens]),
    [
      [0, 6758, 500],
      [500, 7322, 490],
    ],
  );
  assert.ok(wishes.every(({ tenant }) => tenant < 40));
});
