import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json } from '../../gateway/admin-words.ts';
import type { PageAnswer } from '../../ports/page.ts';
import { asksAll, mergeAdmin } from './merge-admin.ts';
import type { PageOrder } from './words.ts';

const order = (path: string, query = '', method = 'GET'): PageOrder => ({ method, path, query, body: '' });
const bodyOf = ({ body }: PageAnswer): unknown => JSON.parse(body);

const upstream = (inFlight: number, healthy: boolean, breaker: string, restingMs: number): PageAnswer =>
  json(200, {
    upstreams: [
      {
        name: 'u',
        inFlight,
        healthy,
        listedModels: null,
        credentials: [{ ordinal: 1, restingMs }],
        targets: [{ id: 'u/m', inFlight, breaker, restingMs: 0 }],
      },
    ],
  });
const list = (...ends: number[]): PageAnswer =>
  json(200, { exchanges: ends.map((startedAt) => ({ id: `x${startedAt}`, startedAt, durationMs: 1 })) });
const top = (hits: number): PageAnswer =>
  json(200, { questions: [{ key: 'q', hits, misses: 1, hasRequest: hits > 1 }] });
const lines = (body: string): PageAnswer => ({ status: 200, contentType: 'application/x-ndjson', body });

test('upstreams are told with what all workers hold, and the worst that one knows', () => {
  const merged = mergeAdmin(order('/admin/upstreams'), [
    upstream(1, true, 'closed', 0),
    upstream(2, false, 'open', 50),
  ]);
  assert.deepEqual(bodyOf(merged), {
    upstreams: [
      {
        name: 'u',
        inFlight: 3,
        healthy: false,
        listedModels: null,
        credentials: [{ ordinal: 1, restingMs: 50 }],
        targets: [{ id: 'u/m', inFlight: 3, breaker: 'open', restingMs: 0 }],
      },
    ],
  });
});

test('the last exchanges of all workers are one list, newest first and no longer than asked', () => {
  const merged = mergeAdmin(order('/admin/exchanges', 'count=3'), [list(9, 3), list(8, 7)]);
  const ids = (bodyOf(merged) as { exchanges: { id: string }[] }).exchanges.map(({ id }) => id);
  assert.deepEqual(ids, ['x9', 'x8', 'x7']);
});

test('one exchange is told by whoever knows it', () => {
  const unknown = json(404, {});
  const known = json(200, { id: 'x' });
  assert.equal(mergeAdmin(order('/admin/exchanges/x'), [unknown, known]), known);
  assert.equal(mergeAdmin(order('/admin/exchanges/x'), [unknown, unknown]), unknown);
});

test('a purge has been done when all have done it', () => {
  const done = json(200, { purged: {} });
  const trouble = json(502, {});
  assert.equal(mergeAdmin(order('/admin/cache/purge', '', 'POST'), [done, done]), done);
  assert.equal(mergeAdmin(order('/admin/cache/purge', '', 'POST'), [done, trouble]), trouble);
});

test('questions asked at several workers count together; their lines stand once', () => {
  assert.deepEqual(bodyOf(mergeAdmin(order('/admin/cache/top'), [top(1), top(4)])), {
    questions: [{ key: 'q', hits: 5, misses: 2, hasRequest: true }],
  });
  const merged = mergeAdmin(order('/admin/cache/top', 'requests=true&count=2'), [
    lines('{"a":1}\n'),
    lines('{"a":1}\n{"b":2}\n{"c":3}\n'),
  ]);
  assert.equal(merged.body, '{"a":1}\n{"b":2}\n');
});

test('what one alone can say is not asked of all', () => {
  const own = ['/admin/config', '/admin/reload', '/admin/upstreams/u/balance', '/admin/cache/sign'];
  const all = ['/admin/upstreams', '/admin/exchanges', '/admin/exchanges/x', '/admin/cache/purge', '/admin/cache/top'];
  assert.deepEqual(
    [...own, ...all].filter((path) => asksAll(order(path))),
    all,
  );
});
