import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../kernel/limits.ts';
import { retryAfterMs } from './retry-after.ts';

const date = 'Tue, 24 Nov 2026 10:00:00 GMT';

test('every form of waiting is understood, milliseconds before seconds', () => {
  assert.equal(retryAfterMs({ 'retry-after-ms': '250', 'retry-after': '9' }), 250);
  assert.equal(retryAfterMs({ 'x-ms-retry-after-ms': '1200' }), 1_200);
  assert.equal(retryAfterMs({ 'retry-after': '7' }), 7_000);
  assert.equal(retryAfterMs({ 'retry-after': '0.5' }), 500);
  assert.equal(retryAfterMs({ 'retry-after': '0' }), 0);
});

test('a date is measured against the date of the same answer, and ignored without one', () => {
  const later = 'Tue, 24 Nov 2026 10:00:30 GMT';
  assert.equal(retryAfterMs({ 'retry-after': later, date }), 30_000);
  for (const same of ['Tuesday, 24-Nov-26 10:00:30 GMT', 'Tue Nov 24 10:00:30 2026 GMT', '2026-11-24T10:00:30Z']) {
    assert.equal(retryAfterMs({ 'retry-after': same, date }), 30_000, same);
  }
  assert.equal(retryAfterMs({ 'retry-after': later }), null);
  assert.equal(retryAfterMs({ 'retry-after': later, date: 'yesterday' }), null);
  assert.equal(retryAfterMs({ 'retry-after': date, date: later }), null);
});

test('a reset counts only for a budget of which nothing is left', () => {
  const reset = { 'x-ratelimit-reset-requests': '1m0s', 'x-ratelimit-reset-tokens': '120ms' };
  assert.equal(
    retryAfterMs({ ...reset, 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-remaining-requests': '5' }),
    120,
  );
  assert.equal(
    retryAfterMs({ ...reset, 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-remaining-requests': '0' }),
    60_000,
  );
  assert.equal(retryAfterMs({ ...reset, 'x-ratelimit-remaining-requests': '-1' }), null);
  assert.equal(retryAfterMs(reset), null);
});

test('nonsense is no wait, and no wait is longer than the maximum', () => {
  for (const value of ['', 'soon', '-5', 'NaN', '1e9', '5, 6', 'in 2027', '-2030', 'wait 12/31/2026', '60s'])
    assert.equal(retryAfterMs({ 'retry-after': value, date }), null, value);
  assert.equal(retryAfterMs({ 'retry-after': '99999999' }), limits.retryAfterMsMax);
});
