import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import { chatAnswer, readAnswer } from './answer.ts';

const bytes = (body: JsonObject): Uint8Array => utf8Encode(JSON.stringify(body));
const answer = (content: JsonObject[], more: JsonObject = {}): JsonObject => ({
  output: { message: { role: 'assistant', content } },
  stopReason: 'end_turn',
  usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
  metrics: { latencyMs: 1 },
  ...more,
});
const full = answer(
  [
    { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'proof' } } },
    { reasoningContent: { redactedContent: 'b64==' } },
    { text: 'Hello ' },
    { citationsContent: { content: [{ text: 'there.' }], citations: [{ title: 'x' }] } },
    { toolUse: { toolUseId: 'tooluse_a', name: 'add', input: { a: 1 } } },
  ],
  { stopReason: 'tool_use' },
);

suite('a whole answer', () => {
  test('is read: what it says, how it ended, what it cost', () => {
    assert.deepEqual(readAnswer('chat', bytes(full)), {
      content: true,
      reasoning: true,
      toolCall: true,
      text: 'Hello there.',
      characters: 'Hm.Hello there.add{"a":1}'.length,
      finishReason: 'tool_calls',
      usage: { promptTokens: 3, completionTokens: 4, cachedTokens: null, reasoningTokens: null, source: 'provider' },
      usageOnly: false,
      done: false,
      fault: null,
    });
  });

  test('becomes a chat completion', () => {
    const format = 'anthropic-claude-v1';
    assert.deepEqual(chatAnswer(bytes(full)), {
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Hello there.',
            reasoning_content: 'Hm.',
            reasoning_details: [
              { type: 'reasoning.text', text: 'Hm.', signature: 'proof', format, index: 0 },
              { type: 'reasoning.encrypted', data: 'b64==', format, index: 1 },
            ],
            tool_calls: [{ id: 'tooluse_a', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
            refusal: null,
          },
          finish_reason: 'tool_calls',
          logprobs: null,
        },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    });
  });

  test('of calls alone has null for content', () => {
    const body = answer([{ toolUse: { toolUseId: 'a', name: 'now', input: {} } }]);
    const [choice] = chatAnswer(bytes(body))['choices'] as { message: JsonObject }[];
    assert.equal(choice?.message['content'], null);
  });

  test('that the model garbled is a fault', () => {
    const body = answer([{ text: 'x' }], { stopReason: 'malformed_tool_use' });
    assert.equal(readAnswer('chat', bytes(body)).fault?.kind, 'inBand');
  });
});

suite('a 200 that is no answer', () => {
  const bodies: readonly (readonly [name: string, body: string, kind: string])[] = [
    ['blank', ' \n', 'empty'],
    ['a page', '<html>', 'malformed'],
    ['torn', '{"output":{"mess', 'malformed'],
    ['a list', '[]', 'malformed'],
    ['something else', '{"choices":[]}', 'malformed'],
    ['too deep', '['.repeat(200) + ']'.repeat(200), 'malformed'],
    ['an exception', '{"__type":"com.amazon#ThrottlingException","message":"Too many requests"}', 'rateLimited'],
    ['a message of trouble', '{"message":"Something broke"}', 'inBand'],
  ];
  for (const [name, body, kind] of bodies) {
    test(`${name} is ${kind}`, () => {
      assert.equal(readAnswer('chat', utf8Encode(body)).fault?.kind, kind);
    });
  }
});
