import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import type { Surface } from '../../kernel/lane.ts';
import { concatBytes, utf8Encode } from '../../kernel/web.ts';
import { readAnswer } from './answer.ts';

const read = (body: unknown, surface: Surface = 'chat'): AnswerReading =>
  readAnswer(surface, utf8Encode(typeof body === 'string' ? body : JSON.stringify(body)));
const kindOf = (body: unknown, surface: Surface = 'chat'): string | undefined => read(body, surface).fault?.kind;

const completion = (message: object, finish: string | null = 'stop', more: object = {}): object => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: finish }],
  ...more,
});

test('OpenAI’s answer is read with text, end and usage', () => {
  const usage = {
    prompt_tokens: 19,
    completion_tokens: 10,
    total_tokens: 29,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  assert.deepEqual(read(completion({ content: 'Hello!', refusal: null }, 'stop', { usage })), {
    ...silentReading,
    content: true,
    text: 'Hello!',
    characters: 6,
    finishReason: 'stop',
    usage: { promptTokens: 19, completionTokens: 10, cachedTokens: 0, reasoningTokens: 0, source: 'provider' },
  });
});

test('DeepSeek’s answer holds thinking beside the text, and its cache under its own name', () => {
  const usage = { prompt_tokens: 87, completion_tokens: 8, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 23 };
  const found = read(completion({ content: 'Hi', reasoning_content: 'We' }, 'length', { usage }));
  assert.deepEqual([found.content, found.reasoning, found.text, found.characters], [true, true, 'Hi', 4]);
  assert.deepEqual([found.finishReason, found.usage?.cachedTokens, found.usage?.reasoningTokens], ['length', 64, null]);
});

const messages: readonly [string, object, Partial<AnswerReading>][] = [
  ['thinking alone', { content: null, reasoning: 'abc' }, { reasoning: true, characters: 3 }],
  ['an empty field of thinking', { reasoning_content: '', reasoning: 'ab' }, { reasoning: true, characters: 2 }],
  ['thinking said twice', { reasoning_content: 'ab', reasoning: 'ab' }, { reasoning: true, characters: 2 }],
  ['a refusal', { content: null, refusal: 'I won’t' }, { content: true, text: 'I won’t', characters: 7 }],
  [
    'tool calls',
    { content: null, tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] },
    { toolCall: true, characters: 8 },
  ],
  [
    'a custom tool call',
    { tool_calls: [{ id: 't', type: 'custom', custom: { name: 'f', input: 'abc' } }] },
    { toolCall: true, characters: 4 },
  ],
  ['a function call', { function_call: { name: 'f', arguments: '{}' } }, { toolCall: true, characters: 3 }],
  ['a sound', { content: null, audio: { id: 'a', data: 'AAAA' } }, { content: true }],
  [
    'Mistral’s list of parts',
    {
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
        { type: 'text', text: 'yes' },
      ],
    },
    { content: true, reasoning: true, text: 'yes', characters: 5 },
  ],
  ['nothing at all', { content: '', tool_calls: [], refusal: null }, {}],
];
for (const [name, message, expected] of messages) {
  test(`${name} in an answer is told as what it is`, () => {
    assert.deepEqual(read(completion(message)), { ...silentReading, finishReason: 'stop', ...expected });
  });
}

test('blank lines and a byte-order mark before an answer are no part of it', () => {
  const body = utf8Encode(JSON.stringify(completion({ content: 'ok' })));
  for (const before of ['\n', '\r\n\r\n', '\n'.repeat(600), '\ufeff', ' \t\n']) {
    const found = readAnswer('chat', concatBytes([utf8Encode(before), body, utf8Encode('\n')]));
    assert.deepEqual([found.text, found.fault], ['ok', null], JSON.stringify(before));
  }
});

test('a body of nothing but keep-alives is empty, one cut short is malformed', () => {
  for (const body of ['', '\n', '\n\n\n\n', '\r\n', ' ']) assert.equal(kindOf(body), 'empty', JSON.stringify(body));
  const whole = JSON.stringify(completion({ content: 'some words', reasoning_content: 'é漢🙂' }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: whole.length - 1 }), (at) => {
      assert.equal(kindOf(whole.slice(0, at)), 'malformed');
    }),
  );
});

test('pages, lists, words and answers of other dialects are malformed', () => {
  for (const body of [
    '<!DOCTYPE html><html><title>502</title></html>',
    '\n<html>',
    'server busy',
    '[]',
    'null',
    '"ok"',
    '{}',
    { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' },
    { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] },
    { output: [{ type: 'message', content: [] }], object: 'response' },
    { model: 'llama', message: { role: 'assistant', content: 'Hi' }, done: true },
    { object: 'list', data: [{ embedding: [1] }] },
  ]) {
    assert.equal(kindOf(body), 'malformed', JSON.stringify(body));
  }
});

