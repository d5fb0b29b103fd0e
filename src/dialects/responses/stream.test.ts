import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { CanonicalRequest } from '../../kernel/chat.ts';
import { isObject } from '../../kernel/json.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { concatBytes, utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { SseParser } from '../sse.ts';
import { ChatAssembly } from '../openai/assembly.ts';
import { responsesDoor, responsesFar } from './dialect.ts';

const usage = {
  promptTokens: 9,
  completionTokens: 4,
  cachedTokens: 2,
  reasoningTokens: 1,
  source: 'provider',
} as const;

function identity(more: JsonObject = {}): AnswerIdentity {
  const body = { model: 'm', input: 'Hi', stream: true, ...more };
  const read = responsesDoor.readRequest('chat', utf8Encode(JSON.stringify(body)));
  assert.ok(read.ok);
  return { id: 'x1', model: 'm', created: 7, request: read.value satisfies CanonicalRequest };
}

const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 5,
  model: 'upstream',
  choices: [{ index: 0, delta, finish_reason: finish }],
});

function eventsOf(bytes: Uint8Array): StreamEvent[] {
  const events: StreamEvent[] = [];
  const sink = {
    onEvent: (event: StreamEvent) => void events.push(event),
    onComment() {},
    onOverflow() {},
    onBroken() {},
  };
  const parser = new SseParser(1 << 22);
  parser.push(bytes, sink);
  parser.end(sink);
  return events;
}

const dataOf = (bytes: Uint8Array): JsonObject[] => eventsOf(bytes).map(({ data }) => JSON.parse(data) as JsonObject);

function written(chunks: readonly JsonObject[], named = identity()): Uint8Array {
  const stream = responsesDoor.stream(named);
  const parts = chunks.map((each) => stream.write(each) ?? new Uint8Array(0));
  return concatBytes([...parts, stream.end(usage)]);
}

function readBack(bytes: Uint8Array): { chat: JsonObject; text: string; finish: string | null; promptTokens: number } {
  const far = responsesFar.stream('chat');
  const assembly = new ChatAssembly();
  let text = '';
  let finish: string | null = null;
  let promptTokens = -1;
  for (const event of eventsOf(bytes)) {
    const reading = far.read(event);
    assert.equal(reading.fault, null);
    text += reading.text;
    finish = reading.finishReason ?? finish;
    promptTokens = reading.usage?.promptTokens ?? promptTokens;
    for (const each of far.chunks()) assembly.addChunk(each);
  }
  return { chat: assembly.answer(), text, finish, promptTokens };
}

function messageOf(chat: JsonObject): JsonObject {
  const choice = Array.isArray(chat['choices']) ? chat['choices'][0] : undefined;
  const message = isObject(choice) ? choice['message'] : undefined;
  assert.ok(isObject(message));
  return message;
}

test('an answer is told from its creation to its completion, each event named and numbered', () => {
  const bytes = written([
    chunk({ role: 'assistant', content: '' }),
    chunk({ reasoning_content: 'Hm' }),
    chunk({ content: 'He' }),
    chunk({ content: 'llo' }),
    chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }),
    chunk({}, 'tool_calls'),
  ]);
  const events = eventsOf(bytes);
  const bodies = dataOf(bytes);
  assert.deepEqual(
    events.map(({ name }) => name?.replace('response.', '')),
    [
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'completed',
    ],
  );
  assert.deepEqual(
    bodies.map(({ type, sequence_number }) => [type, sequence_number]),
    events.map(({ name }, index) => [name, index]),
  );
  const last = bodies.at(-1)?.['response'];
  assert.ok(isObject(last));
  assert.deepEqual(
    { id: last['id'], status: last['status'], store: last['store'], model: last['model'], created: last['created_at'] },
    { id: 'resp_x1', status: 'completed', store: false, model: 'upstream', created: 5 },
  );
  assert.deepEqual(last['output'], [
    { id: 'rs_spillway_x1_0', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }] },
    {
      id: 'msg_x1_1',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', annotations: [], logprobs: [], text: 'Hello' }],
    },
    { id: 'fc_x1_2', type: 'function_call', status: 'completed', arguments: '{}', call_id: 'call_1', name: 'f' },
  ]);
  assert.deepEqual(last['usage'], {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 2, cache_write_tokens: 0 },
    output_tokens: 4,
    output_tokens_details: { reasoning_tokens: 1 },
    total_tokens: 13,
  });
});

test('an answer that ran out of tokens, or was filtered, is incomplete and says why', () => {
  for (const [finish, reason] of [
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ] as const) {
    const last = dataOf(written([chunk({ content: 'He' }), chunk({}, finish)])).at(-1);
    assert.equal(last?.['type'], 'response.incomplete');
    const response = last?.['response'];
    assert.ok(isObject(response) && Array.isArray(response['output']));
    assert.deepEqual(response['incomplete_details'], { reason });
    assert.equal((response['output'][0] as JsonObject)['status'], 'incomplete');
  }
});

