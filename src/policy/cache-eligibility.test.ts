import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestOf } from '../../test/support/key-fuzz.ts';
import type { CanonicalRequest } from '../kernel/chat.ts';
import type { JsonObject } from '../kernel/json.ts';
import { limits } from '../kernel/limits.ts';
import { controlsOf, isRepeatable, refusesSimilar, whyNotCached } from './cache-eligibility.ts';

const request = (body: JsonObject, over: Partial<CanonicalRequest> = {}): CanonicalRequest => ({
  ...requestOf(body),
  ...over,
});

const config = {
  ttlSeconds: 300,
  scope: 'tenant',
  staleWhileRevalidateSeconds: 0,
  staleIfErrorSeconds: 0,
  anyTemperature: false,
  tools: false,
  hitChargePercent: 0,
  replayTokensPerSecond: null,
  saveRequests: false,
} as const;
const functions = [{ type: 'function', function: { name: 'f' } }];

test('the strictest of what body and headers say counts', () => {
  const none = { reads: true, stores: true, maxAgeMs: null, ttlMs: null, namespace: '' };
  assert.deepEqual(controlsOf(request({}), {}), none);
  const said = controlsOf(request({ cache: { 'no-store': true, ttl: 60, namespace: 'n', 'no-cache': false } }), {
    'cache-control': 'max-age=30, no-cache',
  });
  assert.deepEqual(said, { reads: false, stores: false, maxAgeMs: 30_000, ttlMs: 60_000, namespace: 'n' });
  assert.deepEqual(controlsOf(request({}), { 'x-spillway-cache': 'No-Store, ttl="5", namespace=a' }), {
    ...none,
    stores: false,
    ttlMs: 5_000,
    namespace: 'a',
  });
  assert.deepEqual(controlsOf(request({ cache: { 's-maxage': 7, no_cache: true } }), {}), {
    ...none,
    reads: false,
    maxAgeMs: 7_000,
  });
  for (const word of ['bypass', 'off']) {
    const { reads, stores } = controlsOf(request({}), { 'x-spillway-cache': word });
    assert.deepEqual([reads, stores], [false, false]);
  }
});

test('who wants the answer to his own question and no similar one says so in body or header', () => {
  assert.equal(refusesSimilar(request({}), {}), false);
  assert.equal(refusesSimilar(request({ cache: { semantic: true, 'no-store': true } }), {}), false);
  assert.equal(refusesSimilar(request({ cache: { semantic: false } }), {}), true);
  assert.equal(refusesSimilar(request({ cache: { 'no-semantic': true } }), {}), true);
  assert.equal(refusesSimilar(request({}), { 'x-spillway-cache': 'ttl=5, No-Semantic' }), true);
});

test('what makes no sense says nothing', () => {
  const none = controlsOf(request({}), {});
  for (const cache of ['yes', 5, null, [], { ttl: -1 }, { ttl: 'soon' }, { namespace: { a: 1 } }]) {
    assert.deepEqual(controlsOf(request({ cache }), { 'cache-control': 'public, ,=' }), none);
  }
});

test('who speaks another dialect says it in his own body', () => {
  const native = { dialect: 'anthropic', body: { cache: { 'no-cache': true } }, bytes: new Uint8Array() } as const;
  assert.equal(controlsOf(request({}, { native: { ...native, untranslatable: [] } }), {}).reads, false);
});

test('only what may be asked again with the same result is looked at', () => {
  const why = (body: JsonObject, over: Partial<CanonicalRequest> = {}, more = {}): string | null =>
    whyNotCached(request({ temperature: 0, ...body }, over), 100, { ...config, ...more });
  assert.equal(why({}), null);
  assert.equal(why({}, { surface: 'embeddings', body: {} }), null);
  assert.match(why({ temperature: 0.1 }) ?? '', /temperature/);
  assert.equal(why({ temperature: 1 }, {}, { anyTemperature: true }), null);
  assert.match(why({ tools: functions }) ?? '', /tools/);
  assert.equal(why({ tools: functions }, {}, { tools: true }), null);
  assert.match(why({ tools: [{ type: 'web_search' }] }, {}, { tools: true }) ?? '', /far away/);
  assert.match(why({ plugins: [] }) ?? '', /look something up/);
  assert.match(why({ store: true }) ?? '', /stored/);
  assert.match(why({}, { needs: ['audio'] }) ?? '', /audio/);
  assert.match(why({}, { needs: ['logprobs'] }) ?? '', /logprobs/);
  assert.match(why({}, { surface: 'countTokens' }) ?? '', /counting/);
  assert.match(why({}, { surface: 'completions', stream: true }) ?? '', /streamed/);
  assert.match(whyNotCached(request({ temperature: 0 }), limits.cacheRequestBytesMax + 1, config) ?? '', /large/);
});

const choice = (over: JsonObject = {}, message: JsonObject = { content: 'x' }): JsonObject => ({
  finish_reason: 'stop',
  message,
  ...over,
});

test('an answer is given again when every choice of it ended by itself', () => {
  assert.equal(isRepeatable({ choices: [choice(), choice()] }), true);
  assert.equal(isRepeatable({ choices: [{ finish_reason: 'stop', text: 'x' }] }), true);
  assert.equal(isRepeatable({ data: [{}] }), true);
  for (const bad of [
    { choices: [] },
    { data: [] },
    {},
    { choices: [choice(), choice({ finish_reason: 'length' })] },
    { choices: [choice({}, { content: null, tool_calls: [{}] })] },
    { choices: [choice({}, { content: null, refusal: 'No.' })] },
  ]) {
    assert.equal(isRepeatable(bad), false, JSON.stringify(bad));
  }
});