const errors: readonly [unknown, string][] = [
  [{ error: { message: 'boom', type: 'x', code: null } }, 'inBand'],
  [{ error: { message: 'x', code: 402 } }, 'exhausted'],
  [{ error: { message: 'x', code: 429 } }, 'rateLimited'],
  [{ error: { message: 'x', status: 503 } }, 'overloaded'],
  [{ error: { message: 'x', code: '502' } }, 'serverError'],
  [{ error: { message: 'You exceeded your quota', code: 'insufficient_quota' } }, 'exhausted'],
  [{ error: 'Model is overloaded', error_type: 'overloaded' }, 'overloaded'],
  [{ object: 'error', message: 'Request queue timeout reached.', code: 503 }, 'overloaded'],
  [{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
  [{ error: { message: 'Content Exists Risk', code: 'invalid_request_error' } }, 'contentFilter'],
  [{ error: { message: "This model's maximum context length is 4096 tokens" } }, 'contextTooLong'],
];
for (const [body, expected] of errors) {
  test(`${JSON.stringify(body).slice(0, 90)} inside a 200 is ${expected}, for every surface`, () => {
    for (const surface of ['chat', 'completions', 'embeddings'] as const) assert.equal(kindOf(body, surface), expected);
  });
}

test('an answer that the far side gave up is a fault however much it says', () => {
  for (const reason of ['insufficient_system_resource', 'aborted', 'abort']) {
    const found = read(completion({ content: 'half' }, reason));
    assert.deepEqual([found.fault?.kind, found.fault?.code, found.text], ['overloaded', reason, 'half']);
  }
  for (const reason of ['stop', 'length', 'content_filter', 'tool_calls', 'function_call', 'eos', null]) {
    assert.equal(read(completion({ content: 'half' }, reason)).fault, null);
  }
});

const inChoice = (error: unknown): object => ({
  choices: [{ index: 0, message: { content: 'half' }, finish_reason: 'error', error }],
});

// OpenRouter's form of a provider that failed after the 200: these passed as finished answers.
test('an error that stands in the choice is a fault', () => {
  assert.equal(kindOf(completion({ content: 'half' }, 'error')), 'inBand');
  assert.equal(kindOf(inChoice({ code: 429, message: 'temporarily rate-limited upstream' })), 'rateLimited');
  assert.equal(kindOf(inChoice({ code: 502, message: 'Provider returned error' })), 'serverError');
  for (const blank of [null, {}, '', { message: '', code: 0 }]) {
    const finished = { choices: [{ message: { content: 'a' }, finish_reason: 'stop', error: blank }] };
    assert.deepEqual([kindOf(finished), read(finished).text], [undefined, 'a'], JSON.stringify(blank));
  }
});

test('one choice that broke off spoils the answer, wherever it stands', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('stop', 'length', 'abort'), { minLength: 1, maxLength: 5 }), (reasons) => {
      const body = {
        choices: reasons.map((reason, index) => ({ index, message: { content: 'x' }, finish_reason: reason })),
      };
      assert.equal(kindOf(body), reasons.includes('abort') ? 'overloaded' : undefined);
    }),
  );
});

test('completions carry their text in the choice', () => {
  const body = {
    object: 'text_completion',
    choices: [
      { index: 0, text: 'ab', finish_reason: 'stop' },
      { index: 1, text: 'c', finish_reason: 'length' },
    ],
    usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
  };
  const found = read(body, 'completions');
  assert.deepEqual([found.content, found.text, found.characters, found.finishReason], [true, 'abc', 3, 'length']);
  assert.equal(found.usage?.completionTokens, 3);
});

test('embeddings are content in either encoding, and need no end', () => {
  for (const embedding of [[0.1, -0.2], 'AACAPwAAAEA=']) {
    const body = {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding }],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    };
    assert.deepEqual(read(body, 'embeddings'), {
      ...silentReading,
      content: true,
      usage: { promptTokens: 4, completionTokens: 0, cachedTokens: null, reasoningTokens: null, source: 'provider' },
    });
  }
  assert.equal(read({ object: 'list', data: [] }, 'embeddings').content, false);
  assert.equal(kindOf({ object: 'list', data: [{ embedding: [1] }], error: null }, 'embeddings'), undefined);
});

test('an empty list of embeddings beside an error is the error’s', () => {
  assert.equal(kindOf({ object: 'list', data: [], error: { message: 'Server is busy' } }, 'embeddings'), 'overloaded');
});

test('usage is null when nobody said it, and zero only when zero was said', () => {
  for (const usage of [undefined, null, {}, { total_tokens: 5 }, { prompt_tokens: null }, { prompt_tokens: -1 }, []]) {
    assert.equal(read(completion({ content: 'a' }, 'stop', { usage })).usage, null, JSON.stringify(usage));
  }
  const zero = read(completion({ content: 'a' }, 'stop', { usage: { prompt_tokens: 0, completion_tokens: 0 } })).usage;
  assert.deepEqual(zero, {
    promptTokens: 0,
    completionTokens: 0,
    cachedTokens: null,
    reasoningTokens: null,
    source: 'provider',
  });
});

test('what is read is fresh: no reading shares its record with another', () => {
  const body = completion({ content: 'a' });
  assert.notEqual(read(body), read(body));
  assert.notEqual(read(''), read(''));
  assert.deepEqual(Object.keys(read(body)).toSorted(), Object.keys(silentReading).toSorted());
});
