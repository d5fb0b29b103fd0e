// The fetch in the hands of the real SDKs, against a small server that says what a gateway says, and against the gateway.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI6 from 'openai-6';
import OpenAI7 from 'openai-7';
import { beginStream, completion, delta, FarSide, json, type Seen } from '../../../test/support/far-side.ts';
import { runGateway } from '../../../test/support/running.ts';
import { deadlineSignal, type QueuePlace, spillwayFetch, type SpillwayFetchOptions } from './spillway-fetch.ts';

const majors: readonly [string, typeof OpenAI7][] = [
  ['openai 6', OpenAI6 as unknown as typeof OpenAI7],
  ['openai 7', OpenAI7],
];
const ask = (content: string) => ({ model: 'm', messages: [{ role: 'user' as const, content }] });

let server: FarSide;
let now = 1_000_000;
beforeEach(async () => {
  server = await FarSide.start();
  now = 1_000_000;
});
afterEach(() => server.stop());

const headersOf = (at: number): Seen['headers'] => server.seen[at]?.headers ?? {};

/** Answers with a count, so that a kept answer can be told from a new one. */
function counts(headers: Record<string, string>): (response: ServerResponse) => void {
  return (response) => json(response, 200, completion(`answer ${server.seen.length}`), headers);
}

function plain(options: SpillwayFetchOptions = {}) {
  const fetch = spillwayFetch({ now: () => now, ...options });
  return async (content: string, headers: Record<string, string> = {}, more: Record<string, unknown> = {}) => {
    const response = await fetch(`${server.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer a', ...headers },
      body: JSON.stringify({ ...ask(content), ...more }),
    });
    const text = await response.text();
    return { response, text, said: (JSON.parse(text) as ReturnType<typeof parsed>).choices?.[0]?.message.content };
  };
}
const parsed = (): { choices?: { message: { content: string } }[] } => ({});

function openaiOf(OpenAI: typeof OpenAI7, options: SpillwayFetchOptions = {}): OpenAI7 {
  const fetch = spillwayFetch({ now: () => now, ...options });
  return new OpenAI({ baseURL: server.baseUrl, apiKey: 'k', maxRetries: 2, fetch });
}

for (const [name, OpenAI] of majors) {
  describe(name, () => {
    test('the same question is asked once while the gateway allows it', async () => {
      server.answer = counts({ 'cache-control': 'private, max-age=60' });
      const openai = openaiOf(OpenAI);
      const first = await openai.chat.completions.create(ask('a'));
      const again = await openai.chat.completions.create(ask('a'));
      assert.equal(again.choices[0]?.message.content, first.choices[0]?.message.content);
      await openai.chat.completions.create(ask('b'));
      assert.equal(server.seen.length, 2);
      now += 61_000;
      await openai.chat.completions.create(ask('a'));
      assert.equal(server.seen.length, 3);
    });

    test('a stream is kept when it came to its end, and is given again as a stream', async () => {
      let ends = true;
      server.answer = (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'private, max-age=60' });
        delta(response, `answer ${server.seen.length}`);
        if (ends) endStream(response);
        else response.destroy();
      };
      const openai = openaiOf(OpenAI);
      const read = async (content: string): Promise<string> => {
        let text = '';
        const stream = await openai.chat.completions.create({ ...ask(content), stream: true });
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
        return text;
      };
      assert.deepEqual([await read('a'), await read('a')], ['answer 1', 'answer 1']);
      ends = false;
      await assert.rejects(read('b'));
      ends = true;
      assert.equal(await read('b'), `answer ${server.seen.length}`);
    });

    test('a refusal holds for who asks next, as long as it says', async () => {
      server.answer = (response) =>
        server.seen.length === 1
          ? json(response, 503, { error: { message: 'busy' } }, { 'retry-after-ms': '80', 'retry-after': '1' })
          : json(response, 200, completion('at last'));
      const openai = openaiOf(OpenAI, { now: Date.now });
      const began = performance.now();
      const [one, other] = await Promise.all([
        openai.chat.completions.create(ask('a')),
        new Promise((resolve) => setTimeout(resolve, 40)).then(() => openai.chat.completions.create(ask('b'))),
      ]);
      assert.deepEqual(
        [one, other].map((answer) => answer.choices[0]?.message.content),
        ['at last', 'at last'],
      );
      assert.ok(performance.now() - began >= 75);
      assert.equal(server.seen.length, 3);
    });

    test('the deadline is told; the time limit of the SDK is told by the SDK', async () => {
      await openaiOf(OpenAI, { deadlineMs: 8_000 }).chat.completions.create(ask('a'));
      assert.equal(headersOf(0)['x-spillway-deadline-ms'], '8000');
      await openaiOf(OpenAI).chat.completions.create(ask('a'), { timeout: 7_000 });
      assert.equal(headersOf(1)['x-spillway-deadline-ms'], undefined);
      assert.equal(headersOf(1)['x-stainless-timeout'], '7');
      await openaiOf(OpenAI, { deadlineMs: 8_000 }).chat.completions.create(ask('b'), {
        headers: { 'x-spillway-deadline-ms': '900' },
      });
      assert.equal(headersOf(2)['x-spillway-deadline-ms'], '900');
    });
  });
}

const message = (text: string) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  stop_reason: 'end_turn',
  stop_sequence: null,
  content: [{ type: 'text', text }],
  usage: { input_tokens: 1, output_tokens: 1 },
});

function event(response: ServerResponse, data: { type: string; [field: string]: unknown }): void {
  response.write(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
}

function endStream(response: ServerResponse | undefined): void {
  if (response === undefined) return;
  delta(response, '', 'stop');
  response.end('data: [DONE]\n\n');
}

test("Anthropic's SDK: whole answers and streams are kept, errors in streams are not", async () => {
  server.answer = (response, { body }) => {
    const text = `answer ${server.seen.length}`;
    if (body['stream'] !== true) return json(response, 200, message(text), { 'cache-control': 'max-age=60' });
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'max-age=60' });
    event(response, { type: 'message_start', message: { ...message(''), content: [] } });
    event(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
    event(response, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
    event(response, { type: 'content_block_stop', index: 0 });
    event(response, { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } });
    event(response, { type: 'message_stop' });
    response.end();
  };
  const client = new Anthropic({
    baseURL: server.baseUrl.replace('/v1', ''),
    apiKey: 'k',
    fetch: spillwayFetch({ now: () => now }),
  });
  const params = { ...ask('a'), max_tokens: 9 };
  for (let times = 0; times < 2; times++) {
    const answer = await client.messages.create(params);
    assert.deepEqual(
      answer.content.map((block) => block.type === 'text' && block.text),
      ['answer 1'],
    );
    const streamed = await client.messages.stream(params).finalText();
    assert.equal(streamed, 'answer 2');
  }
  assert.equal(server.seen.length, 2);
});

test('nothing is kept that the gateway does not allow, nor for another caller', async () => {
  for (const headers of [{}, { 'cache-control': 'no-store, max-age=60' }, { 'cache-control': 's-maxage=60' }]) {
    server.answer = counts({ ...headers });
    const asks = plain();
    assert.notEqual((await asks('a')).said, (await asks('a')).said);
  }
  server.answer = counts({ 'cache-control': 'max-age=60', vary: 'x-tone' });
  const asks = plain();
  const first = await asks('a');
  assert.equal((await asks('a')).said, first.said);
  assert.equal((await asks('a')).response.headers.get('x-spillway-cache'), 'client');
  assert.notEqual((await asks('a', { authorization: 'Bearer b' })).said, first.said);
  assert.notEqual((await asks('a', { 'x-tone': 'warm' })).said, first.said);
});

test('a caller may ask for a new answer, or that nothing is kept', async () => {
  server.answer = counts({ 'cache-control': 'max-age=60' });
  const asks = plain();
  const first = await asks('a');
  const anew = await asks('a', { 'cache-control': 'no-cache' });
  assert.notEqual(anew.said, first.said);
  assert.equal((await asks('a')).said, anew.said);
  const unkept = await asks('b', {}, { cache: { 'no-store': true } });
  assert.notEqual((await asks('b', {}, { cache: { 'no-store': true } })).said, unkept.said);
});

test('what has run out is asked about, not for', async () => {
  server.answer = (response, { headers }) => {
    if (headers['if-none-match'] !== '"v1"') {
      return counts({ 'cache-control': 'max-age=60', etag: '"v1"', age: '5' })(response);
    }
    response.writeHead(304, { 'cache-control': 'max-age=60', etag: '"v1"', age: '10' }).end();
  };
  const asks = plain();
  const first = await asks('a');
  now += 20_000;
  assert.equal((await asks('a')).response.headers.get('age'), '25');
  now += 40_000;
  const renewed = await asks('a');
  assert.deepEqual([renewed.said, renewed.response.status], [first.said, 200]);
  assert.equal(renewed.response.headers.get('x-spillway-cache'), 'client-revalidated');
  // Ten of its sixty seconds were over when it came.
  now += 49_000;
  assert.equal((await asks('a')).said, first.said);
  assert.equal(server.seen.length, 2);
  now += 31 * 60_000;
  assert.notEqual((await asks('a')).said, first.said);
  assert.equal(headersOf(2)['if-none-match'], undefined);
});

test('when nobody answers, a kept answer stands in where that was allowed', async () => {
  server.answer = counts({ 'cache-control': 'max-age=60, stale-if-error=600' });
  const asks = plain({ pace: false });
  const first = await asks('a');
  now += 61_000;
  server.answer = (response) => json(response, 503, { error: { message: 'busy' } });
  const instead = await asks('a');
  assert.deepEqual([instead.said, instead.response.headers.get('x-spillway-degraded')], [first.said, 'stale']);
  server.answer = (response) => void response.destroy();
  assert.equal((await asks('a')).said, first.said);
  now += 600_000;
  await assert.rejects(asks('a'));
});

test('the cache holds no more than it may', async () => {
  server.answer = counts({ 'cache-control': 'max-age=60' });
  const few = plain({ cache: { entriesMax: 2 } });
  for (const content of ['a', 'b', 'a', 'c', 'a', 'b']) await few(content);
  assert.equal(server.seen.length, 4);
  const small = plain({ cache: { bytesMax: 4_000 } });
  for (const content of ['a', 'b', 'c', 'd', 'a']) await small(content);
  assert.equal(server.seen.length, 9);
  const none = plain({ cache: false });
  await none('a');
  await none('a');
  assert.equal(server.seen.length, 11);
});

test('who cannot wait so long hears the refusal again, from memory', async () => {
  server.answer = (response) => json(response, 429, { error: { message: 'full' } }, { 'retry-after': '30' });
  const asks = plain({ deadlineMs: 10_000 });
  assert.equal((await asks('a')).response.status, 429);
  now += 10_000;
  const again = await asks('b');
  assert.deepEqual([again.response.status, again.response.headers.get('retry-after')], [429, '20']);
  assert.match(again.text, /full/);
  assert.equal(server.seen.length, 1);
  // Another model is another matter.
  await asks('c', {}, { model: 'other' });
  assert.equal(server.seen.length, 2);
});

test('plain calls may leave the asking again to us', async () => {
  server.answer = (response) =>
    server.seen.length < 3
      ? json(response, 503, {}, { 'retry-after-ms': '10' })
      : json(response, 200, completion('at last'));
  for (const pace of [true, false]) {
    server.seen.length = 0;
    assert.equal((await plain({ retries: 2, pace, now: Date.now })('a')).said, 'at last');
    assert.equal(server.seen.length, 3);
  }
  server.seen.length = 0;
  server.answer = (response) => json(response, 503, {}, { 'retry-after-ms': '10', 'x-should-retry': 'false' });
  assert.equal((await plain({ retries: 2, now: Date.now })('a')).response.status, 503);
  assert.equal(server.seen.length, 1);
});

test('who leaves while held back leaves at once', async () => {
  server.answer = (response) => json(response, 429, {}, { 'retry-after': '30' });
  const fetch = spillwayFetch();
  const call = (signal: AbortSignal | null): Promise<Response> =>
    fetch(`${server.baseUrl}/x`, { method: 'POST', body: '{}', signal });
  await call(null);
  const controller = new AbortController();
  const held = call(controller.signal);
  controller.abort(new Error('never mind'));
  await assert.rejects(held, /never mind/);
  await assert.rejects(call(AbortSignal.abort(new Error('too late'))), /too late/);
});

test('a deadline signal tells its time, and a reader who stops ends the request', async () => {
  const fetch = spillwayFetch({ onQueued: () => {} });
  server.answer = (response) => {
    beginStream(response);
    delta(response, 'on and on');
  };
  const response = await fetch(`${server.baseUrl}/x`, { method: 'POST', body: '{}', signal: deadlineSignal(5_000) });
  const told = Number(headersOf(0)['x-spillway-deadline-ms']);
  assert.ok(told > 3_000 && told <= 5_000);
  await response.body?.cancel();
  await server.seen[0]?.aborted;
});

test('what cannot be read twice goes through as it came', async () => {
  server.answer = counts({ 'cache-control': 'max-age=60' });
  const fetch = spillwayFetch();
  const url = `${server.baseUrl}/x`;
  const body = JSON.stringify(ask('a'));
  const send = [
    () => fetch(new Request(url, { method: 'POST', body })),
    () => fetch(url, { method: 'POST', body: new Blob([body]) }),
    () => fetch(new URL(url), { method: 'POST', body: new TextEncoder().encode(body) }),
  ];
  for (const [at, one] of [...send, ...send].entries()) {
    assert.equal((await one()).status, 200);
    assert.deepEqual(server.seen[at]?.body, ask('a'));
  }
});

test('the gateway’s queue is seen by its callers, and its deadline is kept', async () => {
  const running = await runGateway(`
upstreams:
  far: { provider: openai-compatible, baseUrl: '${server.baseUrl}', apiKey: k, maxConcurrent: 1 }
models:
  m: { targets: [far/m], timeouts: { commitAfterMs: 20 } }
`);
  try {
    const waiting: ServerResponse[] = [];
    server.answer = (response) => {
      beginStream(response);
      delta(response, 'Hello');
      waiting.push(response);
    };
    const places: QueuePlace[] = [];
    const queued = Promise.withResolvers<void>();
    const client = new OpenAI7({
      baseURL: `${running.url}/v1`,
      apiKey: 'k',
      maxRetries: 0,
      fetch: spillwayFetch({
        onQueued: (place) => {
          places.push(place);
          queued.resolve();
        },
      }),
    });
    const first = await client.chat.completions.create({ ...ask('a'), stream: true });
    const second = client.chat.completions.create({ ...ask('b'), stream: true }).then(async (stream) => {
      let text = '';
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return text;
    });
    await queued.promise;
    assert.deepEqual([places[0]?.position, places[0]?.model], [1, 'm']);
    endStream(waiting[0]);
    for await (const chunk of first) assert.ok(chunk.id);
    while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    endStream(waiting[1]);
    assert.equal(await second, 'Hello');
  } finally {
    await running.end();
  }
});
