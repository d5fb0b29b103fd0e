import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import { readRequest as readChat } from '../openai/request.ts';
import { writeRequest } from './request-writer.ts';
import type { AnthropicManner, WrittenRequest } from './request-writer.ts';
import { readRequest } from './request.ts';

const newer: AnthropicManner = {
  sampling: false,
  answerTokensMax: 64_000,
  thinking: 'adaptive',
  prefill: false,
  trustsSignatures: true,
  schemas: true,
};
const older: AnthropicManner = { ...newer, sampling: true, thinking: 'budget', prefill: true, schemas: false };
const hello = [{ role: 'user', content: 'Hello' }];

function write(fields: object, manner = newer): WrittenRequest {
  const result = readChat('chat', utf8Encode(JSON.stringify({ model: 'm', messages: hello, ...fields })));
  if (!result.ok) assert.fail(result.error.message);
  return writeRequest(result.value, 'claude-x', manner);
}
const bodyOf = (fields: object, manner = newer): JsonObject => write(fields, manner).body;
const refusedBy = (fields: object, manner = newer): readonly string[] =>
  write(fields, manner).unsupported.map(({ param }) => param);
const turnsOf = (...messages: readonly object[]): unknown => bodyOf({ messages })['messages'];

const callOf = (id: string, name: string, written: string): object => ({
  id,
  type: 'function',
  function: { name, arguments: written },
});

test('a chat becomes a Messages request for the model, with its most tokens said', () => {
  const { body, unsupported } = write({ stream: true, stream_options: { include_usage: true }, priority: 1 });
  assert.deepEqual(body, {
    model: 'claude-x',
    max_tokens: 64_000,
    messages: [{ role: 'user', content: 'Hello' }],
    stream: true,
  });
  assert.deepEqual(unsupported, []);
  assert.equal(bodyOf({ max_tokens: 50, max_completion_tokens: 20 })['max_tokens'], 20);
});

test('messages of the system are gathered, with their cache marks', () => {
  const mark = { cache_control: { type: 'ephemeral' } };
  const system = { role: 'system', content: [{ type: 'text', text: 'Be brief.', ...mark }] };
  const body = bodyOf({ messages: [system, ...hello, { role: 'developer', content: 'Be kind.' }] });
  assert.deepEqual(body['system'], [
    { type: 'text', text: 'Be brief.', ...mark },
    { type: 'text', text: 'Be kind.' },
  ]);
  assert.deepEqual(body['messages'], [{ role: 'user', content: 'Hello' }]);
  assert.equal(bodyOf({ messages: [{ role: 'system', content: 'One.' }, ...hello] })['system'], 'One.');
});

test('turns alternate, results come first and together, empty text is left out', () => {
  const turns = turnsOf(
    ...hello,
    {
      role: 'assistant',
      content: '',
      tool_calls: [callOf('functions.get:0', 'get', '{"city":"Köln"}'), callOf('b', 'now', '')],
    },
    { role: 'tool', tool_call_id: 'functions.get:0', content: 'rain' },
    {
      role: 'tool',
      tool_call_id: 'b',
      content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }],
    },
    {
      role: 'user',
      content: [
        { type: 'text', text: ' ' },
        { type: 'text', text: 'And?' },
      ],
    },
    { role: 'assistant', content: null },
    { role: 'user', content: 'Well?' },
  );
  assert.deepEqual(turns, [
    { role: 'user', content: 'Hello' },
    {
      role: 'assistant',
      content: [
        { type: 'tool_use', id: 'functions_get_0', name: 'get', input: { city: 'Köln' } },
        { type: 'tool_use', id: 'b', name: 'now', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'functions_get_0', content: 'rain' },
        {
          type: 'tool_result',
          tool_use_id: 'b',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } }],
        },
        { type: 'text', text: 'And?' },
        { type: 'text', text: 'Well?' },
      ],
    },
  ]);
});

