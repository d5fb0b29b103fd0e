import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Output } from '../output.ts';
import { Progress, progressLine } from './progress.ts';

test('a bar is as long as what is done, and says what is left', () => {
  assert.equal(progressLine(0, 10, '', 0), `${'░'.repeat(30)} 0 of 10`);
  assert.equal(progressLine(5, 10, '5 kept', 4_000), `${'█'.repeat(15)}${'░'.repeat(15)} 5 of 10: 5 kept, 4 s left`);
  assert.equal(progressLine(1, 1_000, '', 10_000), `${'░'.repeat(30)} 1 of 1000, 167 min left`);
  assert.equal(progressLine(10, 10, '', 9_000), `${'█'.repeat(30)} 10 of 10`);
  assert.equal(progressLine(0, 0, '', 9_000), `${'█'.repeat(30)} 0 of 0`);
});

test('on a terminal it is drawn now and then; where nobody watches, what is soon over is not told', () => {
  for (const [isTerminal, drawn] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const lines: string[] = [];
    const output: Output = { out: () => {}, err: (line) => lines.push(line), colours: false };
    const progress = new Progress(output, isTerminal);
    for (let at = 0; at < 1_000; at++) progress.show(at, 1_000, '');
    assert.equal(lines.length, drawn);
    progress.end();
  }
});
