import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimatePromptTokens, estimateTokens } from './tokens.ts';

test('the empty text costs nothing and any other at least one token', () => {
  assert.equal(estimateTokens(''), 0);
  assert.equal(estimateTokens('a'), 1);
});

test('English costs about four characters a token, Chinese about one and a half', () => {
  const english = 'The quick brown fox jumps over the lazy dog near the river bank. '.repeat(20);
  assert.ok(Math.abs(english.length / estimateTokens(english) - 4.6) < 0.8);
  const chinese = '深度求索的模型接口在高峰时段经常返回服务器繁忙'.repeat(20);
  assert.ok(Math.abs(chinese.length / estimateTokens(chinese) - 1.5) < 0.1);
});

test('random base64 costs 0.7 tokens a character, repeated letters do not', () => {
  let seed = 1;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let text = '';
  for (let index = 0; index < 10_000; index++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += alphabet[Math.floor(seed / 65_536) % 64];
  }
  assert.ok(Math.abs(estimateTokens(text) - 7_000) < 350, String(estimateTokens(text)));
  assert.ok(estimateTokens('a'.repeat(10_000)) < 3_000);
});

test('hostile text takes linear time', () => {
  const before = performance.now();
  for (const text of ['a', '1', '你', 'aA1', '+', '\n']) estimateTokens(text.repeat(1_000_000 / text.length));
  assert.ok(performance.now() - before < 1_500);
});

test('a prompt counts messages, tool calls and tools, and a picture at a flat rate', () => {
  const plain = { messages: [{ role: 'user', content: 'Hello there' }] };
  const base = estimatePromptTokens(plain, 'chat');
  assert.ok(base >= 5 && base <= 8);
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A1b2'.repeat(100_000)}` } };
  assert.ok(estimatePromptTokens({ messages: [{ role: 'user', content: [picture] }] }, 'chat') < 1_100);
  const tools = [{ type: 'function', function: { name: 'weather', description: 'Tells the weather of a city' } }];
  assert.ok(estimatePromptTokens({ ...plain, tools }, 'chat') > base + 8);
});

test('inputs count texts, and token ids one by one', () => {
  assert.equal(estimatePromptTokens({ input: [1, 2, 3] }, 'embeddings'), 3);
  assert.equal(estimatePromptTokens({ input: [[1, 2], [3]] }, 'embeddings'), 3);
  assert.equal(estimatePromptTokens({ prompt: 'ab', suffix: 'cd' }, 'completions'), Math.ceil(2 * 0.967));
});
