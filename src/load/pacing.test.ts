import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../memory/virtual-time.ts';
import { Pacing } from './pacing.ts';

function paced(share: { first: number; step: number }, stallAt: number | null = null) {
  const time = new VirtualTime();
  const sent: [at: number, lateMs: number][] = [];
  let over = 0;
  const atMs = Float64Array.from([0, 0, 10, 20, 20, 30]);
  const pacing = new Pacing({ atMs, ...share }, time, time, {
    onDue: (at, _dueAt, lateMs) => {
      sent.push([at, lateMs]);
      if (at === stallAt) time.advance(15);
    },
    onSent: () => over++,
  });
  pacing.begin();
  return { time, sent, pacing, over: () => over };
}

test('each request is sent when it is due, and a worker sends its share alone', () => {
  const all = paced({ first: 0, step: 1 });
  all.time.advance(15);
  assert.deepEqual(all.sent, [
    [0, 0],
    [1, 0],
    [2, 0],
  ]);
  all.time.advance(100);
  assert.deepEqual([all.sent.length, all.over()], [6, 1]);
  const second = paced({ first: 1, step: 2 });
  second.time.advance(100);
  assert.deepEqual(
    second.sent.map(([at]) => at),
    [1, 3, 5],
  );
});

test('a sender that was held up sends at once what is due, and tells how late it is', () => {
  const { time, sent } = paced({ first: 0, step: 1 }, 1);
  time.advance(100);
  assert.deepEqual(sent.slice(2), [
    [2, 5],
    [3, 0],
    [4, 0],
    [5, 0],
  ]);
});

test('stopped, it sends nothing more', () => {
  const { time, sent, pacing } = paced({ first: 0, step: 1 });
  pacing.stop();
  time.advance(100);
  assert.equal(sent.length, 2);
});
