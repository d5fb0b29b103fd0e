import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWarmLine } from './warm-file.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
const answer = { object: 'chat.completion', choices: [] };

test('a request, a pair and a line of a batch file are read', () => {
  assert.deepEqual(readWarmLine(JSON.stringify(request)), {
    ok: true,
    value: { request, answer: null, keyName: null },
  });
  assert.deepEqual(readWarmLine(JSON.stringify({ request, answer, key: 'team' })), {
    ok: true,
    value: { request, answer, keyName: 'team' },
  });
  const batch = { custom_id: '1', method: 'POST', url: '/v1/chat/completions', body: request };
  assert.deepEqual(readWarmLine(JSON.stringify(batch)), { ok: true, value: { request, answer: null, keyName: null } });
});

test('a blank line says nothing', () => {
  assert.equal(readWarmLine('  '), null);
});

test('what is wrong is said without quoting it', () => {
  const lines = [
    'secret',
    '"secret"',
    '{"secret":1}',
    '{"model":"secret"}',
    JSON.stringify({ request, answer: 'secret' }),
    JSON.stringify({ request, answer: { object: 'secret' } }),
    JSON.stringify({ ...request, key: ['secret'] }),
    JSON.stringify({ body: ['secret'] }),
  ];
  for (const line of lines) {
    const result = readWarmLine(line);
    assert.ok(result !== null && !result.ok, line);
    assert.ok(!result.error.includes('secret'));
  }
});
