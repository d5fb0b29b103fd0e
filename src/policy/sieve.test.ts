import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededChance } from '../../test/support/chance.ts';
import { Sieve } from './sieve.ts';

const cost = (bytes: number, worth = bytes): { bytes: number; worth: number } => ({ bytes, worth });

test('it holds what fits, and evicts what nobody has asked for since', () => {
  const sieve = new Sieve<number>(30);
  for (const [at, name] of ['a', 'b', 'c'].entries()) sieve.put(name, at, cost(10));
  assert.equal(sieve.get('a'), 0);
  sieve.put('d', 3, cost(10));
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((name) => sieve.get(name)),
    [0, null, 2, 3],
  );
  assert.deepEqual([sieve.bytes, sieve.size, sieve.evicted], [30, 3, 1]);
});

test('a newcomer worth less is turned away once, and let in when it comes again', () => {
  const sieve = new Sieve<string>(20);
  sieve.put('dear', 'x', cost(20, 2_000));
  assert.equal(sieve.put('cheap', 'y', cost(20, 20)), false);
  assert.deepEqual([sieve.get('cheap'), sieve.refused], [null, 1]);
  sieve.get('dear');
  assert.equal(sieve.put('cheap', 'y', cost(20, 20)), true);
  assert.deepEqual([sieve.get('dear'), sieve.get('cheap')], [null, 'y']);
});

test('what is replaced keeps its standing, and what is larger than everything is refused', () => {
  const sieve = new Sieve<number>(30);
  sieve.put('a', 1, cost(10));
  sieve.put('a', 2, cost(20));
  assert.deepEqual([sieve.get('a'), sieve.bytes, sieve.size], [2, 20, 1]);
  assert.equal(sieve.put('b', 3, cost(31)), false);
  assert.equal(sieve.put('a', 4, cost(31)), false);
  assert.deepEqual([sieve.get('a'), sieve.bytes], [null, 0]);
});

test('removing one, some or all gives their room back', () => {
  const sieve = new Sieve<number>(100);
  for (let at = 0; at < 10; at++) sieve.put(`${at}`, at, cost(10));
  sieve.delete('3');
  sieve.deleteWhere((value) => value % 2 === 0);
  assert.deepEqual([sieve.size, sieve.bytes], [4, 40]);
  sieve.clear();
  assert.deepEqual([sieve.size, sieve.bytes], [0, 0]);
  assert.equal(sieve.put('x', 1, cost(100)), true);
});

test('whatever happens to it, it stays within its budget and agrees with what it was told', () => {
  const chance = seededChance(11);
  const draw = (): number => chance.draw();
  const sieve = new Sieve<number>(1_000);
  const model = new Map<string, number>();
  for (let step = 0; step < 50_000; step++) {
    const key = `${Math.floor(draw() * 60)}`;
    const what = draw();
    if (what < 0.5) {
      const value = sieve.get(key);
      if (value !== null) assert.equal(value, model.get(key));
    } else if (what < 0.95) {
      if (sieve.put(key, step, cost(1 + Math.floor(draw() * 200), draw() * 500))) model.set(key, step);
      else assert.equal(sieve.get(key), null);
    } else sieve.delete(key);
    assert.ok(sieve.bytes <= 1_000 && sieve.bytes >= 0);
    assert.ok((sieve.size === 0) === (sieve.bytes === 0));
  }
});

test('of skewed requests it answers more than a cache that forgets the least recent', () => {
  const chance = seededChance(5);
  const draw = (): number => chance.draw();
  const sieve = new Sieve<true>(1_000);
  const recent = new Map<string, true>();
  let hits = 0;
  let recentHits = 0;
  const cumulated: number[] = [];
  for (let rank = 1, sum = 0; rank <= 10_000; rank++) cumulated.push((sum += 1 / rank));
  const whole = cumulated.at(-1) ?? 1;
  for (let step = 0; step < 200_000; step++) {
    const aim = draw() * whole;
    let low = 0;
    for (let high = cumulated.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((cumulated[middle] ?? 0) < aim) low = middle + 1;
      else high = middle;
    }
    const key = `${low}`;
    if (sieve.get(key)) hits++;
    else sieve.put(key, true, cost(1));
    if (recent.delete(key)) recentHits++;
    recent.set(key, true);
    if (recent.size > 1_000) for (const oldest of recent.keys()) if (recent.delete(oldest)) break;
  }
  assert.ok(hits > recentHits * 1.03, `${hits} of 200,000 hits, ${recentHits} by recency`);
});