test('calls whose deltas come mixed are each told whole', () => {
  const call = (index: number, args: string, more: JsonObject = {}): JsonObject =>
    chunk({ tool_calls: [{ index, ...more, function: { arguments: args, ...more } }] });
  const bytes = written([
    call(0, '', { id: 'a', name: 'f' }),
    call(1, '', { id: 'b', name: 'g' }),
    call(0, '{"x"'),
    call(1, '[1'),
    call(0, ':1}'),
    call(1, ']'),
    chunk({}, 'tool_calls'),
  ]);
  const done = dataOf(bytes).filter(({ type }) => type === 'response.function_call_arguments.done');
  assert.deepEqual(
    done.map((event) => event['arguments']),
    ['{"x":1}', '[1]'],
  );
});

test('a refusal is a part of its own kind, and an answer without usage says null', () => {
  const stream = responsesDoor.stream(identity());
  const first = stream.write(chunk({ refusal: 'No.' }));
  const bytes = concatBytes([first ?? new Uint8Array(0), stream.end(null)]);
  const types = dataOf(bytes).map(({ type }) => type);
  assert.ok(types.includes('response.refusal.delta') && types.includes('response.refusal.done'));
  const response = dataOf(bytes).at(-1)?.['response'];
  assert.ok(isObject(response));
  assert.equal(response['usage'], null);
});

function itemIn(bytes: Uint8Array): JsonObject {
  const done = dataOf(bytes).find(({ type }) => type === 'response.output_item.done');
  assert.ok(isObject(done?.['item']));
  return done['item'];
}

test('reasoning’s proof is told to those who asked for it, and to nobody else', () => {
  const details = [{ type: 'reasoning.encrypted', data: 'opaque', format: 'openai-responses-v1', id: 'rs_1' }];
  const chunks = [
    chunk({ reasoning_content: 'Hm' }),
    chunk({ reasoning_details: details }),
    chunk({ content: 'Hi' }, 'stop'),
  ];
  assert.equal('encrypted_content' in itemIn(written(chunks)), false);
  const asked = identity({ include: ['reasoning.encrypted_content'] });
  assert.equal(itemIn(written(chunks, asked))['encrypted_content'], 'opaque');
});

test('an error after the beginning fails the response, then raises; before it, it only raises', () => {
  const form = {
    status: 503,
    message: 'busy',
    type: 'service_unavailable_error',
    code: 'server_is_overloaded',
    param: null,
  };
  const begun = responsesDoor.stream(identity());
  begun.write(chunk({ content: 'He' }));
  const events = dataOf(begun.error(form));
  assert.deepEqual(
    events.map(({ type }) => type),
    ['response.failed', 'error'],
  );
  assert.deepEqual(events[1], {
    type: 'error',
    sequence_number: 6,
    code: 'server_is_overloaded',
    message: 'busy',
    param: null,
    error: { type: form.type, code: form.code, message: form.message, param: null },
  });
  const fresh = dataOf(responsesDoor.stream(identity()).error(form));
  assert.deepEqual(
    fresh.map(({ type }) => type),
    ['error'],
  );
});

const pieces = fc.array(fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }), { maxLength: 6 });
const answers = fc.record({
  thoughts: pieces,
  texts: pieces,
  calls: fc.array(fc.record({ name: fc.string({ minLength: 1, maxLength: 5 }), args: pieces }), { maxLength: 3 }),
  cutShort: fc.boolean(),
});

function chunksOf({
  thoughts,
  texts,
  calls,
  cutShort,
}: typeof answers extends fc.Arbitrary<infer A> ? A : never): JsonObject[] {
  return [
    chunk({ role: 'assistant' }),
    ...thoughts.map((text) => chunk({ reasoning_content: text })),
    ...texts.map((text) => chunk({ content: text })),
    ...calls.flatMap(({ name, args }, index) => [
      chunk({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] }),
      ...args.map((text) => chunk({ tool_calls: [{ index, function: { arguments: text } }] })),
    ]),
    chunk({}, cutShort ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop'),
  ];
}

test('what the door’s stream says, the far side reads back', () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const back = readBack(written(chunksOf(answer)));
      const message = messageOf(back.chat);
      assert.equal(back.text, answer.texts.join(''));
      assert.equal(message['content'] ?? '', answer.texts.join(''));
      assert.equal(message['reasoning_content'] ?? '', answer.thoughts.join(''));
      const calls = answer.calls.map(({ name, args }, index) => ({
        id: `call_${index}`,
        type: 'function',
        function: { name, arguments: args.join('') },
      }));
      assert.deepEqual(message['tool_calls'] ?? [], calls);
      assert.equal(back.finish, answer.cutShort ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop');
      assert.equal(back.promptTokens, 9);
    }),
  );
});

