// The official OpenAI SDK, both majors in use, against a running gateway: all it changes is the base URL.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI6 from 'openai-6';
import OpenAI7 from 'openai-7';
import { beginStream, delta, FarSide, json } from './support/far-side.ts';
import { type Running, runGateway } from './support/running.ts';

const user = (content: string): { role: 'user'; content: string } => ({ role: 'user', content });

// The surface used here is the same in both majors; their private fields keep the types apart.
const majors: readonly [string, typeof OpenAI7][] = [
  ['openai 6', OpenAI6 as unknown as typeof OpenAI7],
  ['openai 7', OpenAI7],
];

for (const [name, OpenAI] of majors) {
  describe(name, () => {
    let farSide: FarSide;
    let running: Running;
    let client: OpenAI7;

    before(async () => {
      farSide = await FarSide.start();
      running = await runGateway(`
upstreams:
  demo: { provider: scripted }
  far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', apiKey: far-secret }
models:
  demo: { targets: [demo/demo] }
  far: { targets: [far/far] }
keys:
  - { key: sk-good, name: good, limits: { requestsPerMinute: 10000 } }
  - { key: sk-poor, name: poor, limits: { requestsPerMinute: 1 } }
retry: { maxAttempts: 1 }
`);
      client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'sk-good', maxRetries: 0 });
    });
    after(async () => {
      await running.end();
      await farSide.stop();
    });

    test('a chat answers', async () => {
      const answer = await client.chat.completions.create({ model: 'demo', messages: [user('say: hello there')] });
      assert.match(answer.choices[0]?.message.content ?? '', /hello there/);
      assert.ok((answer.usage?.total_tokens ?? 0) > 0);
    });

    test('a chat streams, with usage where asked', async () => {
      const stream = await client.chat.completions.create({
        model: 'demo',
        messages: [user('say: one two three')],
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      let finish: string | null = null;
      let usage = 0;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage?.total_tokens ?? usage;
      }
      assert.match(text, /one two three/);
      assert.equal(finish, 'stop');
      assert.ok(usage > 0);
    });

    test('a tool is called and its answer used', async () => {
      const tools = [
        {
          type: 'function' as const,
          function: {
            name: 'get_weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        },
      ];
      const first = await client.chat.completions.create({
        model: 'demo',
        messages: [user('call get_weather')],
        tools,
      });
      const call = first.choices[0]?.message.tool_calls?.[0];
      assert.ok(call?.type === 'function');
      assert.equal(call.function.name, 'get_weather');
      assert.equal(typeof (JSON.parse(call.function.arguments) as { city: unknown }).city, 'string');
      const second = await client.chat.completions.create({
        model: 'demo',
        tools,
        messages: [
          user('call get_weather'),
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: call.id, content: 'sunny, 21 degrees' },
        ],
      });
      assert.match(second.choices[0]?.message.content ?? '', /sunny/);
    });

    test('JSON mode answers JSON', async () => {
      const answer = await client.chat.completions.create({
        model: 'demo',
        messages: [user('Answer in JSON.')],
        response_format: { type: 'json_object' },
      });
      assert.equal(typeof JSON.parse(answer.choices[0]?.message.content ?? ''), 'object');
    });

    test('embeddings come as numbers, though the SDK asks for base64 by default', async () => {
      const byDefault = await client.embeddings.create({ model: 'demo', input: ['cat', 'dog'] });
      const asFloats = await client.embeddings.create({ model: 'demo', input: 'cat', encoding_format: 'float' });
      assert.equal(byDefault.data.length, 2);
      const [first] = byDefault.data;
      const [second] = asFloats.data;
      assert.ok(first && second && first.embedding.length === second.embedding.length);
      assert.ok(Math.abs((first.embedding[0] ?? 0) - (second.embedding[0] ?? 1)) < 1e-6);
    });

    test('legacy completions answer', async () => {
      const answer = await client.completions.create({ model: 'demo', prompt: 'Once upon', max_tokens: 16 });
      assert.ok((answer.choices[0]?.text.length ?? 0) > 0);
    });

    test('models are listed and found', async () => {
      const ids: string[] = [];
      for await (const model of client.models.list()) ids.push(model.id);
      assert.deepEqual(ids, ['demo', 'far']);
      assert.equal((await client.models.retrieve('demo')).id, 'demo');
    });

    test('each error raises the class that users of the SDK know', async () => {
      const ask = (model: string, over: { apiKey?: string } = {}): Promise<unknown> =>
        Object.assign(
          new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'sk-good', maxRetries: 0 }),
          over,
        ).chat.completions.create({
          model,
          messages: [user('x')],
        });
      await assert.rejects(ask('demo', { apiKey: 'wrong' }), OpenAI.AuthenticationError);
      await assert.rejects(ask('nope'), OpenAI.NotFoundError);
      await assert.rejects(
        client.chat.completions.create({ model: 'demo', messages: 'x' as never }),
        (error: InstanceType<typeof OpenAI.BadRequestError>) =>
          error instanceof OpenAI.BadRequestError && error.param === 'messages',
      );
      await ask('demo', { apiKey: 'sk-poor' });
      await assert.rejects(ask('demo', { apiKey: 'sk-poor' }), OpenAI.RateLimitError);
      farSide.answer = (response) => json(response, 503, { error: { message: 'server is busy' } });
      await assert.rejects(ask('far'), (error: InstanceType<typeof OpenAI.InternalServerError>) => {
        assert.ok(error instanceof OpenAI.InternalServerError);
        assert.equal(error.code, 'server_is_overloaded');
        return true;
      });
    });

    test('a stream that breaks in the middle throws, instead of looking complete', async () => {
      farSide.answer = (response) => {
        beginStream(response);
        delta(response, 'Half an answer');
        setImmediate(() => response.destroy());
      };
      const stream = await client.chat.completions.create({ model: 'far', messages: [user('x')], stream: true });
      let text = '';
      await assert.rejects(async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      }, OpenAI.APIError);
      assert.equal(text, 'Half an answer');
    });

    test('aborting a stream aborts the upstream', async () => {
      farSide.answer = (response) => {
        beginStream(response);
        delta(response, 'On and on');
      };
      const stream = await client.chat.completions.create({ model: 'far', messages: [user('x')], stream: true });
      for await (const chunk of stream) {
        assert.equal(chunk.choices[0]?.delta.content, 'On and on');
        stream.controller.abort();
      }
      await farSide.seen.at(-1)?.aborted;
    });

    test('the upstream gets its own key and never the caller’s', async () => {
      farSide.answer = (response) => json(response, 400, { error: { message: 'no' } });
      await assert.rejects(client.chat.completions.create({ model: 'far', messages: [user('x')] }));
      assert.equal(farSide.seen.at(-1)?.headers.authorization, 'Bearer far-secret');
    });
  });
}
