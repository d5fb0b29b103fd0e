import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptWith, exchangeWith, sampleExchange } from '../../test/sample-facts.ts';
import { exchangeId, keyName, modelName, wallMs } from '../kernel/brands.ts';
import { limits } from '../kernel/limits.ts';
import { TrailStore } from './trail-store.ts';

const id = (number: number) => exchangeId(`sx_${number}`);
const ids = (trails: readonly { id: string }[]) => trails.map((trail) => trail.id);

test('an exchange is kept with its attempts in order', () => {
  const store = new TrailStore();
  store.accept(attemptWith({ exchange: id(1), number: 1, fault: 'overloaded' }));
  store.accept(attemptWith({ exchange: id(2), number: 1 }));
  store.accept(attemptWith({ exchange: id(1), number: 2 }));
  assert.equal(store.get('sx_1'), null, 'not before it ended');
  store.accept(exchangeWith({ id: id(1), attempts: 2 }));
  const kept = store.get('sx_1');
  assert.deepEqual(kept?.trail, sampleExchange.trail);
  assert.deepEqual(
    kept?.attemptFacts.map((attempt) => attempt.number),
    [1, 2],
  );
  assert.equal(store.get('sx_nowhere'), null);
});

test('the newest come first, filtered and counted', () => {
  const store = new TrailStore();
  store.accept(exchangeWith({ id: id(1), outcome: 'failed' }));
  store.accept(exchangeWith({ id: id(2), key: keyName('team-b') }));
  store.accept(exchangeWith({ id: id(3), model: null, modelAsked: 'nope', outcome: 'rejected' }));
  store.accept(exchangeWith({ id: id(4), model: modelName('other'), modelAsked: 'alias' }));
  assert.deepEqual(ids(store.recent()), ['sx_4', 'sx_3', 'sx_2', 'sx_1']);
  assert.deepEqual(ids(store.recent({}, 2)), ['sx_4', 'sx_3']);
  assert.deepEqual(ids(store.recent({}, 0)), []);
  assert.deepEqual(ids(store.recent({ outcome: 'failed' })), ['sx_1']);
  assert.deepEqual(ids(store.recent({ model: 'nope' })), ['sx_3']);
  assert.deepEqual(ids(store.recent({ model: 'alias' })), ['sx_4']);
  assert.deepEqual(ids(store.recent({ key: 'team-b', outcome: 'answered' })), ['sx_2']);
});

test('it keeps as many as the limit says and forgets the oldest', () => {
  const store = new TrailStore();
  for (let i = 0; i < limits.trailsKept + 5; i++) store.accept(exchangeWith({ id: id(i), outcome: 'failed' }));
  assert.equal(store.recent({}, 1e6).length, limits.trailsKept);
  assert.equal(store.get('sx_4'), null);
  assert.notEqual(store.get('sx_5'), null);
});

const after = (ms: number) => wallMs(sampleExchange.startedAt + ms);

test('of plain answers fifty a second are kept, each standing for those before it, and of all others every one', () => {
  const store = new TrailStore();
  const perSecond = 400;
  const seconds = 10;
  for (let i = 0; i < perSecond * seconds; i++) {
    const outcome = i % 40 === 0 ? 'failed' : 'answered';
    store.accept(exchangeWith({ id: id(i), outcome, startedAt: after((i * 1_000) / perSecond) }));
  }
  const kept = store.recent({}, limits.trailsKept);
  const plain = kept.filter(({ outcome }) => outcome === 'answered');
  assert.equal(kept.length - plain.length, 100);
  // The burst is one second's more.
  assert.ok(plain.length >= 50 * (seconds + 1) - 1 && plain.length <= 50 * (seconds + 1) + 1, `${plain.length}`);
  const told = kept.reduce((sum, { standsFor }) => sum + standsFor, 0);
  assert.ok(told > perSecond * seconds - 10 && told <= perSecond * seconds, `${told}`);
});

test('below fifty a second nothing is left out, nor after a clock was set back', () => {
  const store = new TrailStore();
  let number = 0;
  for (const second of [100, 0]) {
    for (let i = 0; i < 200; i++) {
      const startedAt = wallMs(sampleExchange.startedAt + second * 1_000 + i * 25);
      store.accept(exchangeWith({ id: id(number++), startedAt }));
    }
  }
  assert.ok(store.recent({}, limits.trailsKept).length >= 399);
});

test('who waited, was lessened or was sent twice is no plain one', () => {
  const store = new TrailStore();
  for (let i = 0; i < 100; i++) store.accept(exchangeWith({ id: id(i) }));
  const before = store.recent({}, limits.trailsKept).length;
  assert.ok(before < 100);
  store.accept(exchangeWith({ id: id(101), queueMs: 1_000 }));
  store.accept(exchangeWith({ id: id(102), firstTokenMs: 10_000 }));
  store.accept(exchangeWith({ id: id(103), degraded: ['capTokens'] }));
  store.accept(exchangeWith({ id: id(104), attempts: 2 }));
  assert.equal(store.recent({}, limits.trailsKept).length, before + 4);
});

test('attempts whose exchange never ends are forgotten too', () => {
  const store = new TrailStore(10);
  for (let i = 0; i < 12; i++) store.accept(attemptWith({ exchange: id(i) }));
  for (const i of [0, 1, 11]) store.accept(exchangeWith({ id: id(i) }));
  assert.equal(store.get('sx_0')?.attemptFacts.length, 0);
  assert.equal(store.get('sx_1')?.attemptFacts.length, 1);
  assert.equal(store.get('sx_11')?.attemptFacts.length, 1);
});

test('one exchange cannot keep attempts without end', () => {
  const store = new TrailStore();
  for (let i = 0; i < 1000; i++) store.accept(attemptWith({ exchange: id(1), number: i }));
  store.accept(exchangeWith({ id: id(1) }));
  assert.equal(store.get('sx_1')?.attemptFacts.length, limits.attemptsMax);
});

test('names a client made megabytes long are not kept whole', () => {
  const store = new TrailStore();
  store.accept(exchangeWith({ id: id(1), modelAsked: 'm'.repeat(1e6), requestId: 'r'.repeat(1e5) }));
  const kept = store.get('sx_1');
  assert.equal(kept?.modelAsked?.length, 256);
  assert.equal(kept?.requestId?.length, 256);
});

test('facts of other kinds are none of its business', () => {
  const store = new TrailStore();
  store.accept({ kind: 'bug', at: 0 as never, where: 'x', error: 'y' });
  assert.deepEqual(store.recent(), []);
});
