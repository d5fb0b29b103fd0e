import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { PrefixAffinity, prefixMarks } from './affinity.ts';

const at = monotonicMs;
const text = (characters: number, seed = 'a'): string => seed.repeat(characters);
const system = Array.from({ length: 400 }, (_, line) => `Rule ${line}: be brief. `).join('');

test('the target that read the longest common beginning is found', () => {
  const index = new PrefixAffinity();
  const first = prefixMarks('t', system + text(5_000, 'x'));
  const second = prefixMarks('t', system + text(5_000, 'y'));
  index.onServed(first, 'one', at(0));
  assert.equal(index.lastServed(second, at(1))?.target, 'one');
  const common = index.lastServed(second, at(1))?.characters ?? 0;
  assert.equal(common, Math.floor(system.length / 512) * 512);
  index.onServed(second, 'two', at(1));
  assert.deepEqual(index.lastServed(first, at(2)), { target: 'one', characters: first.length * 512 });
  assert.equal(index.lastServed(prefixMarks('t', system), at(2))?.target, 'two');
});

test('another tenant finds nothing, whatever it sends', () => {
  const index = new PrefixAffinity();
  index.onServed(prefixMarks('alice', system), 'one', at(0));
  assert.equal(index.lastServed(prefixMarks('bob', system), at(0)), null);
  assert.equal(index.lastServed(prefixMarks('alic', `e${system}`), at(0)), null);
});

test('only whole blocks count, and a changed first letter changes all marks', () => {
  assert.equal(prefixMarks('t', text(511)).length, 0);
  assert.equal(prefixMarks('t', text(1_535)).length, 2);
  assert.deepEqual(prefixMarks('t', text(1_024)), prefixMarks('t', text(2_000)).slice(0, 2));
  const changed = new Set(prefixMarks('t', `b${text(4_999)}`));
  assert.ok(prefixMarks('t', text(5_000)).every((mark) => !changed.has(mark)));
  assert.equal(prefixMarks('t', text(1_000_000)).length, 256);
});

test('marks are exact numbers and do not collide in a large sample', () => {
  const seen = new Set<number>();
  for (let prompt = 0; prompt < 20_000; prompt++) {
    for (const mark of prefixMarks('t', `${prompt} ${text(600)}`)) seen.add(mark);
  }
  assert.equal(seen.size, 20_000);
  assert.ok([...seen].every((mark) => Number.isSafeInteger(mark)));
});

test('after ten minutes the cache is believed gone', () => {
  const index = new PrefixAffinity();
  const marks = prefixMarks('t', system);
  index.onServed(marks, 'one', at(0));
  assert.notEqual(index.lastServed(marks, at(600_000)), null);
  assert.equal(index.lastServed(marks, at(600_001)), null);
});

test('it remembers so many blocks, those used last', () => {
  const index = new PrefixAffinity();
  const kept = prefixMarks('kept', system);
  const flood = Array.from({ length: 349_000 }, (_, mark) => mark);
  index.onServed(kept, 'one', at(0));
  index.onServed(flood.slice(0, 150_000), 'other', at(0));
  index.onServed(kept, 'one', at(0));
  index.onServed(flood.slice(150_000, 240_000), 'other', at(0));
  assert.equal(index.lastServed(kept, at(0))?.characters, kept.length * 512);
  assert.equal(index.lastServed([100], at(0)), null);
  index.onServed(flood.slice(240_000), 'other', at(0));
  assert.equal(index.lastServed(kept, at(0)), null);
  const remembered = flood.filter((mark) => index.lastServed([mark], at(0)) !== null).length;
  assert.ok(remembered <= 200_000 && remembered >= 100_000, `${remembered} blocks`);
});
