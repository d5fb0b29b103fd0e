import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fieldOf, isWithin, PurgeEpochs, type PurgeNotice, readNotice } from './purge-epochs.ts';

const key = (name: string) => ({ kind: 'key', key: name }) as const;
const model = (name: string) => ({ kind: 'model', model: name }) as const;
const tenant = (name: string) => ({ kind: 'tenant', tenant: name }) as const;
const namespace = (name: string) => ({ kind: 'namespace', namespace: name }) as const;
const of = (name: string, more: { tenant?: string; namespace?: string } = {}) => ({
  model: name,
  tenant: 't',
  namespace: '',
  ...more,
});

test('an entry is dead to who knows of a later purge of its model, or of everything', () => {
  const epochs = new PurgeEpochs();
  assert.equal(epochs.isPurged(0, of('a')), false);
  epochs.hear({ scope: model('a'), epoch: 5, before: 0 });
  assert.deepEqual(
    [epochs.isPurged(4, of('a')), epochs.isPurged(5, of('a')), epochs.isPurged(4, of('b'))],
    [true, false, false],
  );
  epochs.hear({ scope: { kind: 'all' }, epoch: 9, before: 0 });
  assert.deepEqual([epochs.isPurged(8, of('b')), epochs.isPurged(9, of('b'))], [true, false]);
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
      fc.array(
        fc.dictionary(
          fc.constantFrom('all', 'key', 'model:a', 'tenant:a'),
          fc.oneof(fc.nat(), fc.double(), fc.integer()),
        ),
      ),
      (lessons) => {
        const epochs = new PurgeEpochs();
        let before = epochs.fields();
        for (const lesson of lessons) {
          epochs.learn(lesson);
          const now = epochs.fields();
          // Of what was purged with everything only that is remembered.
          for (const [field, epoch] of Object.entries(before)) {
            assert.ok((now[field] ?? now['all'] ?? 0) >= epoch);
          }
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
    new Set([{ kind: 'all' } as const, key('all'), model('all'), tenant('all'), namespace('all')].map(fieldOf)).size,
    5,
  );
});

test('a tenant and a name space are purged without anybody else’s, and told on like all others', () => {
  const epochs = new PurgeEpochs();
  epochs.hear({ scope: tenant('t'), epoch: 5, before: 0 });
  epochs.hear({ scope: namespace('n'), epoch: 6, before: 0 });
  assert.equal(epochs.isPurged(4, of('m')), true);
  assert.equal(epochs.isPurged(4, of('m', { tenant: 'u' })), false);
  assert.equal(epochs.isPurged(5, of('m', { namespace: 'n' })), true);
  assert.equal(epochs.isPurged(5, of('m', { namespace: 'o' })), false);
  const other = new PurgeEpochs();
  assert.deepEqual(other.learn(epochs.fields()), [tenant('t'), namespace('n')]);
  const told = { kind: 'namespace', name: 'n', epoch: 7, before: 6 };
  assert.deepEqual(readNotice(told)?.scope, namespace('n'));
  const entry = of('m', { namespace: 'n' });
  const scopes = [{ kind: 'all' } as const, key('k'), model('m'), tenant('t'), namespace('n')];
  assert.ok(scopes.every((scope) => isWithin(scope, 'k', entry)));
  const others = [key('l'), model('o'), tenant('u'), namespace('o'), namespace('')];
  assert.ok(others.every((scope) => !isWithin(scope, 'k', entry)));
});

test('names without end are not remembered without end: then everything is purged, and they are forgotten', () => {
  const epochs = new PurgeEpochs();
  for (let at = 1; at <= 10_000; at++) {
    const scope = epochs.within(namespace(`n${at}`));
    epochs.hear({ scope, epoch: at, before: 0 });
  }
  assert.deepEqual(epochs.within(namespace('one more')), { kind: 'all' });
  assert.deepEqual(epochs.within(namespace('n7')), namespace('n7'));
  epochs.hear({ scope: { kind: 'all' }, epoch: 10_001, before: 0 });
  assert.deepEqual(epochs.fields(), { all: 10_001 });
  assert.deepEqual(epochs.learn({ 'namespace:n7': 7 }), [], 'a late word of what is gone');
});
