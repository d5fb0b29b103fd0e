import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  openSigned,
  SIGNED_REQUEST_CHARACTERS_MAX,
  signRequest,
  type SigningKey,
  signedUntil,
} from './signed-request.ts';

const hmac = (secret: string, text: string): Uint8Array => createHmac('sha256', secret).update(text).digest();
const old: SigningKey = { id: '0', secret: 'old secret' };
const key: SigningKey = { id: '1', secret: 'new secret' };
const now = 1_800_000_000;

function signed(canonical: string, expires = now + 600, by = key): string {
  const result = signRequest(canonical, expires, by, hmac);
  assert.ok(result.ok);
  return result.value;
}

test('a signed request is read back as it was, whatever it says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 1, max: 10 ** 8 }), (text, left) => {
      const address = signed(text, now + left);
      assert.match(address, /^[\w.-]+$/);
      assert.deepEqual(openSigned(address, now, [key], hmac), {
        ok: true,
        value: { canonical: text, expiresAtSeconds: now + left },
      });
    }),
  );
});

test('the same request has the same address, so that caches hit', () => {
  assert.equal(signed('{"model":"m"}'), signed('{"model":"m"}'));
  assert.notEqual(signed('{"model":"m"}'), signed('{"model":"n"}'));
});

test('nothing that was changed is accepted', () => {
  const address = signed('{"model":"m","temperature":0}');
  fc.assert(
    fc.property(fc.nat(address.length - 1), fc.constantFrom('A', 'z', '0', '-', '_', '.'), (at, character) => {
      const changed = address.slice(0, at) + character + address.slice(at + 1);
      assert.equal(openSigned(changed, now, [key], hmac).ok, changed === address);
    }),
  );
  for (const text of ['', '.', '1....', 'x'.repeat(100_000), `${address}.x`, `${address}A`, address.slice(1)]) {
    assert.equal(openSigned(text, now, [key], hmac).ok, false);
  }
});

test('another secret signs nothing, and an old one may still hold', () => {
  const address = signed('{}', now + 60, old);
  assert.deepEqual(openSigned(address, now, [key], hmac), { ok: false, error: 'unknownKey' });
  assert.deepEqual(openSigned(address, now, [{ ...old, secret: 'other' }], hmac), { ok: false, error: 'badSignature' });
  assert.equal(openSigned(address, now, [key, old], hmac).ok, true);
});

test('it holds until it expires', () => {
  const address = signed('{}', now + 60);
  assert.equal(openSigned(address, now + 59, [key], hmac).ok, true);
  assert.deepEqual(openSigned(address, now + 60, [key], hmac), { ok: false, error: 'expired' });
});

test('a request too long for an address is not signed', () => {
  assert.equal(signRequest('x'.repeat(5_600), now, key, hmac).ok, true);
  const result = signRequest('x'.repeat(SIGNED_REQUEST_CHARACTERS_MAX), now, key, hmac);
  assert.deepEqual(result, { ok: false, error: 'tooLong' });
});

test('within one span a request has one address, which holds at least that long', () => {
  const until = signedUntil(6_000, 600);
  assert.equal(signedUntil(6_599, 600), until);
  assert.ok(until - 6_599 > 600 && until - 6_000 <= 1_200);
});
