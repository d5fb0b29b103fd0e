import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { canonical } from '../../../test/support/canonical.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { type ConverseManner, mannerOf, plainManner } from './manner.ts';
import { writeRequest } from './request-writer.ts';

const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const OPUS = 'global.anthropic.claude-opus-4-6-v1';
const LLAMA = 'us.meta.llama4-maverick-17b-instruct-v1:0';

interface Written {
  readonly body: JsonObject;
  readonly unsupported: readonly string[];
  readonly dropped: readonly string[];
}

function write(body: JsonObject, model = SONNET, manner: ConverseManner = mannerOf(model)): Written {
  const { body: written, unsupported, dropped } = writeRequest(canonical(body), model, manner);
  return { body: written, unsupported: unsupported.map(({ param }) => param), dropped };
}

const user = (content: JsonObject['x']): JsonObject => ({ role: 'user', content });
const messages = (...all: JsonObject[]): JsonObject => ({ messages: all });
const tool = (name: string, more: JsonObject = {}): JsonObject => ({
  type: 'function',
  function: { name, parameters: { type: 'object' }, ...more },
});
const call = (id: string, name = 'add', written = '{"a":1}'): JsonObject => ({
  id,
  type: 'function',
  function: { name, arguments: written },
});
const spec = (name: string): JsonObject => ({ toolSpec: { name, inputSchema: { json: { type: 'object' } } } });
const thinks = (body: JsonObject): unknown => (body['additionalModelRequestFields'] as JsonObject)?.['thinking'];

const soFar = (content: string): JsonObject =>
  write(messages(user('x'), { role: 'assistant', content, prefix: true })).body;

