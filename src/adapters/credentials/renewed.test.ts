import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../../memory/virtual-time.ts';
import { CredentialError } from '../../ports/credentials.ts';
import { type Dated, Renewed } from './renewed.ts';

const HOUR_MS = 3_600_000;

/** Gives out t1, t2, … when the test says so. */
class Source {
  readonly time = new VirtualTime();
  trips = 0;
  #answers: { resolve: (dated: Dated<string>) => void; reject: (error: Error) => void }[] = [];
  readonly anew: boolean[] = [];
  readonly renewed = new Renewed<string>((anew = false) => this.#obtain(anew), this.time, this.time);

  #obtain(anew: boolean): Promise<Dated<string>> {
    this.trips++;
    this.anew.push(anew);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }

  async answer(lifeMs: number | null = HOUR_MS): Promise<void> {
    const expiresAt = lifeMs === null ? null : this.time.wall() + lifeMs;
    this.#answers.shift()?.resolve({ value: `t${this.trips}`, expiresAt });
    await settle();
  }

  async refuse(error: Error): Promise<void> {
    this.#answers.shift()?.reject(error);
    await settle();
  }

  /** Asks and lets the trip succeed. */
  async begin(lifeMs: number | null = HOUR_MS): Promise<void> {
    const first = this.renewed.get();
    await this.answer(lifeMs);
    await first;
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('many who ask at once cost one trip, and later ones none', async () => {
  const source = new Source();
  const waiting = [source.renewed.get(), source.renewed.get(), source.renewed.get()];
  await source.answer();
  for (const value of waiting) assert.equal(await value, 't1');
  assert.equal(source.renewed.get(), 't1', 'at once, without a promise');
  assert.equal(source.trips, 1);
});

test('five minutes before the end a new one is fetched while the old one is still given out', async () => {
  const source = new Source();
  await source.begin();
  source.time.advance(HOUR_MS - 300_001);
  source.renewed.get();
  assert.equal(source.trips, 1);
  source.time.advance(1);
  assert.equal(source.renewed.get(), 't1');
  assert.equal(source.renewed.get(), 't1');
  assert.equal(source.trips, 2, 'once');
  await source.answer();
  assert.equal(source.renewed.get(), 't2');
});

test('a renewal in the background that fails, or brings no later end, is tried again after a pause', async () => {
  const source = new Source();
  await source.begin();
  source.time.advance(HOUR_MS - 200_000);
  source.renewed.get();
  await source.refuse(new Error('down'));
  assert.equal(source.renewed.get(), 't1', 'nobody hears of it');
  assert.equal(source.trips, 2);
  source.time.advance(30_000);
  assert.equal(source.renewed.get(), 't1');
  assert.equal(source.trips, 3);
});

test('an expired one is never given out: everybody waits for the next', async () => {
  const source = new Source();
  await source.begin();
  source.time.advance(HOUR_MS - 10_000);
  const next = source.renewed.get();
  assert.ok(next instanceof Promise);
  await source.answer();
  assert.equal(await next, 't2');
});

test('one that lives for a minute is renewed at half its life', async () => {
  const source = new Source();
  await source.begin(60_000);
  source.time.advance(29_999);
  source.renewed.get();
  assert.equal(source.trips, 1);
  source.time.advance(1);
  assert.equal(source.renewed.get(), 't1');
  assert.equal(source.trips, 2);
});

test('one without an end is kept until it is dropped', async () => {
  const source = new Source();
  await source.begin(null);
  source.time.advance(1_000 * HOUR_MS);
  assert.equal(source.renewed.get(), 't1');
  source.renewed.drop('t1');
  assert.ok(source.renewed.get() instanceof Promise);
});

test('what was refused is obtained anew once, however many were refused with it', async () => {
  const source = new Source();
  await source.begin();
  source.renewed.drop('t1');
  const failing = assert.rejects(Promise.resolve(source.renewed.get()));
  await source.refuse(new Error('down'));
  await failing;
  source.time.advance(1_000);
  const next = source.renewed.get();
  await source.answer();
  assert.equal(await next, 't3');
  source.renewed.drop('t1');
  assert.equal(source.renewed.get(), 't3', 'a late refusal of the old one says nothing of the new');
  assert.deepEqual(source.anew, [false, true, true]);
});

test('a failure reaches all who wait, and those who ask within a second after', async () => {
  const source = new Source();
  const waiting = [source.renewed.get(), source.renewed.get()].map((value) => assert.rejects(Promise.resolve(value)));
  await source.refuse(new CredentialError('connect', 'down'));
  await Promise.all(waiting);
  await assert.rejects(Promise.resolve(source.renewed.get()), { kind: 'connect', message: 'down' });
  assert.equal(source.trips, 1);
  source.time.advance(1_000);
  const next = source.renewed.get();
  await source.answer();
  assert.equal(await next, 't2');
});

test('a trip that does not end is given up after ten seconds, as a connection that could not be made', async () => {
  const source = new Source();
  const waiting = assert.rejects(Promise.resolve(source.renewed.get()), { kind: 'connect' });
  source.time.advance(10_000);
  await waiting;
  assert.equal(source.time.timers, 0);
});
