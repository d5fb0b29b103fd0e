import assert from 'node:assert/strict';
import { test } from 'node:test';
import { milliseconds, percent } from './finding.ts';

test('figures in evidence are short', () => {
  assert.deepEqual(
    [percent(0.424), milliseconds(12.4), milliseconds(1_540), milliseconds(12_400)],
    ['42 %', '12 ms', '1.5 s', '12 s'],
  );
});
