// What caches outside are told, and the requests that are addresses. The whole gateway under virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  completion,
  config,
  degrading,
  keeping,
  model,
  Rig,
  target,
  upstream,
} from '../../test/support/rig.ts';
import { key, sha256 } from '../../test/support/rig-keys.ts';
import type { CacheConfig, Config } from '../ports/config.ts';

const settings = (cache: Partial<CacheConfig> = {}, over: Partial<Config> = {}): Config =>
  config({
    upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) },
    models: { m: model([target('a')], { cache: keeping(cache) }), plain: model([target('a')]) },
    ...over,
  });
const cold = { temperature: 0 };
const said = (client: Client, name = 'cache-control'): string | undefined => client.headers[name];

test('what is made and kept says for how long, as does what is given again, less its age', () => {
  const rig = new Rig(settings({ ttlSeconds: 3_600 }));
  const first = rig.chat(cold);
  rig.last.answer(200, completion());
  assert.equal(said(first), 'private, max-age=1800');
  rig.time.advance(100_000);
  const again = rig.chat(cold);
  assert.deepEqual([said(again), said(again, 'age')], ['private, max-age=1900', '100']);
  assert.equal(said(again, 'etag'), said(first, 'etag'));
  assert.match(said(again, 'vary') ?? '', /authorization/);
  const stream = rig.stream(cold);
  assert.deepEqual([said(stream), said(stream, 'etag')], ['private, max-age=1900', said(first, 'etag')]);
});

test('answers of public models are for shared caches too, streams for none', () => {
  const rig = new Rig(settings({ ttlSeconds: 3_600, scope: 'public', staleWhileRevalidateSeconds: 30 }));
  const first = rig.chat(cold);
  rig.last.answer(200, completion());
  assert.equal(said(first), 'public, max-age=1800, s-maxage=600, stale-while-revalidate=30');
  assert.equal(said(first, 'x-accel-expires'), '600');
  assert.doesNotMatch(said(first, 'vary') ?? '', /authorization/);
  assert.equal(said(rig.stream(cold)), 'private, max-age=1800');
});

test('what is not kept here is not to be kept elsewhere, and other models say nothing', () => {
  const rig = new Rig(settings());
  const warm = rig.chat({ temperature: 1 });
  rig.last.answer(200, completion());
  assert.equal(said(warm), 'no-store');
  const cut = rig.chat(cold);
  rig.last.answer(200, completion('cut', { choices: [{ index: 0, message: {}, finish_reason: 'length' }] }));
  assert.equal(said(cut), 'no-store');
  const stream = rig.stream(cold);
  rig.last.say('x');
  assert.equal(said(stream), 'no-cache', 'whether it will be kept is not known when it begins');
  const plain = rig.chat({ ...cold, model: 'plain' });
  rig.last.answer(200, completion());
  assert.equal(said(plain), undefined);
});

test('what has run out is for nobody to keep', () => {
  const degrade = degrading({ staleAnswers: true });
  const models = { m: model([target('a')], { cache: keeping({ ttlSeconds: 60 }), degrade }) };
  const rig = new Rig(settings({}, { models }));
  const fresh = rig.chat(cold);
  rig.last.answer(200, completion());
  assert.equal(said(fresh), 'private, max-age=60, stale-if-error=86400');
  rig.time.advance(70_000);
  const late = rig.chat(cold);
  rig.last.trouble('connect');
  while (late.status === null) {
    rig.time.advance(1_000);
    if (!rig.last.cancelled) rig.last.trouble('connect');
  }
  assert.deepEqual([late.status, said(late, 'x-spillway-degraded'), said(late)], [200, 'stale', 'no-store']);
});

test('who has it already is told so, whole or streamed, kept or made anew', () => {
  const rig = new Rig(settings({ ttlSeconds: 60 }));
  const first = rig.chat(cold);
  rig.last.answer(200, completion());
  const headers = { 'if-none-match': said(first, 'etag') ?? '' };
  for (const client of [rig.chat(cold, headers), rig.stream(cold, headers)]) {
    assert.deepEqual([client.status, client.text, client.ended], [304, '', true]);
    assert.equal(said(client), 'private, max-age=60');
  }
  assert.deepEqual([rig.exchanges.at(-1)?.status, rig.exchanges.at(-1)?.outcome], [304, 'answered']);
  assert.equal(rig.chat(cold, { 'if-none-match': '"other"' }).status, 200);
  rig.time.advance(61_000);
  const anew = rig.chat(cold, headers);
  rig.last.answer(200, completion());
  assert.equal(anew.status, 304);
  rig.time.advance(61_000);
  const changed = rig.chat(cold, headers);
  rig.last.answer(200, completion('Changed.'));
  assert.equal(changed.status, 200);
  assert.notEqual(said(changed, 'etag'), said(first, 'etag'));
  assert.deepEqual(rig.bugs, []);
});

test('readers of one answer are told the same of it', () => {
  const rig = new Rig(settings());
  const [first, joined] = [rig.chat(cold), rig.chat(cold)];
  rig.last.answer(200, completion());
  assert.equal(said(joined, 'x-spillway-cache'), 'joined');
  assert.deepEqual([said(joined), said(joined, 'etag')], [said(first), said(first, 'etag')]);
});

const signing = { payer: 'cdn', keys: [{ id: 'a', secret: 's'.repeat(32) }] };
const signed = (over: Partial<Config> = {}): Rig =>
  new Rig(settings({ scope: 'public' }, { keys: [key('cdn')], signing, adminKeySha256: sha256('admin'), ...over }));
