import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { FarStream } from '../dialect.ts';
import { responsesFar } from './dialect.ts';

function read(stream: FarStream, body: JsonObject | string, name: string | null = null): AnswerReading {
  const data = typeof body === 'string' ? body : JSON.stringify(body);
  return stream.read({ data, name, raw: utf8Encode(''), plain: true });
}

/** Readings and choices of a whole stream. */
function followed(events: readonly JsonObject[]): {
  readings: AnswerReading[];
  deltas: unknown[];
  chunks: JsonObject[];
} {
  const stream = responsesFar.stream('chat');
  const readings: AnswerReading[] = [];
  const chunks: JsonObject[] = [];
  for (const event of events) {
    readings.push(read(stream, event));
    chunks.push(...stream.chunks());
  }
  return {
    readings,
    chunks,
    deltas: chunks.map(({ choices }) => ((choices as JsonObject[])[0] as JsonObject)['delta']),
  };
}

const response = (more: JsonObject): JsonObject => ({
  id: 'resp_1',
  created_at: 5.5,
  model: 'gpt',
  output: [],
  ...more,
});
const completed = (more: JsonObject = {}): JsonObject => ({ type: 'response.completed', response: response(more) });

test('text, reasoning and calls are told as they come, in an answer that keeps its name', () => {
  const { chunks, deltas, readings } = followed([
    { type: 'response.created', response: response({ status: 'in_progress' }) },
    { type: 'response.in_progress', response: response({ status: 'in_progress' }) },
    { type: 'response.output_item.added', output_index: 0, item: { id: 'rs_1', type: 'reasoning', summary: [] } },
    {
      type: 'response.reasoning_summary_part.added',
      output_index: 0,
      summary_index: 0,
      part: { type: 'summary_text', text: '' },
    },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'One' },
    {
      type: 'response.reasoning_summary_part.added',
      output_index: 0,
      summary_index: 1,
      part: { type: 'summary_text', text: '' },
    },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 1, delta: 'Two' },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: {
        id: 'rs_1',
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'One' }],
        encrypted_content: 'opaque',
      },
    },
    { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: 'Hi', obfuscation: 'xx' },
    { type: 'response.output_text.done', output_index: 1, content_index: 0, text: 'Hi' },
    {
      type: 'response.output_item.added',
      output_index: 2,
      item: { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '' },
    },
    { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{}' },
    { type: 'response.function_call_arguments.done', output_index: 2, arguments: '{}' },
    {
      type: 'response.output_item.done',
      output_index: 2,
      item: { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
    },
    completed({
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 13,
      },
    }),
  ]);
  assert.deepEqual(deltas, [
    { role: 'assistant', content: '' },
    { reasoning_content: 'One' },
    { reasoning_content: '\n\nTwo' },
    { reasoning_details: [{ type: 'reasoning.encrypted', data: 'opaque', format: 'openai-responses-v1', id: 'rs_1' }] },
    { content: 'Hi' },
    { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
    {},
  ]);
  const { id, object, created, model, usage } = chunks.at(-1) ?? {};
  assert.deepEqual(
    { id, object, created, model },
    { id: 'resp_1', object: 'chat.completion.chunk', created: 5, model: 'gpt' },
  );
  assert.deepEqual(usage, {
    prompt_tokens: 10,
    completion_tokens: 3,
    total_tokens: 13,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 2 },
  });
  assert.deepEqual(readings.at(-1), {
    ...silentReading,
    finishReason: 'tool_calls',
    usage: { promptTokens: 10, completionTokens: 3, cachedTokens: 4, reasoningTokens: 2, source: 'provider' },
  });
  assert.deepEqual(readings[8], { ...silentReading, content: true, text: 'Hi', characters: 2 });
  assert.deepEqual(readings[4], { ...silentReading, reasoning: true, characters: 3 });
  assert.deepEqual(readings[10], { ...silentReading, toolCall: true, characters: 1 });
});

