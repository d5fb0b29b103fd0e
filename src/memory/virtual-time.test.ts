import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from './virtual-time.ts';

test('timers fire in order of time, then in the order they were set, and see their own instant', () => {
  const time = new VirtualTime();
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${time.now()}`);
  time.after(20, note('late'));
  time.after(10, note('first'));
  time.after(10, note('second'));
  time.after(10, note('cancelled')).cancel();
  time.after(5, () => time.after(5, note('set on the way')));
  time.advance(15);
  assert.deepEqual(fired, ['first@10', 'second@10', 'set on the way@10']);
  assert.equal(time.now(), 15);
  time.advance(5);
  assert.equal(fired.at(-1), 'late@20');
  assert.equal(time.timers, 0);
});
