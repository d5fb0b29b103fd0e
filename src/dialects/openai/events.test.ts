import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import { canonical } from '../../../test/support/canonical.ts';
import { SseParser } from '../sse.ts';
import { readAnswer } from './answer.ts';
import { ChatFarStream } from './events.ts';
import { ChatDoorStream } from './stream.ts';

const readEvent = (data: string): AnswerReading =>
  new ChatFarStream().read({ data, name: null, raw: utf8Encode(data), plain: true });
const read = (chunk: unknown): AnswerReading => readEvent(typeof chunk === 'string' ? chunk : JSON.stringify(chunk));
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
  assert.ok(readEvent('{"object":"text_completion","choices":[{"text":"x"}]}').content);
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
        assert.deepEqual(Object.keys(readEvent(text)).toSorted(), Object.keys(silentReading).toSorted());
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
  const request = canonical({ model: 'm' });
  const end = utf8Decode(new ChatDoorStream({ id: 'id', model: 'm', created: 1, request }).end(usage));
  const [event = '', marker] = end.split('\n\n');
  assert.deepEqual(read(event.slice('data: '.length)), { ...silentReading, usage, usageOnly: true });
  assert.equal(marker, 'data: [DONE]');
});

/** All readings of a stream as bytes, through the parser that production uses. */
function readings(stream: string): AnswerReading[] {
  const found: AnswerReading[] = [];
  const parser = new SseParser(1_000_000);
  const sink = {
    onEvent: (event: { readonly data: string }) => found.push(readEvent(event.data)),
    onComment() {},
    onOverflow: () => assert.fail('overflow'),
    onBroken: () => assert.fail('broken'),
  };
  parser.push(utf8Encode(stream), sink);
  parser.end(sink);
  return found;
}
const streamOf = (...chunks: readonly unknown[]): string =>
  [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');

const deepseekChunk = (said: object, finish: string | null = null, usage: object | null = null): object => ({
  id: 'u',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'deepseek-v4-flash',
  choices: [{ index: 0, delta: said, logprobs: null, finish_reason: finish }],
  usage,
});

test('DeepSeek’s stream: thinking first, null everywhere, usage on the chunk that finishes', () => {
  const usage = {
    prompt_tokens: 87,
    completion_tokens: 8,
    total_tokens: 95,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 7 },
    prompt_cache_hit_tokens: 0,
    prompt_cache_miss_tokens: 87,
  };
  const found = readings(
    `: keep-alive\n\n${streamOf(
      deepseekChunk({ role: 'assistant', content: null, reasoning_content: '' }),
      deepseekChunk({ content: null, reasoning_content: 'We' }),
      deepseekChunk({ content: 'Hi', reasoning_content: null }),
      deepseekChunk({ content: '', reasoning_content: null }, 'length', usage),
    )}`,
  );
  assert.deepEqual(found[0], silentReading);
  assert.deepEqual([found[1]?.reasoning, found[1]?.content], [true, false]);
  assert.deepEqual([found[2]?.reasoning, found[2]?.text], [false, 'Hi']);
  assert.deepEqual([found[3]?.finishReason, found[3]?.usageOnly, found[3]?.usage?.cachedTokens], ['length', false, 0]);
  assert.deepEqual([found[4]?.done, found.length], [true, 5]);
});

test('OpenAI’s stream: obfuscation and null usage say nothing, usage comes alone before the end', () => {
  const found = readings(
    streamOf(
      delta({ role: 'assistant', content: '', refusal: null }, null, { usage: null, obfuscation: 'aaaa' }),
      delta({ content: 'Hi' }, null, { usage: null }),
      delta({}, 'stop', { usage: null }),
      { choices: [], usage: { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 0 } } },
    ),
  );
  assert.deepEqual(found[0], silentReading);
  assert.deepEqual([found[2]?.finishReason, found[2]?.usage], ['stop', null]);
  assert.deepEqual([found[3]?.usageOnly, found[3]?.usage?.cachedTokens, found[4]?.done], [true, 0, true]);
});

