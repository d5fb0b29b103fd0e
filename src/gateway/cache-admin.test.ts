// What an operator may do to kept answers: fill, forget, and see what would be worth having ready.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, keeping, model, Rig, target, upstream } from '../../test/support/rig.ts';
import { as, key, sha256 } from '../../test/support/rig-keys.ts';
import type { CacheConfig, Config } from '../ports/config.ts';

const settings = (cache: Partial<CacheConfig> = {}, over: Partial<Config> = {}): Config =>
  config({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) },
    models: { m: model([target('a')], { cache: keeping(cache) }), plain: model([target('a')]) },
    keys: [key('one'), key('two')],
    adminKeySha256: sha256('admin'),
    ...over,
  });
const admin = { headers: { authorization: 'Bearer admin' } };
const request = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'Hello' }] };
const pair = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({ request, answer: completion('Filled.'), ...over });
const fill = (rig: Rig, lines: readonly string[], query = ''): { kept: number; refused: number; troubles: string[] } =>
  rig.request('/admin/cache/entries', lines.join('\n'), { ...admin, query }).json as never;
const hit = (rig: Rig, who: string, over: Record<string, unknown> = {}): boolean => {
  const client = rig.chat({ temperature: 0, ...over }, as(who));
  if (client.status === null) rig.last.answer(200, completion());
  return client.headers['x-spillway-cache'] === 'hit';
};

test('what is filled is given to the key that the line names, and to nobody else', () => {
  const rig = new Rig(settings());
  assert.deepEqual(fill(rig, [pair({ key: 'one' }), '', pair()]), {
    kept: 1,
    refused: 1,
    troubles: ['line 3 does not say whose it is: add `key`, or choose one for all lines'],
  });
  assert.deepEqual([hit(rig, 'one'), hit(rig, 'two')], [true, false]);
  const other = new Rig(settings());
  assert.equal(fill(other, [pair()], 'key=two').kept, 1);
  assert.deepEqual([hit(other, 'two'), hit(other, 'one')], [true, false]);
  const open = new Rig(settings({}, { keys: [] }));
  assert.equal(fill(open, [pair()]).kept, 1);
  assert.equal(open.chat({ temperature: 0 }).headers['x-spillway-cache'], 'hit');
  const shared = new Rig(settings({ scope: 'public' }));
  assert.equal(fill(shared, [pair()]).kept, 1);
  assert.ok(hit(shared, 'one') && hit(shared, 'two'));
});

test('a pair in another dialect is found by who asks in any', () => {
  const rig = new Rig(settings());
  const claude = { model: 'm', max_tokens: 50, temperature: 0, messages: [{ role: 'user', content: 'Hello' }] };
  assert.equal(fill(rig, [pair({ key: 'one', url: '/v1/messages', request: claude })]).kept, 1);
  const message = rig.request('/v1/messages', claude, { headers: as('one') });
  assert.equal(message.headers['x-spillway-cache'], 'hit');
});

const bad = (over: Record<string, unknown>): string => pair({ key: 'one', ...over });

test('what could not be found, or is not to be kept, is refused and says why, without a word of it', () => {
  const rig = new Rig(settings());
  const lines = [
    '{"secret"',
    bad({ request: { ...request, temperature: 1 } }),
    bad({ request: { ...request, model: 'plain' } }),
    bad({ request: { ...request, model: 'unknown' } }),
    bad({ request: { ...request, messages: 'secret' } }),
    bad({ key: 'nobody' }),
    bad({ url: '/v1/nowhere' }),
    bad({ answer: completion('x'.repeat(300_000)) }),
    bad({ answer: { object: 'chat.completion', choices: [{ finish_reason: 'length', message: {} }] } }),
    JSON.stringify({ ...request, key: 'one' }),
  ];
  const { kept, troubles } = fill(rig, lines);
  assert.equal(kept, 0);
  assert.equal(troubles.length, lines.length);
  assert.doesNotMatch(troubles.join('\n'), /secret/);
  assert.match(troubles.join('\n'), /line 2 .*temperature[^]*line 3 .*not kept[^]*line 10 has no `answer`/);
  const many = Array.from({ length: 1_001 }, () => '').join('\n');
  assert.equal(rig.request('/admin/cache/entries', many, admin).status, 413);
  assert.equal(rig.request('/admin/cache/entries', '', { ...admin, query: 'key=nobody' }).status, 400);
});