test('arguments that are no object are wrapped, and ones too deep are not unfolded', () => {
  const deep = '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000);
  const inputs = ['[1]', '{"cut', deep].map((written) => {
    const calls = [{ id: 'a', type: 'function', function: { name: 'f', arguments: written } }];
    const turns = turnsOf({ role: 'assistant', tool_calls: calls }, ...hello) as { content: { input: unknown }[] }[];
    return turns[0]?.content[0]?.input;
  });
  assert.deepEqual(inputs, [{ arguments: '[1]' }, { arguments: '{"cut' }, { arguments: deep }]);
});

test('pictures and documents are written, what cannot be said is listed with its path', () => {
  const content = [
    { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
    { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
  ];
  assert.deepEqual(turnsOf({ role: 'user', content }), [
    {
      role: 'user',
      content: [
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' }, title: 'a.pdf' },
      ],
    },
  ]);
  const odd = [
    { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
    { type: 'file', file: { file_id: 'f' } },
    { type: 'image_url', image_url: { url: 'gs://a/b' } },
  ];
  assert.deepEqual(refusedBy({ messages: [{ role: 'user', content: odd }] }), [
    'messages[0].content[0]',
    'messages[0].content[1].file',
    'messages[0].content[2].image_url',
  ]);
});

test('only proven thinking goes back, and only where signatures are trusted', () => {
  const details = [
    { type: 'reasoning.text', text: 'Hm.', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
    { type: 'reasoning.text', text: 'No proof.' },
    { type: 'reasoning.encrypted', data: 'x', format: 'openai-responses-v1' },
    { type: 'reasoning.encrypted', data: 'blob', format: 'anthropic-claude-v1' },
  ];
  const messages = [
    { role: 'assistant', content: 'Yes.', reasoning_content: 'Hm.', reasoning_details: details },
    ...hello,
  ];
  const first = (manner: AnthropicManner): unknown =>
    (bodyOf({ messages }, manner)['messages'] as JsonObject[])[0]?.['content'];
  assert.deepEqual(first(newer), [
    { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
    { type: 'redacted_thinking', data: 'blob' },
    { type: 'text', text: 'Yes.' },
  ]);
  assert.equal(first({ ...newer, trustsSignatures: false }), 'Yes.');
});

test('tools and the choice among them are written', () => {
  const tools = [
    { type: 'function', function: { name: 'f', description: 'Does.', parameters: { properties: {} }, strict: true } },
    { type: 'function', function: { name: 'g' } },
    { type: 'web_search_20250305', name: 'web_search' },
  ];
  const body = bodyOf({ tools, parallel_tool_calls: false });
  assert.deepEqual(body['tools'], [
    { name: 'f', description: 'Does.', input_schema: { type: 'object', properties: {} }, strict: true },
    { name: 'g', input_schema: { type: 'object', properties: {} } },
    { type: 'web_search_20250305', name: 'web_search' },
  ]);
  assert.deepEqual(body['tool_choice'], { type: 'auto', disable_parallel_tool_use: true });
  const choices = ['required', 'none', { type: 'function', function: { name: 'f' } }];
  assert.deepEqual(
    choices.map((choice) => bodyOf({ tools, tool_choice: choice })['tool_choice']),
    [{ type: 'any' }, { type: 'none' }, { type: 'tool', name: 'f' }],
  );
  const allowed = { type: 'allowed_tools', allowed_tools: {} };
  assert.deepEqual(refusedBy({ tools: [...tools, { type: 'custom', custom: {} }], tool_choice: allowed }), [
    'tools[3]',
    'tool_choice',
  ]);
  assert.equal((bodyOf({ tools }, older)['tools'] as JsonObject[])[0]?.['strict'], undefined);
});

test('a schema is kept to where the model can be held to one', () => {
  const schema = { type: 'object' };
  const fields = { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } };
  assert.deepEqual(bodyOf({ ...fields, reasoning_effort: 'low' })['output_config'], {
    format: { type: 'json_schema', schema },
    effort: 'low',
  });
  assert.deepEqual(refusedBy(fields, older), ['response_format']);
  assert.deepEqual(refusedBy({ response_format: { type: 'json_object' } }), ['response_format']);
  assert.deepEqual(refusedBy({ response_format: { type: 'text' } }), []);
});

test('a wish to think is told as the model’s generation takes it', () => {
  const thinking = (fields: object, manner = newer): unknown => bodyOf(fields, manner)['thinking'];
  assert.deepEqual(thinking({ reasoning_effort: 'high' }), { type: 'adaptive' });
  assert.deepEqual(thinking({ reasoning_effort: 'none' }), { type: 'disabled' });
  assert.deepEqual(thinking({ thinking: { type: 'disabled' } }), { type: 'disabled' });
  assert.deepEqual(bodyOf({ thinking: { type: 'enabled', budget_tokens: 10_000 } })['output_config'], {
    effort: 'medium',
  });
  assert.equal(thinking({}), undefined);
  assert.deepEqual(thinking({ reasoning_effort: 'high' }, older), { type: 'enabled', budget_tokens: 24_576 });
  assert.deepEqual(thinking({ reasoning_effort: 'high', max_tokens: 4_000 }, older), {
    type: 'enabled',
    budget_tokens: 3_200,
  });
  assert.deepEqual(thinking({ thinking: { type: 'enabled', budget_tokens: 5_000 } }, older), {
    type: 'enabled',
    budget_tokens: 5_000,
  });
  assert.equal(thinking({ reasoning_effort: 'none' }, older), undefined);
  assert.deepEqual(refusedBy({ reasoning_effort: 'low', max_tokens: 500 }, older), ['reasoning_effort']);
  assert.deepEqual(refusedBy({ reasoning_effort: 'low' }, { ...older, thinking: 'none' }), ['reasoning_effort']);
  const tools = [{ type: 'function', function: { name: 'f' } }];
  assert.deepEqual(refusedBy({ reasoning_effort: 'low', tools, tool_choice: 'required' }), ['reasoning_effort']);
});

test('a step after a tool is taken without thinking where its proof is missing', () => {
  const calls = [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }];
  const result = { role: 'tool', tool_call_id: 'a', content: 'x' };
  const bare = [...hello, { role: 'assistant', tool_calls: calls }, result];
  const details = [{ type: 'reasoning.text', text: 'Hm.', signature: 'sig' }];
  const proven = [...hello, { role: 'assistant', tool_calls: calls, reasoning_details: details }, result];
  assert.equal(bodyOf({ messages: bare, reasoning_effort: 'low' }, older)['thinking'], undefined);
  assert.ok(bodyOf({ messages: proven, reasoning_effort: 'low' }, older)['thinking']);
  assert.deepEqual(bodyOf({ messages: bare, reasoning_effort: 'low' })['thinking'], { type: 'adaptive' });
});

test('a prefix is continued where the model can, and refused where it cannot', () => {
  const messages = [...hello, { role: 'assistant', content: 'The answer is ', prefix: true }];
  const { body, unsupported } = write({ messages, reasoning_effort: 'high' }, older);
  assert.deepEqual((body['messages'] as JsonObject[]).at(-1), { role: 'assistant', content: 'The answer is' });
  assert.deepEqual([body['thinking'], unsupported], [undefined, []]);
  assert.deepEqual(refusedBy({ messages }), ['messages[1].prefix']);
  assert.deepEqual(refusedBy({ messages: [...hello, { role: 'assistant', content: 'Hi' }] }), ['messages']);
});

test('sampling is told where the model takes it', () => {
  assert.deepEqual(refusedBy({ temperature: 0.2, top_k: 4 }), []);
  const body = bodyOf({ temperature: 0.2, top_p: 1, top_k: 4 }, older);
  assert.deepEqual([body['temperature'], body['top_p'], body['top_k']], [0.2, undefined, 4]);
});

test('sampling that cannot be had is left out, and told', () => {
  const dropped = (fields: JsonObject, manner = newer) => {
    const { body, dropped: names } = write(fields, manner);
    for (const name of names) assert.equal(body[name], undefined);
    return names;
  };
  assert.deepEqual(dropped({ temperature: 0.2, top_k: 4 }), ['temperature', 'top_k']);
  assert.deepEqual(dropped({ temperature: 1, top_p: 1 }), []);
  assert.deepEqual(dropped({ temperature: 0.2, top_p: 0.5 }, older), ['top_p']);
  assert.deepEqual(dropped({ temperature: 1.5 }, older), ['temperature']);
  assert.deepEqual(dropped({ temperature: 0.2, reasoning_effort: 'low' }, older), ['temperature']);
  assert.deepEqual(dropped({ temperature: 0.2, reasoning_effort: 'none' }, { ...newer, sampling: true }), []);
});

const resultOf = (id: string): object => ({ role: 'tool', tool_call_id: id, content: id });

test('ids that are cleaned stay apart, and calls keep their results', () => {
  const ids = ['a:1', 'a.1', 'a_1'];
  const { messages } = bodyOf({
    messages: [
      ...hello,
      { role: 'assistant', tool_calls: ids.map((id) => callOf(id, 'f', '{}')) },
      ...ids.map(resultOf),
    ],
  }) as { messages: { content: JsonObject[] }[] };
  const used = messages[1]?.content.map(({ id }) => id);
  assert.deepEqual(used, ['a_1', 'a_1_2', 'a_1_3']);
  assert.deepEqual(
    messages[2]?.content.map(({ tool_use_id: id, content }) => [id, content]),
    ids.map((id, at) => [used?.[at], id]),
  );
});

test('no parameter is lost silently: what is idle may go, all else is listed', () => {
  const idle = {
    n: 1,
    logprobs: false,
    frequency_penalty: 0,
    logit_bias: {},
    modalities: ['text'],
    store: true,
    metadata: { a: 'b' },
    seed: null,
    verbosity: 'medium',
    functions: [],
  };
  assert.deepEqual(refusedBy(idle), []);
  const asked = {
    n: 2,
    logprobs: true,
    top_logprobs: 2,
    frequency_penalty: 1,
    logit_bias: { 5: 1 },
    modalities: ['audio'],
    seed: 0,
    min_p: 0.1,
    functions: [{ name: 'f' }],
  };
  assert.deepEqual(new Set(refusedBy(asked)), new Set(Object.keys(asked)));
  assert.deepEqual(refusedBy({ messages: [{ role: 'function', name: 'f', content: 'x' }, ...hello] }), [
    'messages[0].role',
  ]);
  const body = bodyOf({ user: 'u', service_tier: 'default', stop: 'END', cache_control: { type: 'ephemeral' } });
  assert.deepEqual(
    [body['metadata'], body['service_tier'], body['stop_sequences'], body['cache_control']],
    [{ user_id: 'u' }, 'standard_only', ['END'], { type: 'ephemeral' }],
  );
  assert.deepEqual(refusedBy({ stop: ['END', '\n'] }), ['stop']);
});

test('a chat that goes to Anthropic’s words and back keeps text, calls, results and order', () => {
  const text = fc.string({ minLength: 1 }).filter((word) => word.trim() !== '' && !/^\W*error/i.test(word));
  const input = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()));
  const call = fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), input });
  const turn = fc.record({ asked: text, said: text, calls: fc.array(call, { maxLength: 3 }), result: text });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 4 }), (turns) => {
      const messages = turns.flatMap(({ asked, said, calls, result }, place) => [
        { role: 'user', content: asked },
        {
          role: 'assistant',
          content: said,
          ...(calls.length === 0
            ? {}
            : {
                tool_calls: calls.map(({ name, input: given }, index) => ({
                  id: `c${place}_${index}`,
                  type: 'function',
                  function: { name, arguments: JSON.stringify(given) },
                })),
              }),
        },
        ...calls.map((_, index) => ({
          role: 'tool',
          tool_call_id: `c${place}_${index}`,
          content: `${result}${index}`,
        })),
      ]);
      messages.push({ role: 'user', content: 'Last.' });
      // What follows a result stands in the same turn there; apart from that it is the same conversation.
      const back = readRequest('chat', utf8Encode(JSON.stringify(bodyOf({ messages }))));
      if (!back.ok) assert.fail(back.error.message);
      assert.deepEqual(back.value.native?.untranslatable, []);
      assert.deepEqual(back.value.body['messages'], JSON.parse(JSON.stringify(messages)));
    }),
    { numRuns: 200 },
  );
});
