import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededChance } from '../../../test/support/chance.ts';
import type { VectorEntry } from '../../ports/vectors.ts';
import { normalized } from './lexical-embedder.ts';
import { VectorSpaces } from './vector-space.ts';

const MIB = 1024 * 1024;
const chance = seededChance(3);
const vector = (dimensions = 8): Float32Array<ArrayBuffer> => {
  const made = normalized(Float32Array.from({ length: dimensions }, () => chance.draw() - 0.5));
  assert.ok(made !== null);
  return made;
};
const entry = (key: string, over: Partial<VectorEntry> = {}): VectorEntry => ({
  space: 's',
  partition: 'p',
  key,
  model: 'm',
  tenant: 't',
  namespace: '',
  freshUntil: 1_000,
  keepUntil: 2_000,
  vector: vector(),
  ...over,
});
const spaces = (vectorsMax = 100, bytesMax = MIB): VectorSpaces => new VectorSpaces({ vectorsMax, bytesMax });
const sought = (of: Float32Array<ArrayBuffer>, over = {}) =>
  ({ space: 's', partition: 'p', vector: of, except: '', now: 0, ...over }) as const;

test('the nearest is the one that a look at all of them finds, through puts, changes and removals', () => {
  const held = spaces();
  const known = new Map<string, VectorEntry>();
  for (let step = 0; step < 3_000; step++) {
    const key = `k${Math.floor(chance.draw() * 90)}`;
    const partition = `p${Math.floor(chance.draw() * 3)}`;
    if (chance.draw() < 0.4) {
      held.remove('s', key);
      known.delete(key);
    } else {
      const put = entry(key, { partition });
      held.put({ ...put, vector: put.vector.slice() });
      known.set(key, put);
    }
    const asked = vector();
    const best = [...known.values()]
      .filter((one) => one.partition === partition)
      .map((one) => ({
        key: one.key,
        likeness: one.vector.reduce((sum, value, at) => sum + value * (asked[at] ?? 0), 0),
      }))
      .toSorted((one, other) => other.likeness - one.likeness)[0];
    const { fresh } = held.nearest(sought(asked, { partition }));
    assert.equal(fresh?.key, best?.key);
    assert.ok(Math.abs((fresh?.likeness ?? 0) - (best?.likeness ?? 0)) < 1e-5);
  }
  assert.equal(held.size, known.size);
});

test('what is not fresh any more is told apart, what is not kept any more is not found, and a renewed one is fresh again', () => {
  const held = spaces();
  const at = vector();
  held.put(entry('a', { vector: at.slice() }));
  assert.equal(held.nearest(sought(at, { now: 999 })).fresh?.key, 'a');
  const old = held.nearest(sought(at, { now: 1_000 }));
  assert.deepEqual([old.fresh, old.kept?.key], [null, 'a']);
  assert.equal(held.nearest(sought(at, { now: 2_000 })).kept, null);
  held.renew('s', 'a', { freshUntil: 3_000, keepUntil: 4_000 });
  assert.equal(held.nearest(sought(at, { now: 2_000 })).fresh?.key, 'a');
  assert.equal(held.nearest(sought(at, { now: 2_000, except: 'a' })).fresh, null);
});

test('no tenant finds what another one put, whatever both ask: 20,000 of them', () => {
  const held = new VectorSpaces({ vectorsMax: 500, bytesMax: 64 * MIB });
  const few = Array.from({ length: 20 }, () => vector());
  const pick = (): Float32Array<ArrayBuffer> => (few[Math.floor(chance.draw() * few.length)] ?? vector()).slice();
  for (let step = 0; step < 20_000; step++) {
    const tenant = `t${Math.floor(chance.draw() * 6)}`;
    const partition = `p${Math.floor(chance.draw() * 4)}`;
    if (step % 2 === 0)
      held.put(entry(`${tenant} ${partition} ${step % 60}`, { space: tenant, partition, tenant, vector: pick() }));
    const { fresh, kept } = held.nearest(sought(pick(), { space: tenant, partition }));
    for (const found of [fresh, kept]) assert.ok(found === null || found.key.startsWith(`${tenant} ${partition} `));
  }
});

test('a purge takes what it names, and nothing else', () => {
  const scopes = [
    [{ kind: 'model', model: 'other' }, ['b']],
    [{ kind: 'tenant', tenant: 'other' }, ['c']],
    [{ kind: 'namespace', namespace: 'other' }, ['d']],
    [{ kind: 'key', key: 'a' }, ['a']],
    [{ kind: 'all' }, ['a', 'b', 'c', 'd']],
  ] as const;
  for (const [scope, gone] of scopes) {
    const held = spaces();
    const at = vector();
    const all = { a: {}, b: { model: 'other' }, c: { tenant: 'other' }, d: { namespace: 'other' } };
    for (const [key, over] of Object.entries(all))
      held.put(entry(key, { ...over, partition: key, vector: at.slice() }));
    held.purge(scope);
    for (const key of Object.keys(all)) {
      const { fresh } = held.nearest(sought(at, { partition: key }));
      assert.equal(fresh === null, (gone as readonly string[]).includes(key), `${scope.kind}: ${key}`);
    }
    if (scope.kind === 'all') assert.deepEqual([held.size, held.bytes], [0, 0]);
  }
});

test('a full space lets its oldest go; when there are too many bytes, the largest space does', () => {
  const held = spaces(3);
  for (const key of ['a', 'b', 'c', 'd']) held.put(entry(key));
  assert.deepEqual([held.size, held.nearest(sought(vector(), { except: 'b' })).kept !== null], [3, true]);
  const tight = spaces(10_000, MIB);
  const [one, other] = [vector(256), vector(256)];
  tight.put(entry('small', { space: 'small', vector: one.slice() }));
  for (let at = 0; at < 3_000; at++) tight.put(entry(`k${at}`, { vector: other.slice() }));
  assert.ok(tight.bytes <= MIB && tight.size > 100, `${tight.size} in ${tight.bytes} bytes`);
  assert.equal(tight.nearest(sought(one, { space: 'small' })).fresh?.key, 'small');
  assert.equal(tight.nearest(sought(other)).fresh !== null, true);
});

test('tenants who have asked little take little: the room for 4,000 vectors holds one of each of 500', () => {
  const held = spaces(10_000, 1_000 * 256 * 4 * 4);
  for (let at = 0; at < 500; at++) held.put(entry(`k${at}`, { space: `tenant ${at}`, vector: vector(256) }));
  assert.equal(held.size, 500);
});

test('a space whose vectors have another length begins anew, and is asked with the right length only', () => {
  const held = spaces();
  held.put(entry('a'));
  held.put(entry('b', { vector: vector(16) }));
  assert.equal(held.size, 1);
  assert.equal(held.nearest(sought(vector(8))).fresh, null);
  assert.equal(held.nearest(sought(vector(16))).fresh?.key, 'b');
});
