import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CanonicalRequest } from '../../kernel/chat.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Rejection } from '../../kernel/rejection.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import { responsesDoor } from './dialect.ts';

const bytesOf = (body: unknown): Uint8Array => utf8Encode(JSON.stringify(body));

function read(more: JsonObject): CanonicalRequest {
  const result = responsesDoor.readRequest('chat', bytesOf({ model: 'm', input: 'Hi', ...more }));
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}

function refusal(more: JsonObject): Rejection {
  const result = responsesDoor.readRequest('chat', bytesOf({ model: 'm', input: 'Hi', ...more }));
  assert.ok(!result.ok);
  return result.error;
}

const chat = (more: JsonObject): JsonObject => read(more).body;
const lost = (more: JsonObject): readonly string[] =>
  (read(more).native?.untranslatable ?? []).map(({ param }) => param);

test('a text becomes a user’s message, instructions the system’s', () => {
  const request = read({ instructions: 'Be brief.', stream: true, max_output_tokens: 50 });
  assert.deepEqual(request.body, {
    model: 'm',
    stream: true,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ],
    max_completion_tokens: 50,
  });
  const { surface, stream, includeUsage, answerTokensMax, choices, needs } = request;
  assert.deepEqual(
    { surface, stream, includeUsage, answerTokensMax, choices, needs },
    { surface: 'chat', stream: true, includeUsage: true, answerTokensMax: 50, choices: 1, needs: [] },
  );
  assert.equal(utf8Decode(request.bytes), JSON.stringify(request.body));
});

test('the body as it came stands beside its translation, byte for byte', () => {
  const bytes = utf8Encode('{ "model":"m", "input": "Hi", "temperature": 1.0 }');
  const result = responsesDoor.readRequest('chat', bytes);
  assert.ok(result.ok);
  assert.equal(result.value.native?.dialect, 'responses');
  assert.equal(utf8Decode(result.value.native.bytes), utf8Decode(bytes));
});

test('all that a model thinks, says and calls in one turn is one message', () => {
  const input = [
    { role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm' }], encrypted_content: 'opaque' },
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'I look.', annotations: [] }],
    },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'w', arguments: '{"at":"Ulm"}' },
    { type: 'custom_tool_call', call_id: 'call_2', name: 'sh', input: 'ls' },
    { type: 'function_call_output', call_id: 'call_1', output: 'rain' },
    { type: 'custom_tool_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'a.txt' }] },
    { role: 'assistant', content: 'Rain.' },
  ];
  const details = [{ type: 'reasoning.encrypted', data: 'opaque', format: 'openai-responses-v1', id: 'rs_1' }];
  assert.deepEqual(chat({ input })['messages'], [
    { role: 'user', content: 'Weather?' },
    {
      role: 'assistant',
      content: 'I look.',
      reasoning_content: 'Hm',
      reasoning_details: details,
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'w', arguments: '{"at":"Ulm"}' } },
        { id: 'call_2', type: 'custom', custom: { name: 'sh', input: 'ls' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
    { role: 'tool', tool_call_id: 'call_2', content: 'a.txt' },
    { role: 'assistant', content: 'Rain.' },
  ]);
});

test('pictures, files and refusals keep their place, and pictures are needed by a target', () => {
  const url = 'data:image/png;base64,AA==';
  const request = read({
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'See' },
          { type: 'input_image', image_url: url, detail: 'low' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' },
        ],
      },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: url }] },
    ],
  });
  assert.deepEqual(request.body['messages'], [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'See' },
        { type: 'image_url', image_url: { url, detail: 'low' } },
        { type: 'file', file: { file_data: 'data:application/pdf;base64,AA==', filename: 'a.pdf' } },
      ],
    },
    { role: 'assistant', content: null, refusal: 'No.' },
    { role: 'tool', tool_call_id: 'c', content: 'The result of c follows as an attachment.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Result of c:' },
        { type: 'image_url', image_url: { url } },
      ],
    },
  ]);
  assert.deepEqual(request.needs, ['vision']);
});

const called = (id: string) => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' });

test('pictures that tools gave follow all results of their turn', () => {
  const url = 'data:image/png;base64,AA==';
  const output = [
    { type: 'input_text', text: 'seen' },
    { type: 'input_image', image_url: url },
  ];
  const messages = chat({
    input: [
      called('a'),
      called('b'),
      { type: 'function_call_output', call_id: 'a', output },
      { type: 'function_call_output', call_id: 'b', output: 'two' },
      { role: 'assistant', content: 'So' },
    ],
  })['messages'] as JsonObject[];
  assert.deepEqual(
    messages.map(({ role, content }) => [role, Array.isArray(content) ? content.length : content]),
    [
      ['assistant', null],
      ['tool', 'seen\nThe result of a follows as an attachment.'],
      ['tool', 'two'],
      ['user', 2],
      ['assistant', 'So'],
    ],
  );
});

test('tools, the choice among them and formats change their form and nothing else', () => {
  const body = chat({
    tools: [
      { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
      { type: 'custom', name: 'c', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
    ],
    tool_choice: { type: 'function', name: 'f' },
    parallel_tool_calls: false,
    text: { format: { type: 'json_schema', name: 's', schema: {}, strict: true }, verbosity: 'low' },
    reasoning: { effort: 'low', summary: 'auto' },
    top_logprobs: 2,
    user: 'u',
    metadata: { a: 'b' },
    service_tier: 'flex',
    prompt_cache_key: 'k',
    safety_identifier: 's',
    temperature: 0.5,
    top_p: 0.9,
  });
  assert.deepEqual(body, {
    model: 'm',
    messages: [{ role: 'user', content: 'Hi' }],
    tools: [
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } },
      {
        type: 'custom',
        custom: { name: 'c', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } },
      },
    ],
    tool_choice: { type: 'function', function: { name: 'f' } },
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: {}, strict: true } },
    verbosity: 'low',
    reasoning_effort: 'low',
    logprobs: true,
    top_logprobs: 2,
    user: 'u',
    metadata: { a: 'b' },
    service_tier: 'flex',
    prompt_cache_key: 'k',
    safety_identifier: 's',
    temperature: 0.5,
    top_p: 0.9,
  });
});

