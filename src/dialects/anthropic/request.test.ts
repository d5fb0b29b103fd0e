import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CanonicalRequest } from '../../kernel/chat.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import { readRequest } from './request.ts';

const base = { model: 'claude', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };

function read(fields: object): CanonicalRequest {
  const result = readRequest('chat', utf8Encode(JSON.stringify({ ...base, ...fields })));
  if (!result.ok) assert.fail(result.error.message);
  return result.value;
}
function refused(fields: object): Rejection {
  const result = readRequest('chat', utf8Encode(JSON.stringify({ ...base, ...fields })));
  if (result.ok) assert.fail('the request was taken');
  return result.error;
}
const chatOf = (fields: object): JsonObject => read(fields).body;
const untranslatable = (fields: object): readonly string[] =>
  (read(fields).native?.untranslatable ?? []).map(({ param }) => param);
const history = (...messages: readonly object[]): unknown => chatOf({ messages })['messages'];
const asked = (...content: readonly object[]): unknown => history({ role: 'user', content });

test('a plain request becomes a chat and keeps what the caller wrote', () => {
  const request = read({ stream: true, system: 'Be brief.', temperature: 0.5, top_p: 0.9, top_k: 5 });
  assert.deepEqual(request.body, {
    model: 'claude',
    stream: true,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 5,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ],
    max_tokens: 100,
  });
  assert.deepEqual(JSON.parse(utf8Decode(request.bytes)), request.body);
  assert.equal(request.bytes, request.bytes);
  assert.equal(request.native?.dialect, 'anthropic');
  assert.equal(utf8Decode(request.native.bytes).includes('"system":"Be brief."'), true);
  assert.deepEqual(request.native.untranslatable, []);
  assert.deepEqual(
    [request.surface, request.model, request.stream, request.includeUsage, request.answerTokensMax, request.choices],
    ['chat', 'claude', true, true, 100, 1],
  );
  assert.ok(request.promptTokens > 0);
});

test('what is wrong with a request is named by its path', () => {
  const cases: readonly [object, string][] = [
    [{ max_tokens: undefined }, 'max_tokens'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ model: '' }, 'model'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', data: 'AA' } }] }] },
      'messages[0].content[0].source.media_type',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'tool_result', content: [] }] }] },
      'messages[0].content[0].tool_use_id',
    ],
    [
      {
        messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text' }] }] }],
      },
      'messages[0].content[0].content[0].text',
    ],
    [{ tools: [{ name: 'f' }] }, 'tools[0].input_schema'],
    [{ tool_choice: { type: 'required' } }, 'tool_choice.type'],
    [{ tool_choice: { type: 'tool' } }, 'tool_choice.name'],
    [{ thinking: { type: 'enabled' } }, 'thinking.budget_tokens'],
    [{ output_config: { format: { type: 'json_schema' } } }, 'output_config.format.schema'],
    [{ system: [{ type: 'text' }] }, 'system[0].text'],
    [{ temperature: 2 }, 'temperature'],
    [{ stop_sequences: 'END' }, 'stop_sequences'],
    [{ fallbacks: Array.from({ length: 40 }, (_, index) => `m${index}`) }, 'fallbacks'],
  ];
  for (const [fields, param] of cases) {
    const { kind, message, param: named } = refused(fields);
    assert.deepEqual([kind, named], ['badRequest', param]);
    assert.ok(message.startsWith(`\`${param}\` `), message);
  }
  const broken = readRequest('chat', utf8Encode('{"model":'));
  assert.equal(broken.ok ? null : broken.error.kind, 'badJson');
});

test('tokens may be counted without a word about the answer', () => {
  const { model, messages } = base;
  const result = readRequest('countTokens', utf8Encode(JSON.stringify({ model, messages, stream: true })));
  if (!result.ok) assert.fail(result.error.message);
  const { surface, stream, answerTokensMax, promptTokens } = result.value;
  assert.deepEqual([surface, stream, answerTokensMax, promptTokens > 0], ['countTokens', false, 0, true]);
  assert.equal(readRequest('countTokens', utf8Encode('{"model":"m"}')).ok, false);
});

test('system blocks are joined, without cache marks and without the line that spoils caches', () => {
  const system = [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.0; cch=1a2b3;' },
    { type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral' } },
    { type: 'text', text: 'Be brief.' },
  ];
  assert.deepEqual(chatOf({ system })['messages'], [
    { role: 'system', content: 'You are Claude Code.\nBe brief.' },
    { role: 'user', content: 'Hello' },
  ]);
  assert.deepEqual(untranslatable({ system, cache_control: { type: 'ephemeral' } }), []);
});

test('pictures and documents become parts; text alone stays a string', () => {
  assert.deepEqual(asked({ type: 'text', text: 'a' }, { type: 'text', text: 'b' }), [
    { role: 'user', content: 'a\nb' },
  ]);
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } };
  const linked = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };
  const pdf = {
    type: 'document',
    title: 'a.pdf',
    source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
  };
  assert.deepEqual(asked(image, linked, pdf), [
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBOR' } },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        { type: 'text', text: 'a.pdf' },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
      ],
    },
  ]);
  const note = {
    type: 'document',
    title: 'Note',
    context: 'Old',
    source: { type: 'text', media_type: 'text/plain', data: 'body' },
  };
  const found = { type: 'search_result', title: 'T', source: 'https://x', content: [{ type: 'text', text: 'hit' }] };
  assert.deepEqual(asked(note, found), [{ role: 'user', content: 'Note\nOld\nbody\nT\nhttps://x\nhit' }]);
  assert.deepEqual(read({ messages: [{ role: 'user', content: [image] }] }).needs, ['vision']);
});

