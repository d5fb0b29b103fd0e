import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { AnswerReading } from '../../kernel/chat.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Decode, utf8Encode } from '../../kernel/web.ts';
import type { StreamEvent } from '../framing.ts';
import { ChatAssembly } from '../openai/assembly.ts';
import { converseFar } from './dialect.ts';
import { encodeFrame } from './frames-writer.ts';

type Sent = readonly [name: string, payload: JsonObject];
interface Heard {
  readonly readings: AnswerReading[];
  readonly chunks: JsonObject[];
}

/** Over the wire: written as frames, parsed and read. */
function hear(sent: readonly Sent[]): Heard {
  const stream = converseFar.stream('chat');
  const heard: Heard = { readings: [], chunks: [] };
  const sink = {
    onEvent: (event: StreamEvent) => {
      heard.readings.push(stream.read(event));
      heard.chunks.push(...stream.chunks());
    },
    onComment: () => assert.fail(),
    onOverflow: () => assert.fail(),
    onBroken: (why: string) => assert.fail(why),
  };
  const parser = converseFar.parser(1 << 20);
  for (const [name, payload] of sent) parser.push(frame(name, payload), sink);
  parser.end(sink);
  return heard;
}

function frame(name: string, payload: JsonObject): Uint8Array {
  const kind = name.endsWith('Exception') ? 'exception' : 'event';
  const headers = { [`:${kind}-type`]: name, ':content-type': 'application/json', ':message-type': kind };
  return encodeFrame(headers, utf8Encode(JSON.stringify({ ...payload, p: 'abcdefgh' })));
}

function gathered(chunks: readonly JsonObject[]): JsonObject {
  const assembly = new ChatAssembly();
  for (const chunk of chunks) assembly.addChunk(chunk);
  return JSON.parse(utf8Decode(assembly.whole())) as JsonObject;
}

const start: Sent = ['messageStart', { role: 'assistant' }];
const delta = (contentBlockIndex: number, said: JsonObject): Sent => [
  'contentBlockDelta',
  { contentBlockIndex, delta: said },
];
const stop = (contentBlockIndex: number): Sent => ['contentBlockStop', { contentBlockIndex }];
const call = (contentBlockIndex: number, toolUseId: string, name: string): Sent => [
  'contentBlockStart',
  { contentBlockIndex, start: { toolUse: { toolUseId, name } } },
];
const finish = (stopReason: string): Sent => ['messageStop', { stopReason }];
const metadata: Sent = [
  'metadata',
  {
    usage: { inputTokens: 10, outputTokens: 5, totalTokens: 165, cacheReadInputTokens: 100, cacheWriteInputTokens: 50 },
    metrics: { latencyMs: 7 },
  },
];

