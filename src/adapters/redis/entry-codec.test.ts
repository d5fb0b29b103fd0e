import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { wallMs } from '../../kernel/brands.ts';
import type { CacheEntry } from '../../ports/cache.ts';
import { ANSWER_BYTES_MAX, decodeEntry, encodeEntry, encodeEntryNow } from './entry-codec.ts';

function entryOf(answer: Uint8Array, more: Partial<CacheEntry> = {}): CacheEntry {
  return {
    model: 'chat',
    tenant: 't',
    namespace: 'n',
    tag: 'd',
    upstreamModel: 'deepseek-chat',
    createdAt: wallMs(1),
    freshUntil: wallMs(2),
    keepUntil: wallMs(3),
    madeInMs: 812.5,
    usage: { promptTokens: 1, completionTokens: 2, cachedTokens: null, reasoningTokens: null, source: 'estimated' },
    costMicroUsd: null,
    answer,
    ...more,
  };
}

const encode = (entry: CacheEntry, stamp = 7): Promise<Buffer | null> =>
  new Promise((resolve) => encodeEntry({ entry, stamp }, resolve));

test('an entry comes back as it was, short, long and incompressible', async () => {
  for (const answer of ['', '{}', 'x'.repeat(2_000), 'long '.repeat(40_000)]) {
    const entry = entryOf(Buffer.from(answer));
    const value = await encode(entry);
    assert.ok(value !== null);
    assert.deepEqual(decodeEntry(value), { entry: { ...entry, answer: decodeEntry(value)?.entry.answer }, stamp: 7 });
    assert.equal(Buffer.from(decodeEntry(value)?.entry.answer ?? []).toString(), answer);
    assert.deepEqual(encodeEntryNow({ entry, stamp: 7 }), value);
    if (answer.length > 1_000) assert.ok(value.length < answer.length / 2);
  }
});

test('what is too large is not kept', async () => {
  assert.equal(await encode(entryOf(new Uint8Array(ANSWER_BYTES_MAX + 1))), null);
  assert.equal(await encode(entryOf(new Uint8Array(1), { model: 'm'.repeat(100_000) })), null);
});

test('no damage is taken for an entry: any byte changed, any part missing, anything else', async () => {
  const values = await Promise.all([encode(entryOf(Buffer.from('short'))), encode(entryOf(Buffer.alloc(3_000, 'ab')))]);
  for (const value of values) {
    assert.ok(value !== null);
    fc.assert(
      fc.property(fc.nat(value.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(value);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        const read = decodeEntry(damaged);
        // The codec number stands before the checksum: a wrong one either is unknown or does not fit the length.
        assert.equal(read, null);
      }),
    );
    fc.assert(fc.property(fc.nat(value.length - 1), (end) => decodeEntry(value.subarray(0, end)) === null));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeEntry(Buffer.from(bytes)) === null));
});

test('a small value that claims to be huge is refused without making room for it', async () => {
  const bomb = encodeEntryNow({ entry: entryOf(Buffer.alloc(ANSWER_BYTES_MAX, 'a')), stamp: 0 });
  assert.ok(bomb !== null && bomb.length < 20_000);
  bomb.writeUInt32BE(1, 12);
  assert.equal(decodeEntry(bomb), null);
});
