import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodConfig, problemsIn } from '../../../test/support/config.ts';

const base = 'upstreams: { demo: { provider: scripted } }\nmodels: { m: { targets: [demo/demo] } }\n';

test('without a word there is no Redis', () => {
  assert.equal(goodConfig(base).redis, null);
});

test('one server is told by its address, all that it may say included', () => {
  const { redis } = goodConfig(`${base}redis: { url: 'rediss://me:p%40ss@[::1]:7000/3', timeoutMs: 20 }`);
  assert.deepEqual(redis, {
    nodes: [{ host: '::1', port: 7000 }],
    isCluster: false,
    username: 'me',
    password: 'p@ss',
    database: 3,
    tls: true,
    caFile: null,
    prefix: 'spillway',
    timeoutMs: 20,
  });
});

test('a cluster is told by some of its nodes', () => {
  const redis = goodConfig(`${base}redis: { nodes: [one, 'two:7001'], password: secret }`).redis;
  assert.deepEqual(redis?.nodes, [
    { host: 'one', port: 6379 },
    { host: 'two', port: 7001 },
  ]);
  assert.deepEqual([redis?.isCluster, redis?.password, redis?.tls], [true, 'secret', false]);
});

test('the variable overrides the address and leaves the rest', () => {
  const variables = { REDIS_URL: 'redis://:secret@other:7002' };
  const { redis } = goodConfig(`${base}redis: { nodes: [one], password: mine, prefix: ours }`, variables);
  assert.deepEqual([redis?.nodes[0]?.host, redis?.isCluster, redis?.password], ['other', false, 'secret']);
  assert.equal(redis?.prefix, 'ours');
  assert.equal(goodConfig(base, { REDIS_URL: 'redis://a:1, redis://b:2' }).redis?.isCluster, true);
});

const wrong: readonly [string, RegExp][] = [
  ['redis: {}', /needs `url`/],
  ['redis: { url: redis://a, nodes: [b] }', /not both/],
  ['redis: { url: http://secret@a }', /must look like/],
  ['redis: { nodes: [a, "redis://secret@b/2"] }', /only database 0/],
  ['redis: { url: redis://a, caFile: absent.pem }', /cannot be read.*\n.*no effect|no effect/],
  ['redis: { url: redis://a, timeoutMs: 5000 }', /timeoutMs/],
];

test('what is wrong is said, and no secret with it', () => {
  for (const [text, expected] of wrong) {
    const problems = problemsIn(base + text).join('\n');
    assert.match(problems, expected, text);
    assert.ok(!problems.includes('secret'), text);
  }
  const broken = problemsIn(base, { REDIS_URL: 'http://secret@x' });
  assert.match(broken.join(), /REDIS_URL must look like/);
  assert.ok(!broken.join().includes('secret'));
});