suite('a stream of Converse', () => {
  const all = hear([
    start,
    delta(0, { reasoningContent: { text: 'Two ' } }),
    delta(0, { reasoningContent: { text: 'cities.' } }),
    delta(0, { reasoningContent: { signature: 'proof' } }),
    stop(0),
    delta(1, { text: 'I look ' }),
    delta(1, { text: 'it up.' }),
    stop(1),
    call(2, 'tooluse_a', 'weather'),
    delta(2, { toolUse: { input: '{"city":' } }),
    delta(2, { toolUse: { input: '"Oslo"}' } }),
    stop(2),
    call(3, 'tooluse_b', 'weather'),
    delta(3, { toolUse: { input: '{"city":"Rome"}' } }),
    stop(3),
    finish('tool_use'),
    metadata,
  ]);

  test('becomes canonical chunks that say the same', () => {
    assert.deepEqual(gathered(all.chunks), {
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'I look it up.',
            reasoning_content: 'Two cities.',
            reasoning_details: [
              { type: 'reasoning.text', text: 'Two cities.', signature: 'proof', format: 'anthropic-claude-v1' },
            ],
            tool_calls: [
              { id: 'tooluse_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
              { id: 'tooluse_b', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
      usage: {
        prompt_tokens: 160,
        completion_tokens: 5,
        total_tokens: 165,
        prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 50 },
      },
    });
  });

  test('counts tool calls by themselves, not among all blocks', () => {
    const indexes = all.chunks.flatMap(({ choices }) => {
      const calls = (choices as { delta: { tool_calls?: { index: number }[] } }[])[0]?.delta.tool_calls ?? [];
      return calls.map(({ index }) => index);
    });
    assert.deepEqual(indexes, [0, 0, 0, 1, 1]);
  });

  test('is read as it goes: reasoning, text, calls, finish, usage', () => {
    const { readings } = all;
    assert.equal(readings.map(({ text }) => text).join(''), 'I look it up.');
    assert.deepEqual([readings[1]?.reasoning, readings[1]?.content], [true, false]);
    assert.deepEqual([readings[5]?.content, readings[5]?.characters], [true, 7]);
    assert.deepEqual([readings[8]?.toolCall, readings[8]?.characters], [true, 7]);
    assert.equal(readings.at(-2)?.finishReason, 'tool_calls');
    assert.deepEqual(readings.at(-1)?.usage, {
      promptTokens: 160,
      completionTokens: 5,
      cachedTokens: 100,
      cacheWriteTokens: 50,
      reasoningTokens: null,
      source: 'provider',
    });
    assert.equal(readings.at(-1)?.usageOnly, true);
    assert.ok(readings.every(({ done, fault }) => !done && fault === null));
  });

  test('keeps redacted reasoning for whoever gave it out, and drops reasoning without proof', () => {
    const redacted = hear([start, delta(0, { reasoningContent: { redactedContent: 'b64==' } }), stop(0)]);
    assert.deepEqual(redacted.chunks.at(-1)?.['choices'], [
      {
        index: 0,
        delta: {
          reasoning_details: [{ type: 'reasoning.encrypted', data: 'b64==', format: 'anthropic-claude-v1', index: 0 }],
        },
        finish_reason: null,
      },
    ]);
    const unsigned = hear([start, delta(0, { reasoningContent: { text: 'Hm.' } }), stop(0)]);
    assert.equal(JSON.stringify(unsigned.chunks).includes('reasoning_details'), false);
  });

  test('says nothing where nothing is said, and of events that are new', () => {
    const heard = hear([
      ['contentBlockStart', { contentBlockIndex: 0, start: {} }],
      delta(0, { text: '' }),
      delta(0, { citation: { title: 'x' } }),
      delta(0, { toolUse: { input: 'of no call' } }),
      stop(0),
      ['somethingNew', { deep: true }],
    ]);
    assert.deepEqual(heard.chunks, []);
    assert.ok(heard.readings.every(({ content, toolCall, fault }) => !content && !toolCall && fault === null));
  });
});

suite('the end of a stream', () => {
  const words = {
    end_turn: 'stop',
    stop_sequence: 'stop',
    tool_use: 'tool_calls',
    max_tokens: 'length',
    model_context_window_exceeded: 'length',
    content_filtered: 'content_filter',
    guardrail_intervened: 'content_filter',
    something_new: 'something_new',
  };
  for (const [reason, word] of Object.entries(words)) {
    test(`${reason} is ${word}`, () => {
      assert.equal(hear([finish(reason)]).readings[0]?.finishReason, word);
    });
  }

  for (const reason of ['malformed_model_output', 'malformed_tool_use']) {
    test(`${reason} is a fault, not an end`, () => {
      const { readings, chunks } = hear([finish(reason)]);
      assert.equal(readings[0]?.fault?.kind, 'inBand');
      assert.equal(readings[0]?.finishReason, null);
      assert.deepEqual(chunks, []);
    });
  }
});

suite('an exception inside a stream', () => {
  const kinds = [
    ['internalServerException', 'serverError', 500],
    ['modelStreamErrorException', 'inBand', 424],
    ['serviceUnavailableException', 'overloaded', 503],
    ['throttlingException', 'rateLimited', 429],
    ['validationException', 'badRequest', 400],
    ['modelTimeoutException', 'inBand', 408],
    ['modelErrorException', 'inBand', 424],
    ['modelNotReadyException', 'overloaded', 429],
    ['unheardOfException', 'inBand', null],
  ] as const;
  for (const [name, kind, status] of kinds) {
    test(`${name} is ${kind}`, () => {
      const trouble = hear([start, [name, { message: 'It went wrong.' }]]).readings[1]?.fault;
      assert.equal(trouble?.kind, kind);
      assert.deepEqual(
        [trouble?.message, trouble?.quoted, trouble?.type, trouble?.status],
        ['It went wrong.', true, name, status],
      );
    });
  }

  test('about the prompt says so', () => {
    const trouble = hear([['validationException', { message: 'Input is too long for requested model.' }]]);
    assert.equal(trouble.readings[0]?.fault?.kind, 'contextTooLong');
  });

  test('without words is told in ours', () => {
    const trouble = hear([['throttlingException', {}]]).readings[0]?.fault;
    assert.equal(trouble?.kind, 'rateLimited');
    assert.equal(trouble.quoted, false);
    assert.notEqual(trouble.message, '');
  });
});

const event = (name: string | null, data: string): StreamEvent => ({
  name,
  data,
  raw: utf8Encode(data),
  plain: false,
});
const read = (name: string | null, data: string): string | undefined =>
  converseFar.stream('chat').read(event(name, data)).fault?.kind;

test('what cannot be read is malformed, never thrown', () => {
  assert.equal(read('messageStop', 'not json'), 'malformed');
  assert.equal(read('messageStop', '[]'), 'malformed');
  assert.equal(read('messageStop', ''), 'malformed');
  assert.equal(read(null, '{}'), 'malformed');
  assert.equal(read('metadata', `${'['.repeat(5000)}${']'.repeat(5000)}`), 'malformed');
  assert.equal(read('exception:throttlingException', 'not json'), 'rateLimited');
  assert.equal(read('error:InternalFailure', ''), 'serverError');
  for (const name of ['contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata']) {
    assert.equal(read(name, '{"delta":null,"start":7,"usage":[]}'), undefined);
  }
});