/** Items closed before the end are completed, whatever became of the rest. */
const plain = (response: JsonObject): unknown =>
  JSON.parse(JSON.stringify({ ...response, usage: null }).replaceAll('"incomplete"', '"completed"'));

test('a whole answer gathered from the stream is the one that is written whole', () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const chat = new ChatAssembly();
      for (const each of chunksOf(answer)) chat.addChunk(each);
      const named = identity();
      const assembly = responsesFar.assembly();
      for (const { data } of eventsOf(written(chunksOf(answer), named))) assembly.add(data);
      const gathered = JSON.parse(utf8Decode(assembly.whole())) as JsonObject;
      const whole = JSON.parse(utf8Decode(responsesDoor.writeAnswer(chat.answer(), named))) as JsonObject;
      assert.deepEqual(plain(gathered), plain(whole));
      const back = responsesFar.chatAnswer(assembly.whole());
      assert.deepEqual(messageOf(back)['content'] ?? '', answer.texts.join(''));
    }),
  );
});

test('a later leg goes on in the words and numbers of what went by, wherever that stopped', () => {
  fc.assert(
    fc.property(answers, pieces, fc.nat(), (answer, more, at) => {
      const first = eventsOf(written(chunksOf({ ...answer, calls: [] })));
      const cut = Math.min(first.length - 1, Math.max(2, at % first.length));
      const shown = first.slice(0, cut);
      const stream = responsesDoor.stream({ ...identity(), id: 'x2' });
      for (const event of shown) stream.pass(event);
      const later = [...more.map((text) => chunk({ content: text })), chunk({}, 'stop')];
      const parts = [...shown.map(({ raw }) => raw), ...later.map((each) => stream.write(each) ?? new Uint8Array(0))];
      const bytes = concatBytes([...parts, stream.end(usage)]);
      const bodies = dataOf(bytes);
      assert.deepEqual(
        bodies.map((body) => body['sequence_number']),
        bodies.map((_body, index) => index),
      );
      const response = bodies.at(-1)?.['response'];
      assert.ok(isObject(response) && Array.isArray(response['output']));
      assert.equal(response['id'], 'resp_x1');
      const back = readBack(bytes);
      const whole = responsesFar.chatAnswer(utf8Encode(JSON.stringify(response)));
      assert.equal(messageOf(whole)['content'] ?? '', back.text);
      assert.equal(messageOf(whole)['reasoning_content'] ?? '', messageOf(back.chat)['reasoning_content'] ?? '');
      assert.ok(response['output'].every((item) => isObject(item) && item['status'] !== 'in_progress'));
      const opened = bodies.filter(({ type }) => type === 'response.output_item.added').length;
      assert.equal(bodies.filter(({ type }) => type === 'response.output_item.done').length, opened);
    }),
  );
});

test('nothing is added to an answer whose last event went by', () => {
  const stream = responsesDoor.stream(identity());
  for (const event of eventsOf(written([chunk({ content: 'Hi' }, 'stop')]))) stream.pass(event);
  assert.equal(stream.end(usage).length, 0);
});

test('deltas with escapes, spaces and other keys before them are read as they were meant', () => {
  const stream = responsesDoor.stream(identity());
  const pass = (type: string, data: string): void =>
    stream.pass({ name: type, data, raw: utf8Encode(''), plain: true });
  pass(
    'response.created',
    '{"type":"response.created","sequence_number":0,"response":{"id":"resp_far","created_at":1,"model":"m"}}',
  );
  pass(
    'response.output_item.added',
    '{"output_index":0,"item":{"type":"message","id":"msg_far","role":"assistant","content":[]}}',
  );
  pass(
    'response.content_part.added',
    '{"output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}',
  );
  for (const delta of ['a', '"', '\n', '\\', ' "delta":"x" ', 'é']) {
    const event = { type: 'response.output_text.delta', item_id: 'msg_far', output_index: 0, content_index: 0, delta };
    pass('response.output_text.delta', JSON.stringify(event));
    pass('response.output_text.delta', JSON.stringify(event, null, 1));
  }
  pass('response.output_text.delta', '{"delta":"z","sequence_number":41}');
  const bodies = dataOf(concatBytes([stream.write(chunk({ content: '!' })) ?? new Uint8Array(0), stream.end(null)]));
  assert.equal(bodies[0]?.['sequence_number'], 42);
  const done = bodies.find(({ type }) => type === 'response.output_text.done');
  assert.equal(done?.['text'], 'aa""\n\n\\\\ "delta":"x"  "delta":"x" ééz!');
  assert.equal(done?.['item_id'], 'msg_far');
});
