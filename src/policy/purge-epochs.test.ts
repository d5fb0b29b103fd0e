import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fieldOf, PurgeEpochs, type PurgeNotice, readNotice } from './purge-epochs.ts';

const key = (name: string) => ({ kind: 'key', key: name }) as const;
const model = (name: string) => ({ kind: 'model', model: name }) as const;

test('an entry is dead to who knows of a later purge of its model, or of everything', () => {
  const epochs = new PurgeEpochs();
  assert.equal(epochs.isPurged(0, 'a'), false);
  epochs.hear({ scope: model('a'), epoch: 5, before: 0 });
  assert.deepEqual([epochs.isPurged(4, 'a'), epochs.isPurged(5, 'a'), epochs.isPurged(4, 'b')], [true, false, false]);
  epochs.hear({ scope: { kind: 'all' }, epoch: 9, before: 0 });
  assert.deepEqual([epochs.isPurged(8, 'b'), epochs.isPurged(9, 'b')], [true, false]);
  assert.equal(epochs.latest, 9);
});

test('a purge is news once, by whichever way it came', () => {
  const epochs = new PurgeEpochs();
  const notice: PurgeNotice = { scope: model('a'), epoch: 5, before: 0 };
  assert.deepEqual(epochs.hear(notice), [model('a')]);
  assert.deepEqual(epochs.hear(notice), []);
  assert.deepEqual(epochs.learn({ 'model:a': 5 }), []);
  assert.deepEqual(epochs.learn({ 'model:a': 6, all: 7 }), [model('a'), { kind: 'all' }]);
});

test('purges of single entries that were missed are noticed, whether by the next one or by asking', () => {
  const epochs = new PurgeEpochs();
  assert.deepEqual(epochs.hear({ scope: key('k1'), epoch: 3, before: 0 }), [key('k1')]);
  assert.deepEqual(epochs.hear({ scope: key('k2'), epoch: 4, before: 3 }), [key('k2')]);
  assert.deepEqual(epochs.hear({ scope: key('k4'), epoch: 6, before: 5 }), [{ kind: 'lost' }]);
  assert.deepEqual(epochs.learn({ key: 8 }), [{ kind: 'lost' }]);
});

test('what is learned is never unlearned, and nonsense is not learned', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.constantFrom('all', 'key', 'model:a'), fc.oneof(fc.nat(), fc.double(), fc.integer()))),
      (lessons) => {
        const epochs = new PurgeEpochs();
        let before = epochs.fields();
        for (const lesson of lessons) {
          epochs.learn(lesson);
          const now = epochs.fields();
          for (const [field, epoch] of Object.entries(before)) assert.ok((now[field] ?? 0) >= epoch);
          assert.ok(Object.values(now).every((epoch) => Number.isSafeInteger(epoch) && epoch <= epochs.latest));
          before = now;
        }
      },
    ),
  );
});

test('a notice is read back as it was told, and anything else is none', () => {
  const told = { kind: 'model', name: 'a', epoch: 5, before: 2 };
  assert.deepEqual(readNotice(told), { scope: model('a'), epoch: 5, before: 2 });
  assert.deepEqual(readNotice({ ...told, kind: 'all', name: '' }), { scope: { kind: 'all' }, epoch: 5, before: 2 });
  for (const bad of [null, 1, 'x', {}, { ...told, epoch: '5' }, { ...told, kind: 'tree' }, { ...told, name: 3 }]) {
    assert.equal(readNotice(bad), null);
  }
});

test('fields of different scopes never meet', () => {
  assert.equal(
    new Set([fieldOf({ kind: 'all' }), fieldOf({ kind: 'key', key: 'all' }), fieldOf(model('all'))]).size,
    3,
  );
});