test('allowed tools are the only ones that the chat gets to see', () => {
  const tools = ['a', 'b'].map((name) => ({ type: 'function', name, parameters: {} }));
  const body = chat({
    tools,
    tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'b' }] },
  });
  assert.deepEqual(body['tools'], [{ type: 'function', function: { name: 'b', parameters: {} } }]);
  assert.equal(body['tool_choice'], 'required');
});

test('what only this API knows is named, item by item', () => {
  const image = { type: 'input_image', file_id: 'file_1' };
  const names = lost({
    input: [
      { role: 'user', content: [{ type: 'input_text', text: 'See' }, image] },
      { type: 'web_search_call', id: 'ws_1', status: 'completed' },
      {
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'Hm' },
          { type: 'output_audio', data: '' },
        ],
      },
    ],
    tools: [
      { type: 'web_search' },
      { type: 'function', name: 'f', defer_loading: true },
      { type: 'mcp', server_label: 's' },
    ],
    tool_choice: { type: 'web_search' },
    truncation: 'auto',
    reasoning: { mode: 'pro' },
  });
  assert.deepEqual(names, [
    'input[0].content[1].file_id',
    'input[1]',
    'input[2].content[1]',
    'tools[0]',
    'tools[1].defer_loading',
    'tools[2]',
    'tool_choice',
    'reasoning.mode',
    'truncation',
  ]);
});

test('what says nothing here is not in the way', () => {
  const harmless = {
    store: true,
    background: false,
    previous_response_id: null,
    truncation: 'disabled',
    include: ['reasoning.encrypted_content', 'web_search_call.results'],
    max_tool_calls: 3,
    stream_options: { include_obfuscation: false },
    tools: [],
    tool_choice: 'auto',
    text: { format: { type: 'text' } },
  };
  assert.deepEqual(lost(harmless), []);
  assert.deepEqual(Object.keys(chat(harmless)).toSorted(), ['messages', 'model']);
});

test('what would need a memory is refused, with what to send instead', () => {
  for (const [param, value] of [
    ['previous_response_id', 'resp_1'],
    ['conversation', 'conv_1'],
    ['background', true],
    ['prompt', { id: 'pmpt_1' }],
  ] as const) {
    const { kind, param: named, message } = refusal({ [param]: value });
    assert.deepEqual([kind, named], ['badRequest', param]);
    assert.match(message, /`input`|`stream`/);
  }
  const { param, message } = refusal({ input: [{ type: 'item_reference', id: 'msg_1' }] });
  assert.equal(param, 'input[0]');
  assert.match(message, /send the item itself/);
});

test('what is wrong is named by its place', () => {
  for (const [more, param] of [
    [{ input: [] }, 'input'],
    [{ input: 3 }, 'input'],
    [{ input: [{ role: 'robot', content: 'x' }] }, 'input[0].role'],
    [{ input: [{ type: 'function_call', call_id: 'c', name: 'f' }] }, 'input[0].arguments'],
    [{ input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].call_id'],
    [{ input: [{ role: 'user', content: [{ text: 'x' }] }] }, 'input[0].content[0].type'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ text: { format: { type: 'json_schema', name: 'x' } } }, 'text.format.schema'],
    [{ temperature: 3 }, 'temperature'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
    [{ model: '' }, 'model'],
    [{ model: null }, 'model'],
  ] as const) {
    assert.equal(refusal(more as unknown as JsonObject).param, param);
  }
});

test('the gateway’s own fields name further models', () => {
  const request = read({ fallbacks: ['b', { model: 'c' }], models: ['m', 'b', 'd'] });
  assert.deepEqual(request.fallbackModels, ['b', 'c', 'd']);
});

test('reasoning that this gateway wrote does not reach a far side of this API, and comes back to others whole', () => {
  const proof = [{ type: 'reasoning.text', text: 'Hm', signature: 'sig', format: 'anthropic-claude-v1', index: 0 }];
  const own = { type: 'reasoning', id: 'rs_far', summary: [], encrypted_content: `spillway:${JSON.stringify(proof)}` };
  const bare = { type: 'reasoning', id: 'rs_spillway_x_0', summary: [{ type: 'summary_text', text: 'So' }] };
  const issued = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'opaque' };
  const user = { role: 'user', content: 'Hi' };
  const request = read({ input: [user, own, bare, issued, user] });
  assert.deepEqual(request.native?.body['input'], [user, issued, user]);
  assert.deepEqual(JSON.parse(utf8Decode(request.native.bytes)), request.native.body);
  const turn = (request.body['messages'] as JsonObject[])[1];
  assert.equal(turn?.['reasoning_content'], 'So');
  assert.deepEqual(turn?.['reasoning_details'], [
    ...proof,
    { type: 'reasoning.encrypted', data: 'opaque', format: 'openai-responses-v1', id: 'rs_1' },
  ]);
});

test('an encrypted content that only looks like ours proves nothing and breaks nothing', () => {
  for (const data of ['spillway:', 'spillway:{', 'spillway:3', `spillway:${'['.repeat(100_000)}`]) {
    const input = [
      { type: 'reasoning', summary: [], encrypted_content: data },
      { role: 'user', content: 'Hi' },
    ];
    assert.deepEqual((chat({ input })['messages'] as JsonObject[])[0], { role: 'assistant', content: null });
  }
});
