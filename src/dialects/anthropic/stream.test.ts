import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { CanonicalRequest } from '../../kernel/chat.ts';
import { isObject, type JsonObject } from '../../kernel/json.ts';
import type { Usage } from '../../kernel/usage.ts';
import { concatBytes, utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity, DoorStream } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { ChatAssembly } from '../openai/assembly.ts';
import { anthropicDoor, anthropicFar } from './dialect.ts';

const identity: AnswerIdentity = { id: 'abc', model: 'public', created: 1, request: {} as CanonicalRequest };
const usage: Usage = {
  promptTokens: 10,
  completionTokens: 7,
  cachedTokens: 4,
  reasoningTokens: null,
  source: 'provider',
};
const newStream = (): DoorStream => anthropicDoor.stream(identity);
const chunk = (delta: object, finish: string | null = null, more: object = {}): JsonObject => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  model: 'gpt-x',
  choices: [{ index: 0, delta: { ...delta }, finish_reason: finish, ...more }],
});
const call = (index: number, said: { id?: string; name?: string; written?: string }): object => ({
  tool_calls: [
    {
      index,
      ...(said.id === undefined ? {} : { id: said.id, type: 'function' }),
      function: { ...(said.name === undefined ? {} : { name: said.name }), arguments: said.written ?? '' },
    },
  ],
});

const ignore = (): void => undefined;
function eventsOf(bytes: Uint8Array): readonly StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = anthropicFar.parser(1_000_000);
  parser.push(bytes, {
    onEvent: (event) => events.push(event),
    onComment: ignore,
    onOverflow: ignore,
    onBroken: ignore,
  });
  return events;
}
function written(chunks: readonly JsonObject[], stream = newStream(), told: Usage | null = usage): Uint8Array {
  const parts = chunks.map((each) => stream.write(each)).filter((bytes) => bytes !== null);
  return concatBytes([...parts, stream.end(told)]);
}
const dataOf = (bytes: Uint8Array): JsonObject[] => eventsOf(bytes).map(({ data }) => JSON.parse(data) as JsonObject);
const write = (...chunks: readonly JsonObject[]): JsonObject[] => dataOf(written(chunks));
interface Brief {
  readonly type?: string;
  readonly index?: number;
  readonly content_block?: Record<string, string>;
  readonly delta?: Record<string, string>;
}

/** Events in short: what begins, grows and ends, and at which index. */
const brief = (events: readonly JsonObject[]): string[] =>
  events.map((event) => {
    const { type, index, content_block: block, delta } = event as unknown as Brief;
    const said =
      delta?.['text'] ?? delta?.['thinking'] ?? delta?.['partial_json'] ?? delta?.['signature'] ?? block?.['type'];
    return `${type?.replace('content_block_', '')} ${index ?? ''} ${said ?? ''}`.trim();
  });