test('usage is found in the choice and under a vendor’s name', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 4, cached_tokens: 2 };
  const inChoice = { choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] };
  assert.deepEqual([read(inChoice).usage?.completionTokens, read(inChoice).usage?.cachedTokens], [4, 2]);
  assert.equal(read(delta({}, 'stop', { x_groq: { usage } })).usage?.promptTokens, 3);
  for (const nothing of [null, {}, 5, { prompt_tokens: -1 }, { prompt_tokens: '3' }]) {
    assert.equal(read(delta({ content: 'x' }, null, { usage: nothing })).usage, null, JSON.stringify(nothing));
  }
});

test('several choices in one event are told together, and logprobs are no content', () => {
  const two = {
    choices: [
      { index: 0, delta: { content: 'a' } },
      { index: 1, delta: { content: 'bc' } },
    ],
  };
  assert.deepEqual([read(two).text, read(two).characters], ['abc', 3]);
  const logprobs = { choices: [{ index: 0, delta: {}, logprobs: { content: [{ token: 'a', logprob: -1 }] } }] };
  assert.equal(read(logprobs).content, false);
});

test('an answer of another dialect is malformed, and so is one without choices', () => {
  for (const body of [
    { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' },
    { candidates: [{ content: { parts: [{ text: 'Hi' }] } }] },
    { object: 'chat.completion', usage: { prompt_tokens: 1, completion_tokens: 1 } },
  ]) {
    assert.equal(whole(JSON.stringify(body)).fault?.kind, 'malformed', JSON.stringify(body));
  }
  assert.equal(kindOf({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'Hi' } }), 'malformed');
});

test('a stream that breaks off with the error in its choice is at fault, and its text is still told', () => {
  const broken = { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'error', error: { code: 502 } }] };
  assert.deepEqual([kindOf(broken), read(broken).text], ['serverError', 'a']);
  assert.equal(kindOf(delta({}, 'error')), 'inBand');
  const two = {
    choices: [
      { index: 0, delta: {}, finish_reason: 'abort' },
      { index: 1, delta: {}, finish_reason: 'stop' },
    ],
  };
  assert.equal(kindOf(two), 'overloaded');
});

test('thinking under the second name counts though the first is empty', () => {
  for (const said of [
    { reasoning_content: '', reasoning: 'We' },
    { reasoning_content: null, reasoning: 'We' },
  ]) {
    assert.deepEqual(read(delta(said)), { ...silentReading, reasoning: true, characters: 2 });
  }
});

test('an empty error beside choices is none, and a real one stays one', () => {
  for (const error of ['', false, {}, { message: '', type: '', code: null }]) {
    assert.deepEqual(
      [read(delta({ content: 'a' }, null, { error })).text, kindOf(delta({}, null, { error }))],
      ['a', undefined],
    );
    assert.equal(kindOf({ error }), 'inBand');
  }
  assert.equal(kindOf(delta({ content: 'a' }, null, { error: { message: 'boom' } })), 'inBand');
  assert.equal(kindOf(delta({ content: 'a' }, null, { error: { code: 503 } })), 'overloaded');
});

// Found in review: such an event threw a RangeError out of the reader, since V8 parses deeper than it can write.
test('nesting without end is malformed, wherever it stands', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  for (const data of [
    `{"error":{"message":${deep}}}`,
    `{"error":{"message":"x","code":${deep},"status":${deep}}}`,
    `{"choices":[{"delta":{"content":${deep}}}]}`,
    `{"choices":[],"extra":${deep}}`,
  ]) {
    for (const surface of ['chat', 'completions', 'embeddings'] as const) {
      assert.equal(readEvent(data).fault?.kind, 'malformed');
      assert.equal(readAnswer(surface, utf8Encode(data)).fault?.kind, 'malformed');
    }
  }
});