test('a tenant’s answers are forgotten by its name, a name space’s by its own, and others stay', () => {
  const rig = new Rig(settings());
  const inB = { cache: { namespace: 'b' } };
  const kept = (): boolean[] => [hit(rig, 'one'), hit(rig, 'two'), hit(rig, 'one', inB), hit(rig, 'two', inB)];
  kept();
  assert.deepEqual(kept(), [true, true, true, true]);
  const purged = rig.request('/admin/cache/purge', '{}', { ...admin, query: 'tenant=one' });
  assert.equal(purged.status, 200);
  assert.doesNotMatch(purged.text, /one/, 'the word to other gateways does not name it');
  assert.deepEqual(kept(), [false, true, false, true]);
  rig.time.advance(1);
  rig.request('/admin/cache/purge', '{}', { ...admin, query: 'namespace=b' });
  rig.time.advance(1);
  kept();
  assert.deepEqual(kept(), [true, true, true, true]);
  rig.request('/admin/cache/purge', '{}', { ...admin, query: 'namespace=b' });
  assert.deepEqual(kept(), [true, true, false, false]);
  for (const query of ['tenant=nobody', 'tenant=one&model=m']) {
    assert.equal(rig.request('/admin/cache/purge', '{}', { ...admin, query }).status, 400, query);
  }
});

interface Question {
  readonly key: string;
  readonly tenant: string;
  readonly hits: number;
  readonly misses: number;
  readonly tokens: number;
  readonly hasRequest: boolean;
}
const topOf = (rig: Rig, query = ''): Question[] =>
  rig.get('/admin/cache/top', { ...admin, query }).json['questions'] as unknown as Question[];

test('what is asked most is told by hashes and counts, without a word of it', () => {
  const rig = new Rig(settings());
  for (let time = 0; time < 3; time++) hit(rig, 'one');
  hit(rig, 'two', { user: 'somebody' });
  const [first, second] = topOf(rig);
  assert.deepEqual(
    [first?.tenant, first?.hits, first?.misses, first?.tokens, first?.hasRequest],
    ['one', 2, 1, 7, false],
  );
  assert.equal(second?.tenant, 'two');
  assert.match(first?.key ?? '', /^[0-9a-f]{64}$/);
  const told =
    rig.get('/admin/cache/top', admin).text + rig.get('/admin/cache/top', { ...admin, query: 'requests=true' }).text;
  assert.doesNotMatch(told, /Hello|somebody/);
  assert.equal(topOf(rig, 'count=1').length, 1);
  assert.equal(rig.get('/admin/cache/top', { ...admin, query: 'count=0' }).status, 400);
});

test('where a model’s operator says so its questions are told in words, as lines that can be filled in again', () => {
  const rig = new Rig(settings({ saveRequests: true }));
  hit(rig, 'one');
  rig.chat({ temperature: 0, stream: true, cache: { namespace: 'b' } }, as('one'));
  rig.last.say('Hi.');
  const lines = rig
    .get('/admin/cache/top', { ...admin, query: 'requests=true' })
    .text.trim()
    .split('\n');
  assert.equal(lines.length, 2);
  const other = new Rig(settings());
  const pairs = lines.map((line) => {
    const { body, ...rest } = JSON.parse(line) as { body: unknown };
    return JSON.stringify({ ...rest, request: body, answer: completion('Saved.') });
  });
  assert.deepEqual(fill(other, pairs), { kept: 2, refused: 0, troubles: [] });
  assert.ok(hit(other, 'one') && hit(other, 'one', { cache: { namespace: 'b' } }));
});
