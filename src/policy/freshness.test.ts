import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededChance } from '../../test/support/chance.ts';
import { wallMs } from '../kernel/brands.ts';
import { standingOf, timesOf } from './freshness.ts';

const entry = { createdAt: wallMs(0), freshUntil: wallMs(60_000), keepUntil: wallMs(600_000), madeInMs: 2_000 };
const at = (now: number, draw = 0, over = {}): string =>
  standingOf(entry, { staleMs: 30_000, maxAgeMs: null, ...over }, wallMs(now), draw);

test('an entry is fresh, then stale, then kept for bad times, then gone', () => {
  assert.deepEqual(
    [0, 59_999, 60_000, 89_999, 90_000, 599_999, 600_000].map((now) => at(now)),
    ['fresh', 'fresh', 'stale', 'stale', 'kept', 'kept', 'gone'],
  );
  assert.equal(at(60_000, 0, { staleMs: 0 }), 'kept');
});

test('the nearer its end, and the longer it takes to make, the likelier it is made anew early', () => {
  const chance = seededChance(3);
  const draw = (): number => chance.draw();
  const share = (leftMs: number): number => {
    let early = 0;
    for (let time = 0; time < 10_000; time++) if (at(60_000 - leftMs, draw()) === 'early') early++;
    return early / 10_000;
  };
  // P(-ln U >= left / made) = e^(-left / made).
  for (const leftMs of [500, 2_000, 6_000]) {
    assert.ok(Math.abs(share(leftMs) - Math.exp(-leftMs / 2_000)) < 0.02, `${leftMs} ms before its end`);
  }
  assert.equal(share(40_000), 0);
  assert.equal(at(0, 0.999_999_999), 'fresh');
});

test('a caller may ask for younger ones, and still be given an older one when nobody can answer', () => {
  assert.equal(at(10_000, 0, { maxAgeMs: 10_000 }), 'fresh');
  assert.equal(at(10_001, 0, { maxAgeMs: 10_000 }), 'kept');
});

test('the caller’s word shortens how long it is fresh, never lengthens it; it outlives errors by consent', () => {
  const config = {
    ttlSeconds: 60,
    scope: 'tenant',
    staleWhileRevalidateSeconds: 10,
    staleIfErrorSeconds: 100,
    anyTemperature: false,
    tools: false,
    hitChargePercent: 0,
    replayTokensPerSecond: null,
    saveRequests: false,
  } as const;
  assert.deepEqual(timesOf(config, null, true, wallMs(1_000)), { freshUntil: 61_000, keepUntil: 161_000 });
  assert.deepEqual(timesOf(config, null, false, wallMs(1_000)), { freshUntil: 61_000, keepUntil: 71_000 });
  assert.deepEqual(timesOf(config, 5_000, false, wallMs(0)), { freshUntil: 5_000, keepUntil: 15_000 });
  assert.equal(timesOf(config, 5_000_000, false, wallMs(0)).freshUntil, 60_000);
});