const framed = (type: string, said: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...said })}\n\n`;

function stopReason(events: readonly JsonObject[]): unknown {
  const delta = events.at(-2)?.['delta'];
  return isObject(delta) ? delta['stop_reason'] : undefined;
}

test('a stream of text is written with all of its frame', () => {
  const bytes = written([
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Hal' }),
    chunk({ content: 'lo' }),
    chunk({}, 'stop'),
  ]);
  const unsaid = { output_tokens_details: null, server_tool_use: null };
  const nothing = {
    input_tokens: 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 0,
    ...unsaid,
    cache_creation: null,
    inference_geo: null,
    service_tier: null,
    speed: null,
  };
  const message = {
    id: 'msg_abc',
    type: 'message',
    role: 'assistant',
    model: 'gpt-x',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    container: null,
    diagnostics: null,
    stop_details: null,
    usage: nothing,
  };
  assert.equal(
    utf8Decode(bytes),
    framed('message_start', { message }) +
      framed('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
      framed('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hal' } }) +
      framed('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'lo' } }) +
      framed('content_block_stop', { index: 0 }) +
      framed('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null, container: null, stop_details: null },
        usage: {
          input_tokens: 6,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 4,
          output_tokens: 7,
          ...unsaid,
        },
      }) +
      framed('message_stop', {}),
  );
});

test('chunks that say nothing here write nothing', () => {
  const stream = newStream();
  assert.equal(stream.write({ choices: [], usage: {} }), null);
  stream.write(chunk({ role: 'assistant' }));
  assert.equal(stream.write(chunk({ content: '' })), null);
  assert.equal(stream.write({ choices: [{ index: 1, delta: { content: 'another' } }] }), null);
  assert.equal(stream.write(chunk({}, 'stop')), null);
});

test('thoughts, text and a call stand in blocks of their own, one after the other', () => {
  const proof = { type: 'reasoning.text', text: 'Hm.', signature: 'sig', format: 'anthropic-claude-v1' };
  const events = write(
    chunk({ reasoning_content: 'H' }),
    chunk({ reasoning_content: 'm.' }),
    chunk({ reasoning_details: [proof, { type: 'reasoning.encrypted', data: 'blob', format: 'anthropic-claude-v1' }] }),
    chunk({ content: 'Hi' }),
    chunk(call(0, { id: 'call_1', name: 'f', written: '{"a":' })),
    chunk(call(0, { written: '1}' })),
    chunk({}, 'tool_calls'),
  );
  assert.deepEqual(brief(events), [
    'message_start',
    'start 0 thinking',
    'delta 0 H',
    'delta 0 m.',
    'delta 0 sig',
    'stop 0',
    'start 1 redacted_thinking',
    'stop 1',
    'start 2 text',
    'delta 2 Hi',
    'stop 2',
    'start 3 tool_use',
    'delta 3 {"a":',
    'delta 3 1}',
    'stop 3',
    'message_delta',
    'message_stop',
  ]);
  assert.deepEqual(events[11]?.['content_block'], { type: 'tool_use', id: 'call_1', name: 'f', input: {} });
  assert.deepEqual(stopReason(events), 'tool_use');
});

test('thinking that comes whole with its proof is told whole; proof of others is not taken over', () => {
  const proof = { type: 'reasoning.text', text: 'Hm.', signature: 'sig' };
  assert.deepEqual(brief(write(chunk({ reasoning_details: [proof] }), chunk({ content: 'x' }, 'stop'))).slice(1, 5), [
    'start 0 thinking',
    'delta 0 Hm.',
    'delta 0 sig',
    'stop 0',
  ]);
  const foreign = { type: 'reasoning.encrypted', data: 'x', format: 'openai-responses-v1' };
  assert.deepEqual(brief(write(chunk({ reasoning_details: [foreign], content: 'x' }, 'stop'))).slice(1, 3), [
    'start 0 text',
    'delta 0 x',
  ]);
});

test('calls that are told in turns are put into a row; the first one is told as it comes', () => {
  const stream = newStream();
  const first = stream.write(
    chunk({
      tool_calls: [
        ...(call(0, { id: 'a', name: 'f' }) as { tool_calls: object[] }).tool_calls,
        ...(call(1, { id: 'b', name: 'g' }) as { tool_calls: object[] }).tool_calls,
      ],
    }),
  );
  assert.deepEqual(brief(dataOf(first ?? utf8Encode(''))), ['message_start', 'start 0 tool_use']);
  assert.equal(stream.write(chunk(call(1, { written: '{"b":' }))), null);
  assert.deepEqual(brief(dataOf(stream.write(chunk(call(0, { written: '{}' }))) ?? utf8Encode(''))), [
    'delta 0 {}',
    'stop 0',
    'start 1 tool_use',
    'delta 1 {"b":',
  ]);
  assert.deepEqual(brief(dataOf(written([chunk(call(1, { written: '2}' })), chunk({}, 'tool_calls')], stream))), [
    'delta 1 2}',
    'stop 1',
    'message_delta',
    'message_stop',
  ]);
});

test('calls without numbers, with the same number, without arguments or ids are still told apart', () => {
  const events = write(
    chunk({ tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] }),
    chunk({ tool_calls: [{ id: 'b', function: { name: 'g', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 0, id: 'c:0', function: { name: 'h', arguments: '{"x":1}' } }] }),
    chunk({ tool_calls: [{ index: 5, function: { name: 'i', arguments: '{}' } }] }, 'stop'),
  );
  const blocks = events
    .map((event) => event['content_block'] as JsonObject | undefined)
    .filter((block) => block !== undefined);
  assert.deepEqual(
    blocks.map(({ id, name }) => [id, name]),
    [
      ['a', 'f'],
      ['b', 'g'],
      ['c_0', 'h'],
      ['toolu_abc_3', 'i'],
    ],
  );
  assert.equal(stopReason(events), 'tool_use');
});

test('text after calls closes them, and what still comes of them is not told under another name', () => {
  const events = write(
    chunk(call(0, { id: 'a', name: 'f', written: '{"x"' })),
    chunk({ content: 'So.' }),
    chunk(call(0, { written: ':1}' })),
    chunk({}, 'stop'),
  );
  assert.deepEqual(brief(events).slice(1, -2), [
    'start 0 tool_use',
    'delta 0 {"x"',
    'stop 0',
    'start 1 text',
    'delta 1 So.',
    'stop 1',
  ]);
});

test('the end is told by its reason', () => {
  const stopOf = (...last: readonly JsonObject[]): unknown => {
    const delta = write(chunk({ content: 'x' }), ...last).at(-2)?.['delta'];
    return isObject(delta) ? [delta['stop_reason'], delta['stop_sequence']] : null;
  };
  assert.deepEqual(stopOf(chunk({}, 'stop', { stop_reason: 'END' })), ['stop_sequence', 'END']);
  assert.deepEqual(stopOf(chunk({}, 'length')), ['max_tokens', null]);
  assert.deepEqual(stopOf(chunk({ refusal: 'No.' }, 'content_filter')), ['refusal', null]);
  assert.deepEqual(stopOf(chunk({ refusal: 'No.' }), chunk({}, 'stop')), ['refusal', null]);
  assert.deepEqual(stopOf(chunk({ refusal: '' }), chunk({}, 'stop')), ['end_turn', null]);
});

test('trouble inside a stream is an error event', () => {
  const form = { status: 503, message: 'Busy.', type: 'service_unavailable_error', code: null, param: null };
  assert.equal(
    utf8Decode(newStream().error(form)),
    `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Busy."},"request_id":"${identity.id}"}\n\n`,
  );
});

