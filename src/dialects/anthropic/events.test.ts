import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentReading } from '../../kernel/chat.ts';
import type { AnswerReading } from '../../kernel/chat.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { StreamEvent } from '../framing.ts';
import { ChatAssembly } from '../openai/assembly.ts';
import { anthropicFar } from './dialect.ts';

interface Heard {
  readonly readings: readonly AnswerReading[];
  readonly chunks: readonly JsonObject[];
}

const ignore = (): void => undefined;
function eventsOf(text: string): readonly StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = anthropicFar.parser(1_000_000);
  parser.push(utf8Encode(text), {
    onEvent: (event) => events.push(event),
    onComment: ignore,
    onOverflow: ignore,
    onBroken: ignore,
  });
  return events;
}
function hear(text: string): Heard {
  const stream = anthropicFar.stream('chat');
  const readings: AnswerReading[] = [];
  const chunks: JsonObject[] = [];
  for (const event of eventsOf(text)) {
    readings.push(stream.read(event));
    chunks.push(...stream.chunks());
  }
  return { readings, chunks };
}
/** As the API writes its events. */
const wire = (...events: readonly { readonly type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
const start = (
  usage: object = { input_tokens: 12, cache_creation_input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 1 },
): { type: string } =>
  ({
    type: 'message_start',
    message: {
      id: 'msg_01',
      type: 'message',
      role: 'assistant',
      model: 'claude-x',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    },
  }) as { type: string };
const begin = (index: number, block: object): { type: string } =>
  ({ type: 'content_block_start', index, content_block: block }) as { type: string };
const grow = (index: number, delta: object): { type: string } =>
  ({ type: 'content_block_delta', index, delta }) as { type: string };
const stop = (index: number): { type: string } => ({ type: 'content_block_stop', index }) as { type: string };
const ending = (reason: string | null, more: object = {}, usage: object = { output_tokens: 20 }): { type: string } =>
  ({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null, ...more }, usage }) as { type: string };
const end = { type: 'message_stop' };
const thought = [
  begin(0, { type: 'thinking', thinking: '', signature: '' }),
  grow(0, { type: 'thinking_delta', thinking: 'Let me ' }),
  grow(0, { type: 'thinking_delta', thinking: 'see.' }),
  grow(0, { type: 'signature_delta', signature: 'EqQB' }),
  stop(0),
];
const whole = wire(
  start(),
  { type: 'ping' },
  ...thought,
  begin(1, { type: 'text', text: '' }),
  grow(1, { type: 'text_delta', text: 'Hal' }),
  grow(1, { type: 'text_delta', text: 'lo.' }),
  stop(1),
  begin(2, { type: 'tool_use', id: 'toolu_1', name: 'get', input: {} }),
  grow(2, { type: 'input_json_delta', partial_json: '' }),
  grow(2, { type: 'input_json_delta', partial_json: '{"city":' }),
  grow(2, { type: 'input_json_delta', partial_json: '"Köln"}' }),
  stop(2),
  begin(3, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }),
  stop(3),
  ending('tool_use', {}, { output_tokens: 20, output_tokens_details: { thinking_tokens: 7 } }),
  end,
);

test('a stream is read for text, thoughts, calls, its end and usage over all events', () => {
  const { readings } = hear(whole);
  assert.equal(readings.map((reading) => reading.text).join(''), 'Hallo.');
  assert.equal(readings.filter((reading) => reading.reasoning).length, 2);
  assert.equal(readings.filter((reading) => reading.toolCall).length, 5);
  assert.equal(
    readings.reduce((sum, { characters }) => sum + characters, 0),
    'Let me see.Hallo.get{"city":"Köln"}now'.length,
  );
  assert.deepEqual([readings[0], readings[1]], [silentReading, silentReading]);
  assert.deepEqual(readings.at(-2), {
    ...silentReading,
    finishReason: 'tool_calls',
    usage: {
      promptTokens: 117,
      completionTokens: 20,
      cachedTokens: 100,
      reasoningTokens: 7,
      source: 'provider',
      cacheWriteTokens: 5,
    },
  });
  assert.deepEqual(readings.at(-1), { ...silentReading, done: true });
});

test('a stream becomes canonical chunks that make up the same answer', () => {
  const { chunks } = hear(whole);
  const assembly = new ChatAssembly();
  for (const chunk of chunks) assembly.add(JSON.stringify(chunk));
  assert.deepEqual(JSON.parse(utf8Decode(assembly.whole())), {
    id: 'msg_01',
    model: 'claude-x',
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Hallo.',
          reasoning_content: 'Let me see.',
          reasoning_details: [
            { type: 'reasoning.text', text: 'Let me see.', signature: 'EqQB', format: 'anthropic-claude-v1' },
          ],
          tool_calls: [
            { id: 'toolu_1', type: 'function', function: { name: 'get', arguments: '{"city":"Köln"}' } },
            { id: 'toolu_2', type: 'function', function: { name: 'now', arguments: '{}' } },
          ],
        },
        finish_reason: 'tool_calls',
      },
    ],
    usage: {
      prompt_tokens: 117,
      completion_tokens: 20,
      total_tokens: 137,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 5 },
      completion_tokens_details: { reasoning_tokens: 7 },
    },
  });
});

