import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fuzzKeys, requestOf } from '../../test/support/key-fuzz.ts';
import type { JsonObject, JsonValue } from '../kernel/json.ts';
import { type CacheIdentity, cacheKey } from './cache-key.ts';

const digest = { sha256: (text: string): string => createHash('sha256').update(text).digest('hex') };
const who: CacheIdentity = { salt: 'a', namespace: '', modelVersion: 'm', circumstances: [''] };

const keyOf = (body: JsonObject, identity: Partial<CacheIdentity> = {}): string =>
  cacheKey(requestOf(body), { ...who, ...identity }, digest);

test('how an answer is delivered makes no other question of it, anything else does', () => {
  const plain = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'Hi' }] };
  const delivered = { ...plain, stream: true, stream_options: {}, cache: { ttl: 5 }, priority: 1, model: 'alias' };
  assert.equal(keyOf(delivered), keyOf(plain));
  const others: JsonObject[] = [
    { ...plain, user: 'x' },
    { ...plain, temperature: 1 },
    { ...plain, messages: [{ role: 'user', content: 'Hi ' }] },
    { ...plain, messages: [{ role: 'system', content: 'Hi' }] },
    { ...plain, messages: [...plain.messages, ...plain.messages] },
    { ...plain, tools: [] },
    { ...plain, unknown_field: null },
    { ...plain, response_format: { type: 'json_object' } },
  ];
  assert.equal(new Set([plain, ...others].map((body) => keyOf(body))).size, others.length + 1);
});

test('tenant, name space, model and circumstances each make another key, and do not run into each other', () => {
  const body = { messages: [] };
  const identities: Partial<CacheIdentity>[] = [
    {},
    { salt: 'b' },
    { namespace: 'b' },
    { modelVersion: 'b' },
    { circumstances: ['b'] },
    { circumstances: ['', ''] },
    { salt: 'a"', namespace: '' },
    { salt: 'a', namespace: '"' },
    { salt: '', namespace: 'a' },
  ];
  assert.equal(new Set(identities.map((identity) => keyOf(body, identity))).size, identities.length);
});

test('a text that looks like structure is none', () => {
  const pairs: [JsonValue, JsonValue][] = [
    ['a,b', ['a', 'b']],
    ['1', 1],
    ['null', null],
    ['{"a":1}', { a: 1 }],
    [
      [['a'], 'b'],
      ['a', ['b']],
    ],
    ['\ud800', '\ufffd'],
    ['é', 'e\u0301'],
  ];
  for (const [left, right] of pairs) assert.notEqual(keyOf({ x: left }), keyOf({ x: right }));
});

test('what another dialect says in its own way only is part of the key; what is translated whole is shared', () => {
  const body = { temperature: 0, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] };
  const claude = (own: JsonObject): string =>
    cacheKey(
      requestOf(body, { dialect: 'anthropic', body: own, bytes: new Uint8Array(), untranslatable: [] }),
      who,
      digest,
    );
  assert.equal(claude({ ...body, model: 'm' }), keyOf(body));
  const thinking = (tokens: number): JsonObject => ({ ...body, thinking: { type: 'enabled', budget_tokens: tokens } });
  assert.notEqual(claude(thinking(2_000)), claude(thinking(3_000)));
  assert.notEqual(claude(thinking(2_000)), keyOf(body));
});

test('a hundred thousand fuzzed requests: one key, one tenant, one question', () => {
  fuzzKeys(20_261, 100_000);
});