const native = (...chunks: readonly JsonObject[]): readonly StreamEvent[] => eventsOf(written(chunks));

test('a stream that passed whole needs its end marker only', () => {
  const stream = newStream();
  const events = native(chunk({ content: 'x' }), chunk({}, 'stop'));
  for (const event of events.slice(0, -1)) stream.pass(event);
  assert.equal(utf8Decode(stream.end(usage)), 'event: message_stop\ndata: {"type":"message_stop"}\n\n');
  assert.equal(stream.end(usage).length, 0);
});

test('a later leg goes on in the block that is open, under the name that was told', () => {
  const stream = newStream();
  const events = native(chunk({ reasoning_content: 'Hm.' }), chunk({ content: 'Hal' }), chunk({}, 'stop'));
  // Cut inside the text.
  for (const event of events.slice(0, events.findIndex(({ data }) => data.includes('Hal')) + 1)) stream.pass(event);
  const rest = dataOf(
    written(
      [chunk({ content: 'lo' }), chunk(call(0, { id: 'a', name: 'f', written: '{}' })), chunk({}, 'tool_calls')],
      stream,
    ),
  );
  assert.deepEqual(brief(rest), [
    'delta 1 lo',
    'stop 1',
    'start 2 tool_use',
    'delta 2 {}',
    'stop 2',
    'message_delta',
    'message_stop',
  ]);
});

test('a later leg after a block that had ended begins a new one', () => {
  const stream = newStream();
  for (const event of native(chunk({ content: 'Hal' }), chunk({}, 'stop')).slice(0, -2)) stream.pass(event);
  assert.deepEqual(brief(dataOf(written([chunk({ content: 'lo' }, 'stop')], stream))), [
    'start 1 text',
    'delta 1 lo',
    'stop 1',
    'message_delta',
    'message_stop',
  ]);
});

test('an answer of nothing is still a message, and usage may be kept back', () => {
  const events = dataOf(newStream().end(null));
  assert.deepEqual(brief(events), ['message_start', 'message_delta', 'message_stop']);
  assert.ok(JSON.stringify(events[1]).includes('"output_tokens":0'));
});

interface Piece {
  readonly kind: 'text' | 'thought' | 'call';
  readonly which: number;
  readonly text: string;
}

const choiceOf = (assembly: ChatAssembly): JsonObject => {
  const { choices, usage: used } = JSON.parse(utf8Decode(assembly.whole())) as {
    choices: { message: JsonObject; finish_reason: string }[];
    usage: JsonObject;
  };
  const { message, finish_reason: finish } = choices[0] ?? assert.fail('no choice');
  const { tool_calls: ran, content, ...rest } = message;
  const byId = Array.isArray(ran)
    ? ran.toSorted((left, right) => ((left as { id: string }).id < (right as { id: string }).id ? -1 : 1))
    : [];
  return { ...rest, content: content === '' ? null : content, calls: byId, finish, used };
};

