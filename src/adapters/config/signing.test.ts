import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodConfig, problemsIn } from '../../../test/support/config.ts';

const secret = 's'.repeat(32);

test('signing keys are read, the first first, with the key that pays', () => {
  const text = `keys: [{ key: sk-cdn-0000, name: cdn }]
signing: { payer: cdn, keys: [{ id: b, secret: '\${SIGNING_SECRET}' }, { id: a, secret: ${'t'.repeat(40)} }] }`;
  const { signing } = goodConfig(text, { SIGNING_SECRET: secret });
  assert.deepEqual(signing, {
    payer: 'cdn',
    keys: [
      { id: 'b', secret },
      { id: 'a', secret: 't'.repeat(40) },
    ],
  });
  assert.equal(goodConfig('port: 1').signing, null);
  assert.equal(goodConfig(`signing: { keys: [{ id: a, secret: ${secret} }] }`).signing?.payer, null);
});

test('short secrets, shared ids and payers that are nobody are refused, and no secret is quoted', () => {
  const keys = 'keys: [{ key: sk-cdn-0000, name: cdn }]\n';
  assert.match(problemsIn(`${keys}signing: { keys: [{ id: a, secret: ${secret} }] }`)[0] ?? '', /needs `payer`/);
  const wrong = problemsIn(
    `${keys}signing: { payer: cnd, keys: [{ id: a, secret: short-one }, { id: a, secret: ${secret} }, { id: A_ }] }`,
  ).join('\n');
  assert.match(wrong, /at least 32 characters/);
  assert.match(wrong, /two signing keys have the id `a`/);
  assert.match(wrong, /up to 16 lower-case/);
  assert.match(wrong, /no key has the name `cnd`.*cdn/);
  assert.doesNotMatch(wrong, /short-one|ssss/);
  assert.match(problemsIn('signing: {}')[0] ?? '', /needs `keys`/);
});
