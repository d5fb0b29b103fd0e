import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../kernel/brands.ts';
import { RateWindow } from './rate-window.ts';

const at = monotonicMs;

test('no limit is known until somebody tells of one', () => {
  const window = new RateWindow();
  window.take(1e9, at(0));
  assert.equal(window.waitMs(1e9, at(1)), 0);
  assert.equal(window.perMinute, null);
  window.tell(null, 0, at(2));
  assert.equal(window.waitMs(1e9, at(3)), 0);
});

test('a told level is taken as it stands and fills up by the minute', () => {
  const window = new RateWindow();
  const mark = window.take(100, at(0));
  window.tell({ limit: 6000, remaining: 50, resetMs: 59_500 }, mark, at(0));
  assert.equal(window.waitMs(50, at(0)), 0);
  assert.equal(window.waitMs(150, at(0)), 1000);
  assert.equal(window.waitMs(150, at(1000)), 0);
});

test('what was sent after the answer was asked for is not in its figure, and is taken off', () => {
  const window = new RateWindow();
  const mark = window.take(100, at(0));
  window.take(40, at(1));
  window.tell({ limit: 6000, remaining: 50, resetMs: null }, mark, at(2));
  assert.equal(window.waitMs(10, at(2)), 0);
  assert.ok(window.waitMs(11, at(2)) > 0);
});

test('older news that comes later is dropped', () => {
  const window = new RateWindow();
  const first = window.take(100, at(0));
  const second = window.take(100, at(1));
  window.tell({ limit: 600, remaining: 0, resetMs: null }, second, at(2));
  window.tell({ limit: 600, remaining: 500, resetMs: null }, first, at(3));
  assert.ok(window.waitMs(100, at(3)) > 0);
});

test('a limit that takes longer than a minute to fill is one per hour or day', () => {
  const window = new RateWindow();
  window.tell({ limit: 3600, remaining: 0, resetMs: 3_600_000 }, window.take(1, at(0)), at(0));
  assert.equal(window.perMinute, 60);
});

test('an amount larger than the bucket passes when the bucket is full, and is paid off after', () => {
  const window = new RateWindow();
  window.tell({ limit: 60, remaining: 60, resetMs: 0 }, window.take(0, at(0)), at(0));
  assert.equal(window.waitMs(100, at(0)), 0);
  window.take(100, at(0));
  assert.equal(window.waitMs(60, at(0)), 100_000);
});

test('a refusal teaches the rate of the last while, less a little', () => {
  const window = new RateWindow();
  for (let ms = 0; ms < 30_000; ms += 100) window.take(10, at(ms));
  assert.equal(window.refuse(at(29_000), at(30_000)), true);
  const perMinute = window.perMinute ?? 0;
  assert.ok(Math.abs(perMinute - 0.93 * 6000) < 300, String(perMinute));
});

test('one trouble cuts once: sends from before the cut say nothing new', () => {
  const window = new RateWindow();
  for (let ms = 0; ms < 30_000; ms += 100) window.take(10, at(ms));
  window.refuse(at(29_000), at(30_000));
  const after = window.perMinute;
  assert.equal(window.refuse(at(29_500), at(30_100)), false);
  assert.equal(window.perMinute, after);
  assert.equal(window.refuse(at(30_200), at(30_300)), true);
  assert.ok((window.perMinute ?? 0) < (after ?? 0));
});

test('a told limit is not cut by a refusal: nothing is left of it, that is all', () => {
  const window = new RateWindow();
  window.tell({ limit: 600, remaining: 300, resetMs: null }, window.take(1, at(0)), at(0));
  window.refuse(at(1), at(2));
  assert.equal(window.perMinute, 600);
  assert.ok(window.waitMs(1, at(2)) > 0);
});

function send(window: RateWindow, fromMs: number, toMs: number, cost: number): number {
  let sent = 0;
  for (let ms = fromMs; ms < toMs; ms += 10) {
    while (window.waitMs(cost, at(ms)) === 0) {
      window.take(cost, at(ms));
      sent += cost;
    }
  }
  return sent;
}

test('a learned rate is back at the trouble after four seconds, and grows beyond it while it binds', () => {
  const window = new RateWindow();
  for (let ms = 0; ms < 30_000; ms += 100) window.take(10, at(ms));
  window.refuse(at(29_000), at(30_000));
  const cut = window.perMinute ?? 0;
  send(window, 30_000, 35_000, 5);
  assert.ok(Math.abs((window.perMinute ?? 0) - cut / 0.93) < 0.02 * cut);
  send(window, 35_000, 60_000, 5);
  assert.ok((window.perMinute ?? 0) > 1.5 * cut);
});

test('a learned rate that binds nobody stays', () => {
  const window = new RateWindow();
  for (let ms = 0; ms < 30_000; ms += 100) window.take(10, at(ms));
  window.refuse(at(29_000), at(30_000));
  const cut = window.perMinute;
  for (let ms = 31_000; ms < 90_000; ms += 1_000) if (window.waitMs(1, at(ms)) === 0) window.take(1, at(ms));
  assert.equal(window.perMinute, cut);
});

test('a learned rate is kept', () => {
  const window = new RateWindow();
  for (let ms = 0; ms < 30_000; ms += 100) window.take(10, at(ms));
  window.refuse(at(29_000), at(30_000));
  const perMs = (window.perMinute ?? 0) / 60_000;
  const sent = send(window, 30_000, 32_000, 5);
  assert.ok(sent <= perMs * 2_000 * 1.09 + 5, String(sent));
});

test('refunds give back, never above full', () => {
  const window = new RateWindow();
  window.tell({ limit: 100, remaining: 100, resetMs: 0 }, window.take(0, at(0)), at(0));
  const mark = window.take(80, at(0));
  window.settle(-30, mark, at(0));
  assert.equal(window.waitMs(50, at(0)), 0);
  assert.ok(window.waitMs(51, at(0)) > 0);
  window.settle(-1000, mark, at(0));
  window.take(100, at(0));
  assert.ok(window.waitMs(1, at(0)) > 0);
});

test('what the upstream has counted itself is not settled a second time', () => {
  const window = new RateWindow();
  const mark = window.take(80, at(0));
  window.tell({ limit: 100, remaining: 20, resetMs: null }, mark, at(0));
  window.settle(-60, mark, at(0));
  assert.ok(window.waitMs(21, at(0)) > 0);
});

test('refusals of what was sent before a cut do not fill the bucket', () => {
  const window = new RateWindow();
  const marks = Array.from({ length: 20 }, (_, index) => window.take(10, at(index)));
  for (const mark of marks) {
    window.refuse(at(19), at(100));
    window.settle(-10, mark, at(100));
  }
  assert.ok(window.waitMs(10, at(100)) > 0);
});
