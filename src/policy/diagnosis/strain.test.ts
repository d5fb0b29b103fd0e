import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellFigures, wellUpstream } from '../../../test/support/figures.ts';
import { busyUpstreams, isFull, isStrained, refusedForRoom, strainWords } from './strain.ts';

test('there is strain when somebody waits at both looks, or was refused for want of room', () => {
  assert.equal(isStrained(wellFigures()), false);
  assert.equal(isStrained(wellFigures({ waitingNow: 3 })), false, 'one look is a moment');
  assert.equal(isStrained(wellFigures({ waitingBefore: 1, waitingNow: 3 })), true);
  assert.equal(isStrained(wellFigures({ rejections: { overloaded: 1 } })), true);
  assert.equal(isStrained(wellFigures({ rejections: { requestLimit: 9 } })), false, 'a limit is another matter');
});

test('strain is told in words that hold its numbers', () => {
  const figures = wellFigures({ waitingBefore: 1, waitingNow: 7, rejections: { queueTimeout: 2, overloaded: 3 } });
  assert.equal(refusedForRoom(figures), 5);
  assert.deepEqual(strainWords(figures), [
    '7 wait in the gateway (1 before)',
    '5 of 20 were refused for want of room in 4 s',
  ]);
});

test('an upstream is full by its window or by its limit, and one without work is not busy', () => {
  assert.equal(isFull(wellUpstream()), false);
  assert.equal(isFull(wellUpstream({ windowShare: 0.9 })), true);
  assert.equal(isFull(wellUpstream({ windowShare: null, concurrentMax: 4 })), true);
  const idle = wellUpstream({ name: 'idle', inFlight: 0, attempts: 0 });
  assert.deepEqual(
    busyUpstreams(wellFigures({ upstreams: [wellUpstream(), idle] })).map(({ name }) => name),
    ['gpu'],
  );
});
