import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../kernel/brands.ts';
import { noRateLevels, partOf, readRateLevels } from './rate-headers.ts';

const NOW = wallMs(Date.parse('2026-11-01T00:00:00Z'));

test('the OpenAI family tells both limits, with resets as durations', () => {
  const headers = {
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-limit-tokens': '30000',
    'x-ratelimit-remaining-tokens': '0',
    'x-ratelimit-reset-tokens': '1m0s',
  };
  assert.deepEqual(readRateLevels(headers, NOW), {
    requests: { limit: 500, remaining: 499, resetMs: 120 },
    tokens: { limit: 30_000, remaining: 0, resetMs: 60_000 },
  });
});

test('Anthropic tells resets as instants; the limit on input tokens stands in for one on all', () => {
  const headers = {
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '49',
    'anthropic-ratelimit-requests-reset': '2026-11-01T00:00:12Z',
    'anthropic-ratelimit-input-tokens-limit': '40000',
    'anthropic-ratelimit-input-tokens-remaining': '39000',
    'anthropic-ratelimit-input-tokens-reset': '2026-10-31T23:59:59Z',
  };
  assert.deepEqual(readRateLevels(headers, NOW), {
    requests: { limit: 50, remaining: 49, resetMs: 12_000 },
    tokens: { limit: 40_000, remaining: 39_000, resetMs: 0 },
  });
});

test('missing, negative, zero limits and words are unknown', () => {
  for (const [limit, remaining] of [
    ['-1', '-1'],
    ['500', '-1'],
    ['0', '0'],
    ['many', '3'],
    ['', ''],
    ['1e3', '5'],
  ]) {
    const headers = { 'x-ratelimit-limit-requests': limit, 'x-ratelimit-remaining-requests': remaining };
    assert.deepEqual(readRateLevels(headers, NOW), noRateLevels, `${limit} ${remaining}`);
  }
  assert.deepEqual(readRateLevels({ 'x-ratelimit-limit-tokens': '100' }, NOW), noRateLevels);
});

test('a reset that cannot be read, or lies days ahead, is unknown; the level stays', () => {
  for (const reset of ['soon', '99h0m0s', '2027-11-01T00:00:00Z', '-3']) {
    const headers = {
      'x-ratelimit-limit-tokens': '100',
      'x-ratelimit-remaining-tokens': '500',
      'x-ratelimit-reset-tokens': reset,
    };
    assert.deepEqual(readRateLevels(headers, NOW).tokens, { limit: 100, remaining: 100, resetMs: null }, reset);
  }
});

test('one of several takes its part, and one alone all', () => {
  const told = { limit: 100, remaining: 10, resetMs: 1_000 };
  assert.deepEqual(partOf(0.25, told), { limit: 25, remaining: 2.5, resetMs: 1_000 });
  assert.equal(partOf(1, told), told);
  assert.equal(partOf(0.25, null), null);
});
