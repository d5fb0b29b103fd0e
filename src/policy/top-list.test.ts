import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../kernel/brands.ts';
import { type Asked, TopList } from './top-list.ts';

const asked = (over: Partial<Asked> = {}): Asked => ({
  model: 'm',
  tenant: 'a',
  isHit: false,
  tokens: 100,
  line: () => null,
  ...over,
});
const start = wallMs(1_000_000);

test('what was asked often and takes much comes first', () => {
  const list = new TopList();
  for (let time = 0; time < 3; time++) list.count('often', asked({ isHit: time > 0 }), start);
  list.count('long', asked({ tokens: 1_000 }), start);
  list.count('once', asked(), start);
  const best = list.best(2, start);
  assert.deepEqual(
    best.map(({ key, hits, misses }) => [key, hits, misses]),
    [
      ['long', 0, 1],
      ['often', 2, 1],
    ],
  );
});

test('what was asked an hour ago counts half', () => {
  const list = new TopList();
  list.count('old', asked(), start);
  const [one] = list.best(1, wallMs(start + 3_600_000));
  assert.equal(one?.misses, 0.5);
});

test('a million questions asked once leave those that are asked again, within the budget', () => {
  const list = new TopList(40_000);
  for (let at = 0; at < 20_000; at++) {
    list.count(`once ${at}`, asked(), start);
    if (at % 10 === 0) list.count('again', asked(), start);
  }
  assert.equal(list.best(1, start)[0]?.key, 'again');
  assert.ok(list.best(1_000, start).length <= 100);
});

test('words are asked for once, and count against the budget', () => {
  const list = new TopList(2_000);
  let asks = 0;
  const line = (): string => {
    asks++;
    return 'x'.repeat(700);
  };
  list.count('a', asked({ line }), start);
  list.count('a', asked({ line }), start);
  assert.deepEqual([asks, list.best(1, start)[0]?.line?.length], [1, 700]);
  list.count('b', asked({ line }), start);
  assert.equal(list.best(9, start).length, 1);
});