const admin = { authorization: 'Bearer admin' };
const asked = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'Hello' }] };
const addressOf = (rig: Rig, body: unknown = asked): string =>
  rig.request('/admin/cache/sign', body, { headers: admin, query: 'seconds=60' }).json['path'] ?? '';

test('a signed address is asked in the payer’s name, and shares what is kept with those who POST', () => {
  const rig = signed();
  const address = addressOf(rig);
  assert.match(address, /^\/v1\/cached\/1\./);
  const first = rig.get(address);
  rig.last.answer(200, completion('Public.'));
  assert.equal(first.status, 200);
  assert.match(said(first) ?? '', /^public, max-age=\d+, s-maxage=300$/);
  assert.equal(rig.exchanges.at(-1)?.key, 'cdn');
  assert.equal(said(rig.chat(cold, { authorization: 'Bearer sk-cdn' }), 'x-spillway-cache'), 'hit');
  assert.equal(said(rig.get(address), 'x-spillway-cache'), 'hit');
  const unchanged = rig.get(address, { headers: { 'if-none-match': said(first, 'etag') ?? '' } });
  assert.equal(unchanged.status, 304);
  assert.equal(rig.sends.length, 1);
});

test('whoever asks cannot make it cost more: no word of the head forbids what is kept', () => {
  const rig = signed();
  const address = addressOf(rig);
  rig.get(address);
  rig.last.answer(200, completion());
  const headers = { 'cache-control': 'no-cache', 'x-spillway-cache': 'bypass, namespace=x', pragma: 'no-cache' };
  assert.equal(said(rig.get(address, { headers }), 'x-spillway-cache'), 'hit');
  assert.equal(rig.sends.length, 1);
});

test('the same request has the same address for a while, whatever the order of its fields', () => {
  const rig = signed();
  const { messages, ...rest } = asked;
  assert.equal(addressOf(rig), addressOf(rig, { messages, ...rest, stream: false }));
  assert.notEqual(addressOf(rig), addressOf(rig, { ...asked, temperature: 0, user: 'x' }));
});

test('addresses that nobody signed, or that hold no longer, are refused, and no cache keeps the refusal', () => {
  const rig = signed();
  const address = addressOf(rig);
  const at = address.length - 1;
  const forged = address.slice(0, at) + (address[at] === 'A' ? 'B' : 'A');
  for (const [path, status] of [
    [forged, 403],
    ['/v1/cached/nonsense', 404],
    [address.replace('.a.', '.b.'), 403],
  ] as const) {
    const client = rig.get(path);
    assert.deepEqual([client.status, said(client)], [status, 'no-store'], path);
  }
  assert.equal(rig.request(address, '{}').status, 405);
  rig.time.advance(121_000);
  assert.equal(rig.get(address).status, 403);
  assert.equal(rig.sends.length, 0);
});

const refused = (on: Rig, body: unknown): string =>
  on.request('/admin/cache/sign', body, { headers: admin }).error.message;

test('only what anybody may read can be signed, and only where signing is set up', () => {
  const rig = signed();
  assert.match(refused(rig, { ...asked, temperature: 1 }), /the temperature is not 0/);
  assert.match(refused(rig, { ...asked, model: 'plain' }), /not kept/);
  assert.match(refused(rig, { ...asked, messages: [{ role: 'user', content: 'x'.repeat(8_000) }] }), /too long/);
  const own = new Rig(settings({}, { keys: [key('cdn')], signing, adminKeySha256: sha256('admin') }));
  assert.match(refused(own, asked), /not public/);
  assert.match(refused(signed({ signing: null }), asked), /no `signing`/);
  const address = addressOf(rig);
  rig.gateway.apply(settings({}, { keys: [key('cdn')], signing }));
  assert.equal(rig.get(address).status, 403, 'the model is not public any more');
});

test('a kept answer is told at a pace where its model has one, and the reader’s leaving ends it', () => {
  const rig = new Rig(settings({ replayTokensPerSecond: 20 }));
  rig.chat(cold);
  rig.last.answer(200, completion('Nineteen characters'));
  const stream = rig.stream({ ...cold, stream_options: { include_usage: true } });
  assert.equal(stream.said, 'Nine');
  rig.time.advance(100);
  assert.equal(stream.said, 'Nineteen cha');
  rig.time.advance(1_000);
  assert.equal(stream.said, 'Nineteen characters');
  assert.ok(stream.ended);
  assert.equal(stream.events.at(-1), '[DONE]');
  assert.match(stream.text, /"prompt_tokens":5/);
  const left = rig.stream(cold);
  left.leave();
  assert.deepEqual([rig.exchanges.at(-1)?.outcome, rig.time.timers], ['abandoned', 0]);
  assert.equal(rig.chat(cold).status, 200, 'whole answers do not wait');
  assert.deepEqual(rig.bugs, []);
});

test('a long answer is told within a minute, whatever the pace, and no character is cut in half', () => {
  const rig = new Rig(settings({ replayTokensPerSecond: 1 }));
  rig.chat(cold);
  const text = '😀'.repeat(5_000);
  rig.last.answer(200, completion(text));
  const stream = rig.stream(cold);
  rig.time.advance(61_000);
  assert.ok(stream.ended);
  assert.equal(stream.said, text);
  assert.ok(!stream.text.includes('\uFFFD'));
});
