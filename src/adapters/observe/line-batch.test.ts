import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../../memory/virtual-time.ts';
import { LineBatch } from './line-batch.ts';

test('lines leave together, in order, after a few milliseconds, and at once when they are many or flushed', () => {
  const time = new VirtualTime();
  const written: string[] = [];
  const batch = new LineBatch(time, (text) => written.push(text));
  batch.write('a\n');
  batch.write('b\n');
  assert.deepEqual(written, []);
  time.advance(10);
  assert.deepEqual(written, ['a\nb\n']);
  batch.write('c\n');
  batch.flush();
  batch.flush();
  assert.deepEqual(written, ['a\nb\n', 'c\n']);
  batch.write('x'.repeat(70_000));
  assert.equal(written.length, 3);
  time.advance(100);
  assert.equal(written.length, 3);
  assert.equal(time.timers, 0);
});

test('however many lines come, none is cut in two, lost or changed', () => {
  const time = new VirtualTime();
  const written: string[] = [];
  const batch = new LineBatch(time, (text) => written.push(text));
  const lines = Array.from({ length: 2_000 }, (_, number) => `${number} → 日本 😀 ${'x'.repeat(number % 300)}\n`);
  for (const line of lines) batch.write(line);
  batch.flush();
  assert.ok(written.length > 1);
  for (const text of written) assert.ok(text.endsWith('\n'));
  assert.equal(written.join(''), lines.join(''));
});