const usageAfter = (said: object): unknown =>
  hear(wire(start({ input_tokens: 3, output_tokens: 1 }), ending('end_turn', {}, said))).readings[1]?.usage;

test('usage at the end replaces what the beginning said, and silence keeps it', () => {
  const own = { cachedTokens: null, reasoningTokens: null, source: 'provider' };
  assert.deepEqual(usageAfter({ output_tokens: 9, input_tokens: null }), {
    promptTokens: 3,
    completionTokens: 9,
    ...own,
  });
  assert.deepEqual(usageAfter({ output_tokens: 9, input_tokens: 30 }), {
    promptTokens: 30,
    completionTokens: 9,
    ...own,
  });
});

test('stop reasons become finish reasons; a matched sequence and proof of hidden thinking are kept', () => {
  const finish = (reason: string): unknown => hear(wire(start(), ending(reason))).readings[1]?.finishReason;
  assert.deepEqual(
    [
      'end_turn',
      'stop_sequence',
      'max_tokens',
      'model_context_window_exceeded',
      'tool_use',
      'refusal',
      'pause_turn',
      'new',
    ].map(finish),
    ['stop', 'stop', 'length', 'length', 'tool_calls', 'content_filter', 'stop', 'new'],
  );
  const { chunks } = hear(
    wire(
      start(),
      begin(0, { type: 'redacted_thinking', data: 'blob' }),
      stop(0),
      ending('stop_sequence', { stop_sequence: 'END' }),
    ),
  );
  assert.deepEqual(
    chunks.slice(1).map((chunk) => chunk['choices']),
    [
      [
        {
          index: 0,
          delta: {
            reasoning_details: [{ type: 'reasoning.encrypted', data: 'blob', format: 'anthropic-claude-v1', index: 0 }],
          },
          finish_reason: null,
        },
      ],
      [{ index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' }],
    ],
  );
});

test('a stream that is cut has no finish reason', () => {
  const { readings } = hear(
    wire(start(), begin(0, { type: 'text', text: '' }), grow(0, { type: 'text_delta', text: 'Hal' }), stop(0)),
  );
  assert.ok(readings.every((reading) => reading.finishReason === null && !reading.done && reading.fault === null));
});

test('what server tools do cannot be taken back, and has no chunk', () => {
  const { readings, chunks } = hear(
    wire(
      start(),
      begin(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
      grow(0, { type: 'input_json_delta', partial_json: '{"query":"x"}' }),
      stop(0),
      begin(1, { type: 'web_search_tool_result', tool_use_id: 's', content: [] }),
      stop(1),
    ),
  );
  assert.deepEqual(
    readings.map((reading) => reading.content),
    [false, true, true, false, true, false],
  );
  assert.ok(readings.every((reading) => !reading.toolCall));
  assert.equal(chunks.length, 1);
});

test('new events and deltas say nothing; what is no event of a message is malformed', () => {
  const kindOf = (text: string): string | undefined => hear(text).readings.at(-1)?.fault?.kind;
  assert.equal(kindOf(wire({ type: 'new_event' })), undefined);
  const cited = hear(
    wire(start(), begin(0, { type: 'text', text: '' }), grow(0, { type: 'citations_delta', citation: {} })),
  );
  assert.deepEqual([cited.readings[2], cited.chunks.length], [silentReading, 1]);
  const bad = [
    'data: {"a":\n\n',
    'data: [1]\n\n',
    'data: {"object":"x"}\n\n',
    wire(grow(0, { type: 'text_delta', text: 'x' })),
    `data: ${'['.repeat(5_000)}\n\n`,
  ];
  assert.deepEqual(bad.map(kindOf), ['malformed', 'malformed', 'malformed', 'malformed', 'malformed']);
  assert.equal(kindOf('event: error\ndata: {"error":{"message":"x","type":"overloaded_error"}}\n\n'), 'overloaded');
  assert.equal(hear('data: [DONE]\n\n').readings[0]?.done, true);
});

test('a gathered stream is the message that a caller who did not stream gets', () => {
  const assembly = anthropicFar.assembly();
  for (const { data } of eventsOf(whole)) assembly.add(data);
  assert.deepEqual(JSON.parse(utf8Decode(assembly.whole())), {
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-x',
    content: [
      { type: 'thinking', thinking: 'Let me see.', signature: 'EqQB' },
      { type: 'text', text: 'Hallo.' },
      { type: 'tool_use', id: 'toolu_1', name: 'get', input: { city: 'Köln' } },
      { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: {
      input_tokens: 12,
      cache_creation_input_tokens: 5,
      cache_read_input_tokens: 100,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 7 },
    },
  });
});

test('citations are gathered with the text they belong to', () => {
  const assembly = anthropicFar.assembly();
  const events = [
    start(),
    begin(0, { type: 'text', text: '', citations: [] }),
    grow(0, { type: 'text_delta', text: 'a' }),
    grow(0, { type: 'citations_delta', citation: { url: 'x' } }),
    stop(0),
    ending('end_turn'),
    end,
  ];
  for (const event of events) assembly.add(JSON.stringify(event));
  const message = JSON.parse(utf8Decode(assembly.whole())) as { content: unknown };
  assert.deepEqual(message.content, [{ type: 'text', text: 'a', citations: [{ url: 'x' }] }]);
});
