import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading, CanonicalRequest } from '../../kernel/chat.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity } from '../dialect.ts';
import { anthropicDoor, anthropicFar } from './dialect.ts';
import { signedHistory } from './reasoning.ts';
import { writeUsage } from './usage.ts';

const identity: AnswerIdentity = { id: 'abc', model: 'public', created: 1, request: {} as CanonicalRequest };
const read = (body: unknown): AnswerReading =>
  anthropicFar.readAnswer('chat', utf8Encode(typeof body === 'string' ? body : JSON.stringify(body)));
const write = (answer: JsonObject): JsonObject =>
  JSON.parse(utf8Decode(anthropicDoor.writeAnswer(answer, identity))) as JsonObject;

const message = {
  id: 'msg_abc',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [
    { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
    { type: 'text', text: 'Hallo.' },
    { type: 'tool_use', id: 'toolu_1', name: 'get', input: { city: 'Köln' } },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 12, cache_creation_input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 20 },
};

test('a whole message is read', () => {
  assert.deepEqual(read(`\n\n${JSON.stringify(message)}`), {
    ...silentReading,
    content: true,
    reasoning: true,
    toolCall: true,
    text: 'Hallo.',
    characters: 'Hm.Hallo.get{"city":"Köln"}'.length,
    finishReason: 'tool_calls',
    usage: {
      promptTokens: 117,
      completionTokens: 20,
      cachedTokens: 100,
      reasoningTokens: null,
      source: 'provider',
      cacheWriteTokens: 5,
    },
  });
});

test('a count of tokens is an answer of its own', () => {
  const counted = anthropicFar.readAnswer('countTokens', utf8Encode('{"input_tokens":14}'));
  assert.deepEqual([counted.fault, counted.content], [null, true]);
  const none = anthropicFar.readAnswer('countTokens', utf8Encode('{}'));
  assert.equal(none.fault?.kind, 'malformed');
  assert.equal(read('{"input_tokens":14}').fault?.kind, 'malformed');
});

test('what is no message in a 200 is a fault', () => {
  const kinds = [
    '',
    ' \n',
    '<html>',
    '{"a":',
    '[]',
    '{"id":"x"}',
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  ];
  assert.deepEqual(
    kinds.map((body) => read(body).fault?.kind),
    ['empty', 'empty', 'malformed', 'malformed', 'malformed', 'malformed', 'overloaded'],
  );
});

/** What callers' typings require and only Anthropic's API can say. */
const unsaid = { container: null, diagnostics: null, stop_details: null };
const unsaidOfUsage = {
  cache_creation: null,
  inference_geo: null,
  server_tool_use: null,
  service_tier: null,
  speed: null,
};
const unsaidUsage = { ...unsaidOfUsage, output_tokens_details: null };

test('a message becomes a chat completion, and that the same message again', () => {
  const chat = anthropicFar.chatAnswer(utf8Encode(JSON.stringify(message)));
  assert.deepEqual(chat, {
    id: 'msg_abc',
    object: 'chat.completion',
    model: 'claude-x',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Hallo.',
          reasoning_content: 'Hm.',
          reasoning_details: [
            { type: 'reasoning.text', text: 'Hm.', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
          ],
          tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'get', arguments: '{"city":"Köln"}' } }],
          refusal: null,
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ],
    usage: {
      prompt_tokens: 117,
      completion_tokens: 20,
      total_tokens: 137,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 5 },
    },
  });
  const { usage, ...said } = message;
  assert.deepEqual(write(chat), { ...said, ...unsaid, usage: { ...usage, ...unsaidUsage } });
});

test('any far side’s answer is a message: unsigned thoughts, refusals, odd ids and arguments', () => {
  const answer = {
    id: 'chatcmpl-1',
    choices: [
      {
        message: {
          content: null,
          refusal: 'I cannot.',
          reasoning_content: 'Hm.',
          tool_calls: [
            { id: 'functions.f:0', function: { name: 'f', arguments: '' } },
            { function: { name: 'g', arguments: 'oops' } },
          ],
        },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
  };
  assert.deepEqual(write(answer), {
    id: 'msg_abc',
    type: 'message',
    role: 'assistant',
    model: 'public',
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'text', text: 'I cannot.' },
      { type: 'tool_use', id: 'functions_f_0', name: 'f', input: {} },
      { type: 'tool_use', id: 'call_1', name: 'g', input: { arguments: 'oops' } },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    ...unsaid,
    usage: {
      input_tokens: 6,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 4,
      output_tokens: 3,
      ...unsaidUsage,
    },
  });
});

const stopOf = (choice: object): unknown => {
  const { stop_reason: reason, stop_sequence: sequence } = write({
    choices: [{ message: { content: 'x' }, ...choice }],
  });
  return [reason, sequence];
};

test('finish reasons become stop reasons', () => {
  assert.deepEqual(stopOf({ finish_reason: 'stop' }), ['end_turn', null]);
  assert.deepEqual(stopOf({ finish_reason: 'stop', stop_reason: 'END' }), ['stop_sequence', 'END']);
  assert.deepEqual(stopOf({ finish_reason: 'stop', stop_reason: 128_009 }), ['end_turn', null]);
  assert.deepEqual(stopOf({ finish_reason: 'length' }), ['max_tokens', null]);
  assert.deepEqual(stopOf({ finish_reason: 'content_filter' }), ['refusal', null]);
  assert.deepEqual(stopOf({ finish_reason: 'eos' }), ['end_turn', null]);
  const refused = { content: null, refusal: 'I cannot.' };
  assert.deepEqual(stopOf({ message: refused, finish_reason: 'stop' }), ['refusal', null]);
  assert.deepEqual(stopOf({ message: refused, finish_reason: 'length' }), ['max_tokens', null]);
  assert.deepEqual(stopOf({ message: { content: 'x', refusal: '' }, finish_reason: 'stop' }), ['end_turn', null]);
});

test('usage never goes below zero', () => {
  const usage = {
    promptTokens: 3,
    completionTokens: 1,
    cachedTokens: 5,
    reasoningTokens: 1,
    source: 'provider',
  } as const;
  assert.deepEqual(writeUsage(usage), {
    input_tokens: 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 5,
    output_tokens: 1,
    output_tokens_details: { thinking_tokens: 1 },
    ...unsaidOfUsage,
  });
});

test('a native history loses unsigned thinking and nothing else', () => {
  const signed = {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'a', signature: 's' },
      { type: 'text', text: 'b' },
    ],
  };
  const kept = [{ role: 'user', content: 'x' }, signed];
  assert.equal(signedHistory(kept), kept);
  const unsigned = { type: 'thinking', thinking: 'a', signature: '' };
  const mixed = { role: 'assistant', content: [unsigned, { type: 'text', text: 'b' }] };
  assert.deepEqual(signedHistory([...kept, mixed, { role: 'assistant', content: [unsigned] }]), [
    ...kept,
    { role: 'assistant', content: [{ type: 'text', text: 'b' }] },
  ]);
});
