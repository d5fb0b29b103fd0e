// Ears: one conversation, written by hand in each dialect, is understood the same in all of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DialectName, dialectNames } from '../../kernel/dialect-name.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Understood } from './ear.ts';
import { ears } from './ears.ts';

const data = 'AAAA';
const args = '{"place":"here"}';
const input = { place: 'here' };
const schema = { type: 'object' };

const said: Readonly<Record<DialectName, JsonObject>> = {
  openai: {
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'Hm.',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look_up', arguments: args } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'Rain.' },
    ],
    tools: [{ type: 'function', function: { name: 'look_up', parameters: schema } }],
    response_format: { type: 'json_schema', json_schema: { name: 'weather', schema } },
    max_completion_tokens: 9,
    temperature: 0.5,
  },
  anthropic: {
    system: [{ type: 'text', text: 'Be brief.' }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 's' },
          { type: 'tool_use', id: 'c1', name: 'look_up', input },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'Rain.' }] },
    ],
    tools: [{ name: 'look_up', input_schema: schema }],
    output_config: { format: { type: 'json_schema', schema } },
    max_tokens: 9,
    temperature: 0.5,
  },
  responses: {
    instructions: 'Be brief.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: `data:image/png;base64,${data}` },
        ],
      },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] },
      { type: 'function_call', call_id: 'c1', name: 'look_up', arguments: args },
      { type: 'function_call_output', call_id: 'c1', output: 'Rain.' },
    ],
    tools: [{ type: 'function', name: 'look_up', parameters: schema }],
    text: { format: { type: 'json_schema', name: 'weather', schema } },
    max_output_tokens: 9,
    temperature: 0.5,
  },
  converse: {
    system: [{ text: 'Be brief.' }],
    messages: [
      { role: 'user', content: [{ text: 'What is this?' }, { image: { format: 'png', source: { bytes: data } } }] },
      {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.', signature: 's' } } },
          { toolUse: { toolUseId: 'c1', name: 'look_up', input } },
        ],
      },
      { role: 'user', content: [{ toolResult: { toolUseId: 'c1', content: [{ text: 'Rain.' }] } }] },
    ],
    toolConfig: { tools: [{ toolSpec: { name: 'look_up', inputSchema: { json: schema } } }] },
    outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{}' } } } },
    inferenceConfig: { maxTokens: 9, temperature: 0.5 },
  },
};

const understood: Understood = {
  system: 'Be brief.',
  roles: ['user', 'assistant', 'tool'],
  texts: ['What is this?'],
  images: [{ mediaType: 'image/png', bytes: 3, url: null }],
  toolCalls: [{ id: 'c1', name: 'look_up', arguments: args }],
  toolResults: [{ id: 'c1', text: 'Rain.' }],
  toolNames: ['look_up'],
  json: 'schema',
  maxTokens: 9,
  temperature: 0.5,
  reasoningSeen: ['Hm.'],
};

test('one conversation is understood the same in every dialect', () => {
  for (const dialect of dialectNames) assert.deepEqual(ears[dialect](said[dialect]), understood, dialect);
});

test('what is written in the form of another dialect is not heard', () => {
  for (const dialect of dialectNames) {
    for (const other of dialectNames) {
      if (other !== dialect)
        assert.notDeepEqual(ears[dialect](said[other]), understood, `${other} heard as ${dialect}`);
    }
  }
});
