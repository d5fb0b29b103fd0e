import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../kernel/brands.ts';
import { cacheHeaders, type CacheReach, hasAlready, type KeptTimes } from './cache-directives.ts';

const times = (freshS: number, keptS = freshS): KeptTimes => ({
  createdAt: wallMs(0),
  freshUntil: wallMs(freshS * 1_000),
  keepUntil: wallMs(keptS * 1_000),
  tag: 'abc',
});
const reach = (over: Partial<CacheReach> = {}): CacheReach => ({
  scope: 'public',
  isStream: false,
  staleWhileRevalidateSeconds: 0,
  outlivesErrors: false,
  ...over,
});
const said = (headers: readonly string[], name: string): string | undefined =>
  headers[headers.indexOf(name) + 1 || headers.length];

test('a client may keep it for half an hour, a shared cache for ten minutes, and nobody past its end', () => {
  const headers = cacheHeaders(times(7_200), reach(), wallMs(0));
  assert.equal(said(headers, 'cache-control'), 'public, max-age=1800, s-maxage=600');
  assert.equal(said(headers, 'x-accel-expires'), '600');
  const older = cacheHeaders(times(300), reach(), wallMs(100_000));
  assert.equal(said(older, 'cache-control'), 'public, max-age=300, s-maxage=300', 'of which 100 have gone by (Age)');
  assert.equal(said(older, 'x-accel-expires'), '200');
});

test('what is one tenant’s is private, and so is a stream', () => {
  const own = cacheHeaders(times(3_600), reach({ scope: 'tenant' }), wallMs(0));
  assert.equal(said(own, 'cache-control'), 'private, max-age=1800');
  assert.match(said(own, 'vary') ?? '', /^authorization, x-api-key, api-key, x-spillway-cache/);
  const stream = cacheHeaders(times(60), reach({ isStream: true }), wallMs(0));
  assert.equal(said(stream, 'cache-control'), 'private, max-age=60');
  assert.equal(said(stream, 'x-accel-expires'), undefined);
});

test('old answers may stand in outside as long as they may here', () => {
  const may = reach({ staleWhileRevalidateSeconds: 30, outlivesErrors: true });
  const headers = cacheHeaders(times(60, 3_660), may, wallMs(0));
  assert.equal(
    said(headers, 'cache-control'),
    'public, max-age=60, s-maxage=60, stale-while-revalidate=30, stale-if-error=3600',
  );
});

test('what has run out is not kept by anybody', () => {
  assert.deepEqual(cacheHeaders(times(60), reach(), wallMs(60_000)), ['cache-control', 'no-store']);
});

test('a caller who has it already says so in any of the ways that HTTP has', () => {
  for (const header of ['"abc"', 'W/"abc"', '"x", W/"abc"']) assert.equal(hasAlready('abc', header), true, header);
  for (const header of [undefined, '', '*', 'abc', '"abcd"']) assert.equal(hasAlready('abc', header), false);
  assert.equal(hasAlready('', '""'), false);
});