test('tool calls, their results in one turn, errors and pictures keep their order and ids', () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } };
  const messages = [
    { role: 'user', content: 'Weather?' },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Let me ' },
        { type: 'text', text: 'look.' },
        { type: 'tool_use', id: 'toolu_1', name: 'get', input: { city: 'Köln' } },
        { type: 'tool_use', id: 'toolu_2', name: 'shot', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Here:' },
        { type: 'tool_result', tool_use_id: 'toolu_1', content: 'no such city', is_error: true },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'text', text: 'shot' }, image] },
      ],
    },
  ];
  assert.deepEqual(history(...messages), [
    { role: 'user', content: 'Weather?' },
    {
      role: 'assistant',
      content: 'Let me look.',
      tool_calls: [
        { id: 'toolu_1', type: 'function', function: { name: 'get', arguments: '{"city":"Köln"}' } },
        { id: 'toolu_2', type: 'function', function: { name: 'shot', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'toolu_1', content: 'Error: no such city' },
    { role: 'tool', tool_call_id: 'toolu_2', content: 'shot\nThe result of toolu_2 follows as an attachment.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Result of toolu_2:' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
        { type: 'text', text: 'Here:' },
      ],
    },
  ]);
  const bare = history({ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] });
  assert.deepEqual(bare, [{ role: 'tool', tool_call_id: 'a', content: '' }]);
});

test('thinking keeps its signature beside its text', () => {
  const content = [
    { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
    { type: 'redacted_thinking', data: 'blob' },
    { type: 'thinking', thinking: 'Unsigned.', signature: '' },
    { type: 'text', text: 'Yes.' },
  ];
  assert.deepEqual(history({ role: 'assistant', content }, { role: 'user', content: 'Why?' }), [
    {
      role: 'assistant',
      content: 'Yes.',
      reasoning_content: 'Hm.\nUnsigned.',
      reasoning_details: [
        { type: 'reasoning.text', text: 'Hm.', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
        { type: 'reasoning.encrypted', data: 'blob', format: 'anthropic-claude-v1', index: 1 },
      ],
    },
    { role: 'user', content: 'Why?' },
  ]);
});

test('a last message of the assistant is a prefix, unless it calls a tool', () => {
  const messages = [...base.messages, { role: 'assistant', content: 'The answer is' }];
  const request = read({ messages });
  assert.deepEqual(request.needs, ['prefix']);
  assert.deepEqual((request.body['messages'] as JsonObject[]).at(-1), {
    role: 'assistant',
    content: 'The answer is',
    prefix: true,
  });
  const calling = [
    ...base.messages,
    { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] },
  ];
  assert.deepEqual(read({ messages: calling }).needs, []);
});

test('tools, their choice and their number are translated', () => {
  const tools = [
    {
      name: 'f',
      description: 'Does.',
      input_schema: { type: 'object' },
      input_examples: [{ a: 1 }],
      cache_control: { type: 'ephemeral' },
    },
    { type: 'custom', name: 'g', input_schema: { type: 'object' }, strict: true },
  ];
  const chat = chatOf({ tools, tool_choice: { type: 'auto', disable_parallel_tool_use: true } });
  assert.deepEqual(chat['tools'], [
    {
      type: 'function',
      function: { name: 'f', description: 'Does.\nExamples of its input:\n{"a":1}', parameters: { type: 'object' } },
    },
    { type: 'function', function: { name: 'g', parameters: { type: 'object' }, strict: true } },
  ]);
  assert.deepEqual([chat['tool_choice'], chat['parallel_tool_calls']], ['auto', false]);
  const choices = [{ type: 'any' }, { type: 'none' }, { type: 'tool', name: 'f' }];
  assert.deepEqual(
    choices.map((choice) => chatOf({ tools, tool_choice: choice })['tool_choice']),
    ['required', 'none', { type: 'function', function: { name: 'f' } }],
  );
  assert.deepEqual(read({ tools }).needs, ['tools']);
  assert.equal(chatOf({ tools: [], tool_choice: { type: 'auto' } })['tool_choice'], undefined);
});

test('effort, formats, stops, user and tier are said in the chat’s words', () => {
  const schema = { type: 'object', properties: {} };
  const format = { type: 'json_schema', schema };
  const said = chatOf({
    stop_sequences: ['END'],
    metadata: { user_id: 'u1' },
    service_tier: 'standard_only',
    output_config: { effort: 'low', format },
  });
  assert.deepEqual(
    [said['stop'], said['user'], said['service_tier'], said['reasoning_effort'], said['response_format']],
    [['END'], 'u1', 'default', 'low', { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } }],
  );
  assert.deepEqual(read({ output_format: format }).needs, ['jsonSchema']);
  const efforts: readonly [object, unknown][] = [
    [{ thinking: { type: 'disabled' }, output_config: { effort: 'high' } }, 'none'],
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'low'],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'medium'],
    [{ thinking: { type: 'enabled', budget_tokens: 31_999 } }, 'high'],
    [{ thinking: { type: 'adaptive' } }, undefined],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'max'],
  ];
  for (const [fields, effort] of efforts) assert.equal(chatOf(fields)['reasoning_effort'], effort);
});