test('what comes without deltas is read when it is done', () => {
  const { deltas, readings } = followed([
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { type: 'reasoning', id: 'rs', content: [{ type: 'reasoning_text', text: 'Hm' }] },
    },
    { type: 'response.output_text.done', output_index: 1, content_index: 0, text: 'Hi' },
    {
      type: 'response.output_item.added',
      output_index: 2,
      item: { type: 'function_call', call_id: 'a', name: 'f', arguments: '' },
    },
    {
      type: 'response.output_item.done',
      output_index: 2,
      item: { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
    },
    {
      type: 'response.output_item.done',
      output_index: 3,
      item: { type: 'custom_tool_call', call_id: 'b', name: 'g', input: 'x' },
    },
  ]);
  assert.deepEqual(deltas, [
    { reasoning_content: 'Hm' },
    { content: 'Hi' },
    { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
    { tool_calls: [{ index: 1, id: 'b', type: 'custom', custom: { name: 'g', input: 'x' } }] },
  ]);
  assert.ok(readings.every(({ characters }) => characters > 0));
});

test('reasoning that is told twice, in full and summed up, is shown once', () => {
  const { deltas } = followed([
    { type: 'response.reasoning_text.delta', output_index: 0, content_index: 0, delta: 'Long thought' },
    { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'Thought' },
  ]);
  assert.deepEqual(deltas, [{ reasoning_content: 'Long thought' }]);
});

test('an incomplete answer ends by its length or by the filter', () => {
  for (const [reason, finish] of [
    ['max_output_tokens', 'length'],
    ['content_filter', 'content_filter'],
  ] as const) {
    const event = { type: 'response.incomplete', response: response({ incomplete_details: { reason } }) };
    assert.equal(followed([event]).readings[0]?.finishReason, finish);
  }
});

test('errors are sorted by what they say, whichever event brings them', () => {
  for (const [code, kind] of [
    ['server_error', 'serverError'],
    ['rate_limit_exceeded', 'rateLimited'],
    ['slow_down', 'rateLimited'],
    ['server_is_overloaded', 'overloaded'],
    ['insufficient_quota', 'exhausted'],
    ['context_length_exceeded', 'contextTooLong'],
    ['invalid_prompt', 'badRequest'],
    ['invalid_image_url', 'badRequest'],
    ['image_too_large', 'badRequest'],
    ['image_content_policy_violation', 'contentFilter'],
    ['something_else', 'inBand'],
  ] as const) {
    const error = { code, message: 'm' };
    const events: readonly JsonObject[] = [
      { type: 'error', ...error, param: null, sequence_number: 1 },
      { type: 'error', error, sequence_number: 1 },
      { type: 'response.failed', response: response({ status: 'failed', error }) },
      { error },
    ];
    for (const event of events) {
      const found = followed([event]).readings[0]?.fault;
      assert.deepEqual(
        [found?.kind, found?.code, found?.quoted],
        [kind, code, true],
        `${code} in ${JSON.stringify(event)}`,
      );
    }
    const whole = responsesFar.readAnswer('chat', utf8Encode(JSON.stringify(response({ status: 'failed', error }))));
    assert.equal(whole.fault?.kind, kind);
  }
});

test('waiting, unknown kinds and empty events are silence; what is no event is a fault', () => {
  const stream = responsesFar.stream('chat');
  for (const event of [
    { type: 'response.queued', response: response({}) },
    { type: 'keepalive' },
    { type: 'response.new_thing' },
  ]) {
    assert.deepEqual(read(stream, event), silentReading);
    assert.deepEqual(stream.chunks(), []);
  }
  assert.deepEqual(read(stream, ' '), silentReading);
  assert.equal(read(stream, '[DONE]').done, true);
  for (const event of ['{', '[1]', '{}', `{"type":"x","a":${'['.repeat(5000)}`]) {
    assert.equal(read(stream, event).fault?.kind, 'malformed');
  }
  assert.equal(read(stream, '{"delta":"Hi"}', 'response.output_text.delta').text, 'Hi');
});

test('a whole answer is read, and told as a chat completion', () => {
  const body = response({
    status: 'completed',
    output: [
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi', annotations: [] }] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    ],
    usage: { input_tokens: 1, output_tokens: 2 },
  });
  const bytes = utf8Encode(`\n\n${JSON.stringify(body)}`);
  assert.deepEqual(responsesFar.readAnswer('chat', bytes), {
    ...silentReading,
    content: true,
    reasoning: true,
    toolCall: true,
    text: 'Hi',
    characters: 7,
    finishReason: 'tool_calls',
    usage: { promptTokens: 1, completionTokens: 2, cachedTokens: null, reasoningTokens: null, source: 'provider' },
  });
  assert.deepEqual(responsesFar.chatAnswer(bytes), {
    id: 'resp_1',
    object: 'chat.completion',
    created: 5,
    model: 'gpt',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Hi',
          refusal: null,
          reasoning_content: 'Hm',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  });
});

test('a 200 that holds no finished response is a fault', () => {
  for (const [body, kind] of [
    ['', 'empty'],
    [' \n', 'empty'],
    ['<html>', 'malformed'],
    ['[]', 'malformed'],
    ['{"object":"chat.completion","choices":[]}', 'malformed'],
    [JSON.stringify(response({ status: 'in_progress' })), 'malformed'],
    ['{"error":{"message":"m","code":"server_error"}}', 'serverError'],
    ['{"error":"busy"}', 'inBand'],
  ] as const) {
    assert.equal(responsesFar.readAnswer('chat', utf8Encode(body)).fault?.kind, kind, body);
  }
});

test('a gathered stream is the object of its last event, with the items that it leaves out', () => {
  const item = { type: 'message', id: 'msg_1', content: [] };
  for (const output of [[], [item]]) {
    const assembly = responsesFar.assembly();
    const events = [
      { type: 'response.created', response: response({}) },
      { type: 'response.output_item.done', output_index: 0, item },
      completed({ output }),
    ];
    for (const event of events) assembly.add(JSON.stringify(event));
    assert.deepEqual(JSON.parse(utf8Decode(assembly.whole())), response({ output: [item] }));
  }
});
