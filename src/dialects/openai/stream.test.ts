import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical } from '../../../test/support/canonical.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import { canonicalAnswer, canonicalChunk } from './canonical.ts';
import { speller } from './speller.ts';
import { ChatDoorStream } from './stream.ts';

const identity = { id: 'sx_1', model: 'public', created: 7, request: canonical() };
const delta = (said: JsonObject, more: JsonObject = {}): JsonObject => ({
  choices: [{ index: 0, delta: said, finish_reason: null }],
  ...more,
});
const dataOf = (bytes: Uint8Array | null): JsonObject => {
  assert.ok(bytes !== null);
  return JSON.parse(utf8Decode(bytes).slice('data: '.length)) as JsonObject;
};

test('chunks without a name of their own are given one, and the first chunk names all others', () => {
  const bare = new ChatDoorStream(identity);
  assert.deepEqual(dataOf(bare.write(delta({ content: 'a' }))), {
    id: 'sx_1',
    object: 'chat.completion.chunk',
    created: 7,
    model: 'public',
    ...delta({ content: 'a' }),
  });
  const named = new ChatDoorStream(identity);
  named.write(delta({ content: 'a' }, { id: 'first', model: 'theirs' }));
  const second = dataOf(named.write(delta({ content: 'b' }, { id: 'second', model: 'other' })));
  assert.deepEqual([second['id'], second['model'], second['created']], ['first', 'theirs', 7]);
});

test('a later leg carries the name of the event that went by, whatever it was', () => {
  const stream = new ChatDoorStream(identity);
  const data = JSON.stringify(delta({ content: 'a' }, { id: 'first', created: 1, model: 'theirs' }));
  stream.pass({ data, name: null, raw: utf8Encode(data), plain: true });
  const later = dataOf(stream.write(delta({ content: 'b' }, { id: 'second', created: 2, model: 'other' })));
  assert.deepEqual([later['id'], later['created'], later['model']], ['first', 1, 'theirs']);
});

test('usage of a chunk is kept back: the end tells it once', () => {
  const stream = new ChatDoorStream(identity);
  const usage = { prompt_tokens: 1, completion_tokens: 2 };
  assert.ok(!('usage' in dataOf(stream.write(delta({ content: 'a' }, { usage })))));
  assert.equal(stream.write({ choices: [], usage }), null);
  assert.equal(utf8Decode(stream.end(null)), 'data: [DONE]\n\n');
});

test('reasoning has one name and content is text, once an answer is translated', () => {
  assert.deepEqual(canonicalChunk(delta({ reasoning: 'hm' })), delta({ reasoning_content: 'hm' }));
  const parts = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
    { type: 'text', text: 'yes' },
  ];
  assert.deepEqual(canonicalChunk(delta({ content: parts })), delta({ content: 'yes', reasoning_content: 'hm' }));
  const plain = delta({ content: 'a' });
  assert.equal(canonicalChunk(plain), plain, 'nothing is copied where nothing differs');
  const answer = { choices: [{ index: 0, message: { content: 'a', reasoning: 'hm' } }] };
  assert.deepEqual(canonicalAnswer(answer), {
    choices: [{ index: 0, message: { content: 'a', reasoning_content: 'hm' } }],
  });
});

test('a later leg has no second role, no thoughts shown before, and only the text that the seam lets pass', () => {
  const spell = speller({ pass: (text) => text.replace('known ', ''), end: () => '!' }, false);
  assert.equal(spell(delta({ role: 'assistant', content: '' })).chunk, null);
  assert.equal(spell(delta({ reasoning_content: 'hm' })).chunk, null);
  const said = spell(delta({ content: 'known new' }));
  assert.deepEqual([said.text, said.chunk], ['new', delta({ content: 'new' })]);
  const end = spell({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  assert.deepEqual(end.chunk, { choices: [{ index: 0, delta: { content: '!' }, finish_reason: 'stop' }] });
});