suite('messages', () => {
  test('become turns that alternate, with the system in front', () => {
    const { body, unsupported } = write(
      messages(
        { role: 'system', content: 'Be brief.' },
        user('One.'),
        user([{ type: 'text', text: 'Two.' }]),
        { role: 'assistant', content: 'Yes.' },
        { role: 'developer', content: 'Now be long.' },
        user('Go on.'),
      ),
    );
    assert.deepEqual(body, {
      system: [{ text: 'Be brief.' }, { text: 'Now be long.' }],
      messages: [
        { role: 'user', content: [{ text: 'One.' }, { text: 'Two.' }] },
        { role: 'assistant', content: [{ text: 'Yes.' }] },
        { role: 'user', content: [{ text: 'Go on.' }] },
      ],
    });
    assert.deepEqual(unsupported, []);
  });

  test('carry tool calls and all their results in the turn that follows', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const { body } = write({
      ...messages(
        user('Add.'),
        { role: 'assistant', content: null, tool_calls: [call('a'), call('b', 'add', 'no json')] },
        { role: 'tool', tool_call_id: 'a', content: '2' },
        { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'See' }, image] },
        user('And?'),
      ),
      tools: [tool('add')],
    });
    assert.deepEqual((body['messages'] as JsonObject[]).slice(1), [
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'a', name: 'add', input: { a: 1 } } },
          { toolUse: { toolUseId: 'b', name: 'add', input: { arguments: 'no json' } } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'a', content: [{ text: '2' }] } },
          {
            toolResult: {
              toolUseId: 'b',
              content: [{ text: 'See' }, { image: { format: 'png', source: { bytes: 'AAAA' } } }],
            },
          },
          { text: 'And?' },
        ],
      },
    ]);
  });

  test('have ids of calls that Bedrock takes, alike in call and result', () => {
    const history = messages(
      user('x'),
      { role: 'assistant', tool_calls: [call('functions.add:0'), call('functions.add:1'), call('fits_as-it-is')] },
      { role: 'tool', tool_call_id: 'functions.add:1', content: '' },
    );
    const written = JSON.stringify(write({ ...history, tools: [tool('add')] }).body);
    const ids = [...written.matchAll(/"toolUseId":"([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(ids, ['call00000', 'call00001', 'fits_as-it-is', 'call00001']);
    assert.ok(written.includes('"content":[{"text":"(no output)"}]'));
    const mistral = JSON.stringify(write({ ...history, tools: [tool('add')] }, 'mistral.mistral-large-3').body);
    assert.ok([...mistral.matchAll(/"toolUseId":"([^"]+)"/g)].every(([, id]) => /^[a-zA-Z0-9]{9}$/.test(id ?? '')));
  });

  test('carry images and documents as bytes, and name what cannot be carried', () => {
    const { body, unsupported } = write(
      messages(
        user([
          { type: 'image_url', image_url: 'data:image/jpeg;base64,/9j/' },
          { type: 'file', file: { filename: 'a_b: report.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'image_url', image_url: { url: 'data:image/tiff;base64,AAAA' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ]),
      ),
    );
    assert.deepEqual(body['messages'], [
      {
        role: 'user',
        content: [
          { image: { format: 'jpeg', source: { bytes: '/9j/' } } },
          { document: { format: 'pdf', name: 'a b report', source: { bytes: 'JVBE' } } },
        ],
      },
    ]);
    assert.deepEqual(
      unsupported,
      [2, 3, 4].map((index) => `messages[0].content[${index}]`),
    );
  });

  test('send reasoning back to Claude where it is signed, and to nobody else', () => {
    const details = [
      { type: 'reasoning.text', text: 'Hm.', signature: 'proof', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'b64==', format: 'anthropic-claude-v1', index: 1 },
      { type: 'reasoning.text', text: 'Unsigned.' },
      { type: 'reasoning.encrypted', data: 'else', format: 'openai-responses-v1' },
    ];
    const history = messages(
      user('x'),
      { role: 'assistant', content: 'Four.', reasoning_content: 'Hm.', reasoning_details: details },
      user('y'),
    );
    assert.deepEqual((write(history).body['messages'] as JsonObject[])[1]?.['content'], [
      { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'proof' } } },
      { reasoningContent: { redactedContent: 'b64==' } },
      { text: 'Four.' },
    ]);
    assert.deepEqual((write(history, LLAMA).body['messages'] as JsonObject[])[1]?.['content'], [{ text: 'Four.' }]);
  });

  test('that end with an answer to go on with lose the space at its end', () => {
    assert.deepEqual((soFar('So far \n')['messages'] as JsonObject[]).at(-1), {
      role: 'assistant',
      content: [{ text: 'So far' }],
    });
    assert.equal((soFar(' \n')['messages'] as JsonObject[]).length, 1);
  });

  test('must begin with the user', () => {
    assert.deepEqual(write(messages({ role: 'system', content: 'x' })).unsupported, ['messages']);
    assert.deepEqual(write(messages({ role: 'assistant', content: 'Hi' }, user('x'))).unsupported, ['messages']);
  });

  test('keep marks of what to cache where the model takes them', () => {
    const marked = {
      ...messages(user([{ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral', ttl: '1h' } }])),
      tools: [{ ...tool('add'), cache_control: { type: 'ephemeral' } }],
    };
    const { body } = write(marked);
    assert.deepEqual((body['messages'] as JsonObject[])[0]?.['content'], [
      { text: 'Long.' },
      { cachePoint: { type: 'default', ttl: '1h' } },
    ]);
    assert.deepEqual(body['toolConfig'], { tools: [spec('add'), { cachePoint: { type: 'default' } }] });
    assert.equal(JSON.stringify(write(marked, LLAMA).body).includes('cachePoint'), false);
  });
});

suite('parameters', () => {
  test('go where Converse has them', () => {
    const { body, unsupported } = write({
      max_tokens: 100,
      max_completion_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop: 'END',
      service_tier: 'flex',
      metadata: { team: 'a', bad: 'ü', worse: 7 },
      user: 'ann',
      stream: true,
      stream_options: { include_usage: true },
      n: 1,
      logprobs: false,
      fallbacks: ['other'],
      seed: null,
    });
    delete body['messages'];
    assert.deepEqual(body, {
      inferenceConfig: { maxTokens: 50, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
      additionalModelRequestFields: { top_k: 40 },
      serviceTier: { type: 'flex' },
      requestMetadata: { team: 'a' },
    });
    assert.deepEqual(unsupported, []);
  });

  test('that cannot be had are named, not lost', () => {
    const asked = { n: 2, seed: 7, logprobs: true, frequency_penalty: 1, verbosity: 'low', unheard_of: { by: 'any' } };
    const { unsupported, body } = write(asked);
    assert.deepEqual(unsupported.toSorted(), Object.keys(asked).toSorted());
    assert.deepEqual(Object.keys(body), ['messages']);
    assert.deepEqual(write({ top_k: 3 }, LLAMA).unsupported, ['top_k']);
  });

  test('that a model refuses are not sent to it', () => {
    const { body, unsupported, dropped } = write(
      { temperature: 0.5, top_k: 3, max_tokens: 9 },
      'anthropic.claude-opus-4-7-v1',
    );
    assert.deepEqual([unsupported, dropped], [[], ['temperature', 'top_k']]);
    assert.equal(body['additionalModelRequestFields'], undefined);
    assert.deepEqual(body['inferenceConfig'], { maxTokens: 9 });
  });

  test('for a JSON schema are written where the model keeps to one', () => {
    const format = { type: 'json_schema', json_schema: { name: 'sum', schema: { type: 'object' }, strict: true } };
    assert.deepEqual(write({ response_format: format }).body['outputConfig'], {
      textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{"type":"object"}', name: 'sum' } } },
    });
    assert.deepEqual(write({ response_format: format }, LLAMA).unsupported, ['response_format']);
    assert.deepEqual(write({ response_format: { type: 'json_object' } }).unsupported, ['response_format']);
    assert.deepEqual(write({ response_format: { type: 'text' } }).unsupported, []);
  });
});

suite('tools', () => {
  test('are declared, and chosen in Converse’s words', () => {
    const chosen = (choice: JsonObject['x']) =>
      (write({ tools: [tool('add')], tool_choice: choice }).body['toolConfig'] as JsonObject)['toolChoice'];
    assert.equal(chosen('auto'), undefined);
    assert.deepEqual(chosen('required'), { any: {} });
    assert.deepEqual(chosen({ type: 'function', function: { name: 'add' } }), { tool: { name: 'add' } });
    const { body } = write({
      tools: [tool('add', { description: 'Adds.', strict: true }), tool('b', { description: ' ' })],
    });
    assert.deepEqual(body['toolConfig'], {
      tools: [
        {
          toolSpec: { name: 'add', description: 'Adds.', inputSchema: { json: { type: 'object' } }, strict: true },
        },
        spec('b'),
      ],
    });
  });

  test('are left out when none may be called, unless the history needs them', () => {
    assert.equal(write({ tools: [tool('add')], tool_choice: 'none' }).body['toolConfig'], undefined);
    const history = messages(
      user('x'),
      { role: 'assistant', tool_calls: [call('a')] },
      { role: 'tool', tool_call_id: 'a', content: '2' },
    );
    const kept = write({ ...history, tools: [tool('add')], tool_choice: 'none' });
    assert.deepEqual(kept.unsupported, ['tool_choice']);
    assert.deepEqual(kept.body['toolConfig'], { tools: [spec('add')] });
    const undeclared = write(history);
    assert.deepEqual(undeclared.unsupported, ['tools']);
    assert.deepEqual(undeclared.body['toolConfig'], { tools: [spec('add')] });
  });

  test('are called one at a time by Claude only', () => {
    const asked = { tools: [tool('add')], tool_choice: 'required', parallel_tool_calls: false };
    assert.deepEqual(write(asked).body['additionalModelRequestFields'], {
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    });
    assert.deepEqual(write(asked, LLAMA).unsupported, ['parallel_tool_calls']);
  });

  test('that are no functions, or stricter than the model, are named', () => {
    const { unsupported } = write({ tools: [{ type: 'web_search' }, tool('a', { strict: true })] }, LLAMA);
    assert.deepEqual(unsupported, ['tools[0].type', 'tools[1].function.strict']);
  });
});

suite('how hard to think', () => {
  test('is said in each family’s words', () => {
    const fields = (model: string, effort = 'high') =>
      write({ reasoning_effort: effort, max_tokens: 8000 }, model).body['additionalModelRequestFields'];
    assert.deepEqual(fields('openai.gpt-oss-120b-1:0'), { reasoning_effort: 'high' });
    assert.deepEqual(fields('openai.gpt-5.4'), { reasoning: { effort: 'high' } });
    assert.deepEqual(fields('us.amazon.nova-2-lite-v1:0'), {
      reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' },
    });
    assert.deepEqual(fields(OPUS), { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } });
    assert.deepEqual(fields(SONNET), { thinking: { type: 'enabled', budget_tokens: 4000 } });
    assert.equal(fields(SONNET, 'none'), undefined);
    assert.deepEqual(write({ reasoning_effort: 'low' }, LLAMA).unsupported, ['reasoning_effort']);
    assert.deepEqual(write({ reasoning_effort: 'none' }, LLAMA).unsupported, []);
  });

  test('keeps to the caller’s own budget, below the answer’s limit', () => {
    const budget = (tokens: number) =>
      thinks(write({ thinking: { type: 'enabled', budget_tokens: tokens }, max_tokens: 4000 }).body);
    assert.deepEqual(budget(3000), { type: 'enabled', budget_tokens: 3000 });
    assert.deepEqual(budget(9000), { type: 'enabled', budget_tokens: 3999 });
    assert.deepEqual(write({ reasoning_effort: 'low', max_tokens: 100 }).unsupported, ['reasoning_effort']);
  });

  test('makes what Claude does not take beside it give way, by name', () => {
    const asked = { reasoning_effort: 'low', temperature: 0.2, max_tokens: 8000, top_k: 5 };
    const { body, unsupported, dropped } = write(asked);
    assert.deepEqual([unsupported, dropped], [[], ['temperature', 'top_k']]);
    assert.deepEqual(body['inferenceConfig'], { maxTokens: 8000 });
    assert.deepEqual(body['additionalModelRequestFields'], { thinking: { type: 'enabled', budget_tokens: 2048 } });
  });

  test('is not said where the history forbids it', () => {
    const going = messages(user('x'), { role: 'assistant', content: 'So' });
    assert.equal(thinks(write({ ...going, reasoning_effort: 'low' }).body), undefined);
    const looping = (details: JsonObject[]) =>
      write({
        ...messages(
          user('x'),
          { role: 'assistant', tool_calls: [call('a')], reasoning_details: details },
          { role: 'tool', tool_call_id: 'a', content: '2' },
        ),
        tools: [tool('add')],
        reasoning_effort: 'low',
      }).body;
    assert.equal(thinks(looping([])), undefined);
    assert.notEqual(thinks(looping([{ type: 'reasoning.text', text: 'Hm.', signature: 'proof' }])), undefined);
  });
});

test('the caller’s body is left as it is', () => {
  // `canonical` freezes it: a change throws.
  assert.ok(write({ tools: [tool('add')], stop: ['a'], metadata: { a: 'b' } }, SONNET, plainManner).body);
});