test('whatever was written is read back the same: text, thoughts, calls in any turns, finish and usage', () => {
  const piece: fc.Arbitrary<Piece> = fc.record({
    kind: fc.constantFrom('text', 'thought', 'call', 'call', 'call'),
    which: fc.nat(2),
    text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const parts = pieces
        .filter(({ kind }) => kind !== 'call')
        .map(({ kind, text }) => chunk(kind === 'text' ? { content: text } : { reasoning_content: text }));
      const said = pieces.filter(({ kind }) => kind === 'call');
      const calls = [0, 1, 2].filter((which) => said.some((each) => each.which === which));
      // Each call's arguments are an object with one text, cut where the pieces are.
      const lastOf = (which: number): number => said.findLastIndex((each) => each.which === which);
      const firstOf = (which: number): number => said.findIndex((each) => each.which === which);
      const told = said.map(({ which, text }, place) => {
        const inner = JSON.stringify(text).slice(1, -1);
        const text1 = `${place === firstOf(which) ? '{"a":"' : ''}${inner}${place === lastOf(which) ? '"}' : ''}`;
        return chunk(
          call(
            which,
            place === firstOf(which) ? { id: `c${which}`, name: `f${which}`, written: text1 } : { written: text1 },
          ),
        );
      });
      const chunks = [...parts, ...told, chunk({}, calls.length > 0 ? 'tool_calls' : 'stop')];
      const events = eventsOf(written(chunks));
      checkFrame(events);

      const far = anthropicFar.stream('chat');
      const back = new ChatAssembly();
      const own = new ChatAssembly();
      for (const event of events) {
        assert.equal(far.read(event).fault, null);
        for (const each of far.chunks()) back.add(JSON.stringify(each));
      }
      for (const each of [
        ...chunks,
        {
          usage: {
            prompt_tokens: 10,
            completion_tokens: 7,
            total_tokens: 17,
            prompt_tokens_details: { cached_tokens: 4 },
          },
        },
      ])
        own.add(JSON.stringify(each));
      assert.deepEqual(choiceOf(back), choiceOf(own));

      // A whole message gathered from the same events says it too.
      const gathered = anthropicFar.assembly();
      for (const event of events) gathered.add(event.data);
      const reading = anthropicFar.readAnswer('chat', gathered.whole());
      assert.equal(reading.fault, null);
      assert.equal(reading.text, choiceOf(own)['content'] ?? '');
    }),
    { numRuns: 300 },
  );
});

/** Blocks follow one another, numbered from 0, inside one frame. */
function checkFrame(events: readonly StreamEvent[]): void {
  let open: number | null = null;
  let next = 0;
  for (const { name, data } of events) {
    const { type, index } = JSON.parse(data) as { type: string; index?: number };
    assert.equal(name, type);
    if (type === 'content_block_start') {
      assert.deepEqual([open, index], [null, next]);
      open = next++;
    } else if (type === 'content_block_delta') assert.equal(index, open);
    else if (type === 'content_block_stop') {
      assert.equal(index, open);
      open = null;
    } else assert.equal(open, null);
  }
  assert.deepEqual([events[0]?.name, events.at(-1)?.name], ['message_start', 'message_stop']);
}

test('arguments in very many pieces are told in time, while another call waits', () => {
  const pieces = 200_000;
  const stream = newStream();
  stream.write(chunk(call(0, { id: 'a', name: 'f', written: '{"x":"' })));
  stream.write(chunk(call(1, { id: 'b', name: 'g', written: '{}' })));
  const begun = process.cpuUsage();
  for (let at = 0; at < pieces; at++) stream.write(chunk(call(0, { written: '}}}' })));
  const { user } = process.cpuUsage(begun);
  assert.ok(user < 3_000_000, `${user} µs`);
  const end = dataOf(stream.write(chunk(call(0, { written: '"}' }))) ?? new Uint8Array());
  assert.deepEqual(
    end.map(({ type, index }) => [type, index]),
    [
      ['content_block_delta', 0],
      ['content_block_stop', 0],
      ['content_block_start', 1],
      ['content_block_delta', 1],
    ],
  );
});

test('cache writes are told in the end’s usage', () => {
  const told = { ...usage, promptTokens: 20, cacheWriteTokens: 6 };
  const events = dataOf(written([chunk({ content: 'Hi' }, 'stop')], newStream(), told));
  const { usage: said } = events.find(({ type }) => type === 'message_delta') ?? {};
  assert.ok(isObject(said));
  assert.deepEqual(
    [said['input_tokens'], said['cache_creation_input_tokens'], said['cache_read_input_tokens']],
    [10, 6, 4],
  );
});

test('ids that are cleaned stay apart', () => {
  const events = write(
    chunk(call(0, { id: 'a:1', name: 'f', written: '{}' })),
    chunk(call(1, { id: 'a.1', name: 'f', written: '{}' })),
  );
  const ids = events.flatMap(({ content_block: block }) => (isObject(block) ? [block['id']] : []));
  assert.deepEqual(ids, ['a_1', 'a_1_2']);
});