const withBlock = (block: object): object => ({
  messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, block] }],
});

test('what only Anthropic can do is listed, and what cannot change the answer is not', () => {
  const cases: readonly [object, readonly string[]][] = [
    [
      {
        tools: [
          { name: 'f', input_schema: {} },
          { type: 'web_search_20250305', name: 'web_search' },
        ],
      },
      ['tools[1]'],
    ],
    [
      {
        tools: [
          { type: 'bash_20250124', name: 'bash' },
          { type: 'memory_20250818', name: 'memory' },
        ],
      },
      ['tools[0]', 'tools[1]'],
    ],
    [{ mcp_servers: [{ type: 'url', url: 'https://x', name: 'x' }], container: 'c' }, ['mcp_servers', 'container']],
    [{ mcp_servers: [], speed: 'standard', inference_geo: null }, []],
    [{ speed: 'fast', some_new_feature: true }, ['speed', 'some_new_feature']],
    [{ max_tokens: 0 }, ['max_tokens']],
    [{ thinking: { type: 'between_tools' } }, ['thinking']],
    [{ output_config: { format: { type: 'grammar' } } }, ['output_config.format']],
    [withBlock({ type: 'image', source: { type: 'file', file_id: 'f' } }), ['messages[0].content[1].source']],
    [
      withBlock({ type: 'document', source: { type: 'url', url: 'https://x/a.pdf' } }),
      ['messages[0].content[1].source'],
    ],
    [
      withBlock({ type: 'document', source: { type: 'text', data: 'x' }, citations: { enabled: true } }),
      ['messages[0].content[1].citations'],
    ],
    [withBlock({ type: 'container_upload', file_id: 'f' }), ['messages[0].content[1]']],
    [
      withBlock({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'tool_reference', tool_name: 'f' }] }),
      ['messages[0].content[1].content[0]'],
    ],
    [
      {
        messages: [
          { role: 'assistant', content: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }] },
          { role: 'user', content: 'x' },
        ],
      },
      ['messages[0].content[0]'],
    ],
    [
      {
        context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
        diagnostics: {},
        betas: ['x'],
        anthropic_version: 'vertex',
      },
      [],
    ],
  ];
  for (const [fields, params] of cases) assert.deepEqual(untranslatable(fields), params);
});

test('the gateway’s own fields are read as in a chat', () => {
  const request = read({ fallbacks: ['b'], models: ['claude', 'b', { model: 'c' }] });
  assert.deepEqual(request.fallbackModels, ['b', 'c']);
  assert.deepEqual(request.native?.untranslatable, []);
});

test('fallbacks of Anthropic’s own name no models of ours', () => {
  for (const fallbacks of ['default', [{ model: 'claude-opus-5', max_tokens: 10 }], ['a', { model: 'b' }]]) {
    const { fallbackModels, native, body } = read({ fallbacks });
    assert.deepEqual([fallbackModels, native?.untranslatable, body['fallbacks']], [[], [], undefined]);
    assert.deepEqual(native?.body['fallbacks'], fallbacks);
  }
});

test('a turn that paused at a server’s tool is no beginning to go on from', () => {
  const paused = {
    role: 'assistant',
    content: [
      { type: 'text', text: 'I look it up.' },
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      { type: 'web_search_tool_result', tool_use_id: 's', content: [] },
    ],
  };
  const { needs, native } = read({ messages: [{ role: 'user', content: 'x' }, paused] });
  assert.deepEqual(needs, []);
  assert.deepEqual(
    native?.untranslatable.map(({ param }) => param),
    ['messages[1].content[1]', 'messages[1].content[2]'],
  );
  const thought = {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Hm', signature: 's' },
      { type: 'text', text: 'So' },
    ],
  };
  assert.deepEqual(read({ messages: [{ role: 'user', content: 'x' }, thought] }).needs, ['prefix']);
});

const signed = (signature: string) =>
  read({
    messages: [
      { role: 'user', content: 'x' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature },
          { type: 'text', text: 'So' },
        ],
      },
      { role: 'user', content: 'y' },
    ],
  }).body['messages'] as JsonObject[];
const [, foreign] = signed('3f2504e0-4f89-11d3-9a0c-0305e82c3301');

test('a signature that is the id of a message proves nothing', () => {
  assert.deepEqual([foreign?.['reasoning_content'], foreign?.['reasoning_details']], ['Hm', undefined]);
  const [, own] = signed('EqQBCgIYAhIM');
  assert.equal((own?.['reasoning_details'] as JsonObject[] | undefined)?.length, 1);
});
