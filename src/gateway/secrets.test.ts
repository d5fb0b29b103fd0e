import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutSecrets } from './secrets.ts';

const signed =
  'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLEAKIDEXAMPLE/20260101/eu/bedrock/aws4_request, SignedHeaders=host, Signature=5fa00fa31553b73ebf1942676e86291e';
const shown = ['authorization', 'Bearer ya29.secret', 'x-tenant', 'blue', 'authorization', signed];

test('a value, its token and its parts are taken out; short ones are words', () => {
  assert.equal(withoutSecrets('got Bearer ya29.secret', shown), 'got [redacted]');
  assert.equal(withoutSecrets('token ya29.secret of blue', shown), 'token [redacted] of blue');
  assert.equal(withoutSecrets('sig 5fa00fa31553b73ebf1942676e86291e', shown), 'sig [redacted]');
  assert.equal(withoutSecrets(`was ${signed}!`, shown), 'was [redacted]!');
  assert.equal(withoutSecrets('nothing here', shown), 'nothing here');
});

test('a message cut in the middle of a secret keeps nothing of it', () => {
  assert.equal(withoutSecrets('token ya29.sec…', shown), 'token [redacted]…');
  assert.equal(withoutSecrets('an end…', shown), 'an end…');
});
