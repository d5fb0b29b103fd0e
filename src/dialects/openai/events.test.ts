import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import { readAnswer } from './answer.ts';
import { readEvent, usageEvent } from './events.ts';

const read = (chunk: unknown): AnswerReading =>
  readEvent('chat', typeof chunk === 'string' ? chunk : JSON.stringify(chunk));
const delta = (said: object, finish: string | null = null, more: object = {}): object => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: said, finish_reason: finish }],
  ...more,
});
const whole = (body: string): AnswerReading => readAnswer('chat', utf8Encode(body));
const kindOf = (chunk: unknown): string | undefined => read(chunk).fault?.kind;

test('role-only and empty deltas, filter results and empty data say nothing', () => {
  for (const chunk of [
    delta({ role: 'assistant', content: null, reasoning_content: '' }, null, { usage: null }),
    delta({ content: '', tool_calls: [] }),
    { choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
    '',
  ]) {
    assert.deepEqual(read(chunk), silentReading);
  }
});

test('text, refusals, reasoning under both names, tool calls and sound are told apart', () => {
  assert.deepEqual([read(delta({ content: 'abc' })).content, read(delta({ content: 'abc' })).characters], [true, 3]);
  assert.ok(read(delta({ refusal: 'no' })).content);
  assert.deepEqual(read(delta({ reasoning_content: 'We' })), { ...silentReading, reasoning: true, characters: 2 });
  assert.ok(read(delta({ reasoning: 'We' })).reasoning);
  assert.ok(read(delta({ tool_calls: [{ index: 0, function: { arguments: '' } }] })).toolCall);
  assert.ok(read(delta({ function_call: { name: 'f' } })).toolCall);
  assert.ok(read(delta({ audio: { data: 'AAAA' } })).content);
  const thinking = read(delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }));
  assert.deepEqual([thinking.reasoning, thinking.content], [true, false]);
  assert.ok(readEvent('completions', '{"object":"text_completion","choices":[{"text":"x"}]}').content);
});

test('usage is read from any chunk; null is not zero', () => {
  const usage = {
    prompt_tokens: 87,
    completion_tokens: 8,
    prompt_cache_hit_tokens: 0,
    completion_tokens_details: { reasoning_tokens: 7 },
  };
  const onFinish = read(delta({ content: '' }, 'length', { usage }));
  assert.deepEqual(
    [onFinish.usage, onFinish.usageOnly, onFinish.finishReason],
    [
      { promptTokens: 87, completionTokens: 8, cachedTokens: 0, reasoningTokens: 7, source: 'provider' },
      false,
      'length',
    ],
  );
  const alone = read({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } });
  assert.deepEqual([alone.usage?.cachedTokens, alone.usageOnly], [null, true]);
  assert.equal(read({ usage: { prompt_tokens: 1, completion_tokens: 2 } }).usageOnly, true);
});

test('giving up, errors in band and foreign bodies are faults', () => {
  for (const reason of ['insufficient_system_resource', 'aborted', 'abort'])
    assert.equal(kindOf(delta({}, reason)), 'overloaded');
  assert.equal(kindOf({ error: { message: 'boom' } }), 'inBand');
  assert.equal(kindOf({ error: { message: 'x', code: 429 } }), 'rateLimited');
  assert.equal(kindOf({ error: { message: 'Server is busy' } }), 'overloaded');
  assert.equal(kindOf({ object: 'error', message: 'Request queue timeout reached.', code: 503 }), 'overloaded');
  assert.equal(kindOf({ error: 'Model is overloaded' }), 'overloaded');
  for (const foreign of [{ type: 'message_start', message: {} }, '<html>', '{"choices"', '[]', '5', '{}']) {
    assert.equal(kindOf(foreign), 'malformed', JSON.stringify(foreign));
  }
});

test('the end marker is told, and a stop with nothing said is not a fault here', () => {
  assert.deepEqual(read('[DONE]'), { ...silentReading, done: true });
  assert.equal(read(delta({}, 'stop')).fault, null);
});

test('nothing a far side sends makes reading throw', () => {
  const choice = fc.record(
    { delta: fc.jsonValue(), message: fc.jsonValue(), text: fc.jsonValue(), finish_reason: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const body = fc.record(
    { choices: fc.oneof(fc.array(choice), fc.jsonValue()), usage: fc.jsonValue(), error: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const data = fc.oneof(
    body.map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string(),
  );
  fc.assert(
    fc.property(data, (text) => {
      for (const surface of ['chat', 'completions', 'embeddings'] as const) {
        assert.deepEqual(Object.keys(readEvent(surface, text)).toSorted(), Object.keys(silentReading).toSorted());
        readAnswer(surface, utf8Encode(text));
      }
    }),
  );
});

test('a whole answer may have blank lines before it, and must be one', () => {
  const answer = {
    object: 'chat.completion',
    choices: [{ message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  };
  assert.deepEqual(
    [whole(`\n\n\n${JSON.stringify(answer)}`).content, whole(JSON.stringify(answer)).finishReason],
    [true, 'stop'],
  );
  assert.equal(whole('\n\n\n').fault?.kind, 'empty');
  for (const body of ['<html>', '{"choices":[', '{}', '[]', 'busy'])
    assert.equal(whole(body).fault?.kind, 'malformed', body);
  assert.equal(whole('{"error":{"message":"Insufficient Balance"}}').fault?.kind, 'exhausted');
  const vectors = readAnswer(
    'embeddings',
    utf8Encode('{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":4,"total_tokens":4}}'),
  );
  assert.deepEqual([vectors.content, vectors.usage?.promptTokens, vectors.usage?.completionTokens], [true, 4, 0]);
});

test('a usage event reads as usage and nothing else', () => {
  const usage = {
    promptTokens: 3,
    completionTokens: 4,
    cachedTokens: 1,
    reasoningTokens: null,
    source: 'provider',
  } as const;
  const event = utf8Decode(usageEvent(usage, 'm', 'id', 1));
  assert.deepEqual(read(event.slice('data: '.length)), { ...silentReading, usage, usageOnly: true });
});
