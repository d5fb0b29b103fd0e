import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWarmLine } from './warm-file.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
const path = '/v1/chat/completions';
const answer = { object: 'chat.completion', choices: [] };

const pathOf = (line: unknown): string | null => {
  const read = readWarmLine(JSON.stringify(line));
  return read?.ok === true ? read.value.path : null;
};

test('a request, a pair and a line of a batch file are read', () => {
  assert.deepEqual(readWarmLine(JSON.stringify(request)), {
    ok: true,
    value: { path, request, answer: null, keyName: null },
  });
  assert.deepEqual(readWarmLine(JSON.stringify({ request, answer, key: 'team' })), {
    ok: true,
    value: { path, request, answer, keyName: 'team' },
  });
  const batch = { custom_id: '1', method: 'POST', url: '/v1/chat/completions', body: request };
  assert.deepEqual(readWarmLine(JSON.stringify(batch)), {
    ok: true,
    value: { path, request, answer: null, keyName: null },
  });
  const input = { model: 'e', input: 'Hi' };
  assert.equal(pathOf({ url: '/v1/embeddings', body: input }), '/v1/embeddings');
  assert.equal(pathOf({ url: '/v1/messages', request }), '/v1/messages');
  assert.equal(pathOf({ model: 'm', prompt: 'Hi' }), '/v1/completions');
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
    JSON.stringify({ model: 'm', input: 'secret' }),
  ];
  for (const line of lines) {
    const result = readWarmLine(line);
    assert.ok(result !== null && !result.ok, line);
    assert.ok(!result.error.includes('secret'));
  }
});
