import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestOf } from '../../../test/support/key-fuzz.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { askedOf, saidOf } from './asked.ts';

const user = (content: string): JsonObject => ({ role: 'user', content });
const asked = (body: JsonObject, over = {}): ReturnType<typeof askedOf> =>
  askedOf({ ...requestOf(body), body, surface: 'chat', choices: 1, ...over });

const answer = (over: JsonObject, more: JsonObject = {}): JsonObject => ({
  choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop', ...over }],
  ...more,
});

test('the last turn is the question, and all else its frame', () => {
  const system = { role: 'system', content: 'Be brief.' };
  const found = asked({
    temperature: 0,
    messages: [system, user('One?'), { role: 'assistant', content: '1' }, user('And two?')],
  });
  assert.equal(found?.text, 'And two?');
  assert.deepEqual(found?.frame.body, {
    temperature: 0,
    messages: [system, user('One?'), { role: 'assistant', content: '1' }, user('')],
  });
  const parts = [
    { type: 'text', text: 'one' },
    { type: 'text', text: 'two' },
  ];
  assert.equal(asked({ messages: [{ role: 'user', content: parts }] })?.text, 'one\ntwo');
});

test('agents, tools, pictures, several choices and what is no question have none', () => {
  const question = user('What is it?');
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
  const picture = [{ type: 'image_url', image_url: { url: 'https://a.test/i.png' } }];
  const bodies: JsonObject[] = [
    { messages: [question], tools: [{ type: 'function', function: { name: 'f' } }] },
    { messages: [question], functions: [{ name: 'f' }] },
    { messages: [question], tool_choice: 'auto' },
    { messages: [{ role: 'assistant', content: null, tool_calls: [call] }, question] },
    { messages: [{ role: 'assistant', content: 'x', tool_calls: [call] }, question] },
    { messages: [{ role: 'tool', tool_call_id: 'c', content: 'x' }, question] },
    { messages: [{ role: 'function', name: 'f', content: 'x' }, question] },
    { messages: [{ role: 'user', content: picture }, question] },
    { messages: [{ role: 'user', content: picture }] },
    { messages: [question, { role: 'assistant', content: 'It is' }] },
    { messages: [user('x'.repeat(5_000))] },
    { messages: [user('ok')] },
    { messages: [] },
    {},
  ];
  for (const body of bodies) assert.equal(asked(body), null, JSON.stringify(body).slice(0, 100));
  assert.equal(asked({ messages: [question] }, { choices: 2 }), null);
  assert.equal(asked({ messages: [question] }, { surface: 'completions' }), null);
  assert.notEqual(asked({ messages: [question], tools: [] }), null);
});

test('what a filter has found something in says nothing, and so does what is no text', () => {
  const safe = { hate: { filtered: false, severity: 'safe' }, jailbreak: { detected: false, filtered: false } };
  assert.equal(saidOf(answer({ content_filter_results: safe })), 'Yes.');
  assert.equal(
    saidOf(answer({ content_filter_results: { ...safe, violence: { filtered: false, severity: 'low' } } })),
    null,
  );
  const prompt = { prompt_index: 0, content_filter_results: { jailbreak: { detected: true, filtered: false } } };
  assert.equal(saidOf(answer({}, { prompt_filter_results: [prompt] })), null);
  assert.equal(saidOf(answer({ message: { role: 'assistant', content: 'Yes.', annotations: [] } })), null);
  assert.equal(saidOf(answer({ message: { role: 'assistant', content: null } })), null);
  assert.equal(saidOf({ choices: [] }), null);
});
