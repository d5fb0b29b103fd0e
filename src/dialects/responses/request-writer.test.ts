import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CanonicalRequest } from '../../kernel/chat.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import { responsesDoor } from './dialect.ts';
import { writeRequest } from './request-writer.ts';

function read(body: JsonObject): CanonicalRequest {
  const result = responsesDoor.readRequest('chat', utf8Encode(JSON.stringify(body)));
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}

const written = (body: JsonObject, model = 'gpt-4o'): ReturnType<typeof writeRequest> =>
  writeRequest({ ...read({ model: 'm', input: 'Hi' }), body: { model: 'm', ...body }, native: null }, model);

test('a chat is written as a request that is not stored', () => {
  const url = 'https://x.test/a.png';
  const { body, unsupported } = written({
    stream: true,
    stream_options: { include_usage: true },
    fallbacks: ['b'],
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url } },
        ],
      },
      {
        role: 'assistant',
        content: 'I look.',
        reasoning_content: 'Hm',
        reasoning_details: [
          { type: 'reasoning.encrypted', data: 'opaque', format: 'openai-responses-v1', id: 'rs_1' },
          { type: 'reasoning.text', text: 'Hm', signature: 'sig', format: 'anthropic-claude-v1' },
        ],
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } },
          { id: 'c2', type: 'custom', custom: { name: 'sh', input: 'ls' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'rain' },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'a.txt' }] },
    ],
    max_tokens: 100,
    max_completion_tokens: 40,
    tools: [{ type: 'function', function: { name: 'f' } }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: {} } },
    reasoning_effort: 'low',
    logprobs: true,
    n: 1,
    logit_bias: {},
  });
  assert.deepEqual(unsupported, []);
  assert.deepEqual(body, {
    model: 'gpt-4o',
    instructions: 'Be brief.',
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'See' },
          { type: 'input_image', image_url: url, detail: 'auto' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'opaque' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'sh', input: 'ls' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'a.txt' }] },
    ],
    stream: true,
    reasoning: { effort: 'low' },
    max_output_tokens: 40,
    tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false }],
    tool_choice: { type: 'function', name: 'f' },
    text: { format: { type: 'json_schema', name: 's', schema: {} } },
    include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
    store: false,
  });
});

const includeOf = (model: string, more: JsonObject = {}): unknown =>
  written({ messages: [{ role: 'user', content: 'Hi' }], ...more }, model).body['include'];

test('encrypted reasoning is asked of models that think, never of others', () => {
  for (const model of ['o3', 'gpt-5.2', 'openai/o4-mini', 'codex-mini-latest']) {
    assert.deepEqual(includeOf(model), ['reasoning.encrypted_content'], model);
  }
  for (const model of ['gpt-4o', 'gpt-4.1', 'llama-3', 'foo-3']) assert.equal(includeOf(model), undefined, model);
  assert.equal(includeOf('o3', { reasoning_effort: 'none' }), undefined);
});

test('what this API cannot be asked is named as the caller wrote it', () => {
  const { body, unsupported } = written({
    messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: '', format: 'wav' } }] }],
    n: 2,
    stop: ['x'],
    seed: 1,
    frequency_penalty: 0,
    presence_penalty: 1,
    modalities: ['text', 'audio'],
    max_tokens: 5,
  });
  assert.deepEqual(
    unsupported.map(({ param }) => param),
    ['messages[0].content[0]', 'max_tokens', 'n', 'stop', 'seed', 'presence_penalty', 'modalities'],
  );
  assert.equal(body['max_output_tokens'], 16);
});

test('what the door reads, the far side’s request says again', () => {
  const own = {
    model: 'm',
    instructions: 'Be brief.',
    input: [
      { type: 'message', role: 'user', content: 'Hi' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'opaque' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Yes' }] },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
    ],
    tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }],
    tool_choice: 'auto',
    text: { format: { type: 'json_object' }, verbosity: 'low' },
    reasoning: { effort: 'high' },
    include: ['reasoning.encrypted_content'],
    max_output_tokens: 99,
    store: false,
  };
  assert.deepEqual(writeRequest(read(own), 'm').body, own);
});
