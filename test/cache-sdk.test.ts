// Kept answers over real sockets: the official SDKs of OpenAI and Anthropic against a running gateway, each in its own words.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai-7';
import { beginStream, completion, delta, FarSide, json } from './support/far-side.ts';
import { type Running, runGateway } from './support/running.ts';

const user = (content: string): { role: 'user'; content: string } => ({ role: 'user', content });
let farSide: FarSide;
let running: Running;
let client: OpenAI;

before(async () => {
  farSide = await FarSide.start();
  running = await runGateway(`
upstreams: { far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', apiKey: far-secret } }
models: { far: { targets: [far/far], cache: { ttlSeconds: 600 }, degrade: { staleAnswers: true } } }
keys: [{ key: sk-good, name: good }]
retry: { maxAttempts: 1 }
`);
  client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'sk-good', maxRetries: 0 });
});
after(async () => {
  await running.end();
  await farSide.stop();
});

const ask = (content: string): OpenAI.ChatCompletionCreateParamsNonStreaming => ({
  model: 'far',
  temperature: 0,
  messages: [user(content)],
});

async function read(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

test('asked again it is given again, whole, as a stream and to another SDK', async () => {
  farSide.answer = (response) => json(response, 200, completion('Only once.'));
  const sent = farSide.seen.length;
  const made = await client.chat.completions.create(ask('whole')).withResponse();
  assert.equal(made.response.headers.get('x-spillway-cache'), 'miss');
  const { data, response } = await client.chat.completions.create(ask('whole')).withResponse();
  assert.deepEqual([response.headers.get('x-spillway-cache'), response.headers.get('age')], ['hit', '0']);
  assert.equal(data.choices[0]?.message.content, 'Only once.');
  assert.equal(data.usage?.prompt_tokens_details?.cached_tokens, 5);
  assert.equal(await read(await client.chat.completions.create({ ...ask('whole'), stream: true })), 'Only once.');
  const responses = await client.responses.create({ model: 'far', temperature: 0, input: 'whole' });
  assert.equal(responses.output_text, 'Only once.');
  const claude = new Anthropic({ baseURL: running.url, apiKey: 'sk-good', maxRetries: 0 });
  const params = { model: 'far', max_tokens: 10, temperature: 0, messages: [user('whole')] };
  await claude.messages.create(params);
  const message = await claude.messages.stream(params).finalMessage();
  assert.deepEqual(message.content, [{ type: 'text', text: 'Only once.' }]);
  assert.equal(farSide.seen.length, sent + 2);
});

test('many who ask at once read one stream, and who comes late reads all of it', async () => {
  const sent = farSide.seen.length;
  let go: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => {
    farSide.answer = (response) => {
      beginStream(response);
      delta(response, 'One, ');
      go = () => {
        delta(response, 'two.');
        delta(response, '', 'stop');
        response.end('data: [DONE]\n\n');
      };
      resolve();
    };
  });
  const many = Array.from({ length: 100 }, () => client.chat.completions.create({ ...ask('joined'), stream: true }));
  await begun;
  const first = await many[0];
  assert.ok(first !== undefined);
  const late = await client.chat.completions.create({ ...ask('joined'), stream: true }).withResponse();
  assert.equal(late.response.headers.get('x-spillway-cache'), 'joined');
  go?.();
  const texts = await Promise.all([...many.map(async (one) => read(await one)), read(late.data)]);
  assert.ok(texts.every((text) => text === 'One, two.'));
  assert.equal(farSide.seen.length, sent + 1);
});

test('when the far side is dead it is given all the same, however the caller forbids fresh ones', async () => {
  farSide.answer = (response) => json(response, 200, completion('Before.'));
  await client.chat.completions.create(ask('dead'));
  farSide.answer = (response) => response.destroy();
  const headers = { 'x-spillway-cache': 'max-age=0' };
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { data, response } = await client.chat.completions.create(ask('dead'), { headers }).withResponse();
  assert.equal(data.choices[0]?.message.content, 'Before.');
  assert.equal(response.headers.get('x-spillway-degraded'), 'stale');
  await assert.rejects(client.chat.completions.create(ask('never asked before')), /502/);
});
