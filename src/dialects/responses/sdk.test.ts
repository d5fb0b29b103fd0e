// What OpenAI's own SDKs make of the bytes that the door writes, over a real connection.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { OpenAI as OpenAI6 } from 'openai-6';
import { OpenAI as OpenAI7 } from 'openai-7';
import type { JsonObject } from '../../kernel/json.ts';
import { utf8Encode } from '../../kernel/web.ts';
import type { AnswerIdentity, DoorStream } from '../dialect.ts';
import type { StreamEvent } from '../framing.ts';
import { SseParser } from '../sse.ts';
import { responsesDoor } from './dialect.ts';

const clients = [
  ['openai 6.49', OpenAI6],
  ['openai 7.57', OpenAI7],
] as const;

const request = { model: 'm', input: 'Hi' } as const;

function identity(): AnswerIdentity {
  const read = responsesDoor.readRequest('chat', utf8Encode(JSON.stringify({ ...request, stream: true })));
  assert.ok(read.ok);
  return { id: 'x1', model: 'm', created: 7, request: read.value };
}

const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
});

const story = [
  chunk({ role: 'assistant' }),
  chunk({ reasoning_content: 'Let me ' }),
  chunk({ reasoning_content: 'think.' }),
  chunk({ content: 'Hello, ' }),
  chunk({ content: 'wörld “”' }),
  chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] }),
  chunk({ tool_calls: [{ index: 1, id: 'call_2', type: 'function', function: { name: 'g', arguments: '[' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] }),
  chunk({ tool_calls: [{ index: 1, function: { arguments: ']' } }] }),
  chunk({}, 'tool_calls'),
];
const usage = {
  promptTokens: 9,
  completionTokens: 4,
  cachedTokens: null,
  reasoningTokens: null,
  source: 'provider',
} as const;

const write = (stream: DoorStream, chunks: readonly JsonObject[]): Uint8Array[] =>
  chunks.map((each) => stream.write(each) ?? new Uint8Array(0));

function eventsOf(parts: readonly Uint8Array[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = new SseParser(1 << 20);
  const sink = {
    onEvent: (event: StreamEvent) => void events.push(event),
    onComment() {},
    onOverflow() {},
    onBroken() {},
  };
  for (const part of parts) parser.push(part, sink);
  return events;
}

/** Serves the parts as an answer, and hands the base URL to `use`. */
async function served<Value>(
  parts: readonly Uint8Array[],
  type: string,
  use: (baseURL: string) => Promise<Value>,
): Promise<Value> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': type });
    for (const part of parts) response.write(part);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await use(`http://127.0.0.1:${port}/v1`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

for (const [name, OpenAI] of clients) {
  const connect = (baseURL: string): InstanceType<typeof OpenAI7> =>
    new OpenAI({ apiKey: 'k', baseURL, maxRetries: 0 }) as InstanceType<typeof OpenAI7>;

  test(`${name} puts the stream together to the answer that was written`, async () => {
    const stream = responsesDoor.stream(identity());
    const parts = [...write(stream, story), stream.end(usage)];
    await served(parts, 'text/event-stream', async (baseURL) => {
      const final = await connect(baseURL)
        .responses.stream({ ...request })
        .finalResponse();
      assert.equal(final.output_text, 'Hello, wörld “”');
      assert.equal(final.status, 'completed');
      const calls = final.output.flatMap((item) =>
        item.type === 'function_call' ? [[item.name, item.arguments]] : [],
      );
      assert.deepEqual(calls, [
        ['f', '{"a":1}'],
        ['g', '[]'],
      ]);
      const thoughts = final.output.flatMap((item) => (item.type === 'reasoning' ? item.summary : []));
      assert.deepEqual(thoughts, [{ type: 'summary_text', text: 'Let me think.' }]);
      assert.equal(final.usage?.total_tokens, 13);
    });
  });

  test(`${name} follows a stream that broke anywhere and went on over another leg`, async () => {
    const first = responsesDoor.stream(identity());
    const events = eventsOf([...write(first, story.slice(0, 5)), first.end(usage)]);
    const later = story.slice(5);
    for (let cut = 2; cut < events.length; cut++) {
      const shown = events.slice(0, cut);
      const stream = responsesDoor.stream({ ...identity(), id: 'x2' });
      for (const event of shown) stream.pass(event);
      const parts = [
        ...shown.map(({ raw }) => raw),
        ...write(stream, [chunk({ content: ' Go on.' }), ...later]),
        stream.end(usage),
      ];
      const deltas = shown.filter((event) => event.name === 'response.output_text.delta');
      const text = deltas.map(({ data }) => (JSON.parse(data) as { delta: string }).delta).join('');
      const final = await served(parts, 'text/event-stream', (baseURL) =>
        connect(baseURL)
          .responses.stream({ ...request })
          .finalResponse(),
      );
      assert.equal(final.output_text, `${text} Go on.`, `cut after ${shown.at(-1)?.name}`);
      assert.equal(final.output.filter(({ type }) => type === 'function_call').length, 2);
    }
  });

  test(`${name} raises the error of a stream that had begun, read event by event or as a whole`, async () => {
    const form = {
      status: 503,
      message: 'busy',
      type: 'service_unavailable_error',
      code: 'server_is_overloaded',
      param: null,
    };
    for (const begun of [story.slice(0, 4), []]) {
      const stream = responsesDoor.stream(identity());
      const parts = [...write(stream, begun), stream.error(form)];
      await served(parts, 'text/event-stream', async (baseURL) => {
        const client = connect(baseURL);
        const expected = { code: 'server_is_overloaded', type: 'service_unavailable_error', message: 'busy' };
        const types: string[] = [];
        const iterate = async (): Promise<void> => {
          for await (const event of await client.responses.create({ ...request, stream: true })) types.push(event.type);
        };
        await assert.rejects(iterate, expected);
        assert.equal(types.at(-1), begun.length > 0 ? 'response.failed' : undefined);
        await assert.rejects(client.responses.stream({ ...request }).finalResponse(), expected);
      });
    }
  });

  test(`${name} reads a whole answer with its text`, async () => {
    const answer = {
      object: 'chat.completion',
      created: 3,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'length' }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    };
    const bytes = responsesDoor.writeAnswer(answer, identity());
    await served([bytes], 'application/json', async (baseURL) => {
      const response = await connect(baseURL).responses.create({ ...request });
      assert.equal(response.output_text, 'Hello');
      assert.deepEqual([response.status, response.incomplete_details], ['incomplete', { reason: 'max_output_tokens' }]);
    });
  });
}
