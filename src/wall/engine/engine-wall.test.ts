// The modelled engine over real sockets: it answers, overloads, refuses, breaks and heals as its originals do.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../adapters/system.ts';
import { readEngineLoad } from '../../policy/engine-gauges.ts';
import { type EngineWall, type EngineWallOptions, startEngineWall } from './engine-wall.ts';

async function wall(t: TestContext, options: Partial<EngineWallOptions> = {}): Promise<EngineWall> {
  const running = await startEngineWall({
    host: '127.0.0.1',
    port: 0,
    capacity: 1,
    manner: 'vllm',
    model: 'engine',
    inFlightMax: null,
    ...options,
  });
  t.after(() => running.stop());
  return running;
}

interface Question {
  readonly content?: string;
  readonly stream?: boolean;
  readonly more?: object;
  readonly signal?: AbortSignal;
}

function ask({ url }: EngineWall, question: Question = {}): Promise<Response> {
  const { content = 'Answer with 20 tokens.', stream = true, more = {}, signal = null } = question;
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'engine', stream, messages: [{ role: 'user', content }], ...more }),
    signal,
  });
}

interface Chunk {
  readonly choices: { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[];
  readonly usage?: { readonly completion_tokens: number } | null;
}

function chunksOf(text: string): Chunk[] {
  const data = text.split('\n\n').filter((event) => event.startsWith('data: {'));
  return data.map((event) => JSON.parse(event.slice('data: '.length)) as Chunk);
}

const textOf = (chunks: readonly Chunk[]): string =>
  chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

/** Until something is so, by looking. */
async function until(what: () => boolean): Promise<void> {
  const deadline = systemClock.now() + 5_000;
  while (!what()) {
    assert.ok(systemClock.now() < deadline, `in time: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a stream comes token by token, at the pace of the model, and ends as vLLM ends it', async (t) => {
  const running = await wall(t);
  const startedAt = systemClock.now();
  const text = await (await ask(running, { more: { stream_options: { include_usage: true } } })).text();
  const tookMs = systemClock.now() - startedAt;
  const chunks = chunksOf(text);
  assert.equal(chunks.filter(({ choices }) => (choices[0]?.delta.content ?? '') !== '').length, 20);
  assert.match(textOf(chunks), /^000 001 002 .* 00i 00j $/);
  assert.deepEqual([chunks.at(-2)?.choices[0]?.finish_reason, chunks.at(-1)?.usage?.completion_tokens], ['stop', 20]);
  assert.ok(text.endsWith('data: [DONE]\n\n'));
  assert.ok(tookMs >= 20 * 15, `twenty iterations of 15 ms took ${tookMs} ms`);
});

test('the whole answer is the same text, max_tokens cuts it, and an answer begun is gone on with', async (t) => {
  const running = await wall(t, { manner: 'deepseek' });
  const cut = (await (await ask(running, { stream: false, more: { max_tokens: 3 } })).json()) as {
    choices: { message: { content: string }; finish_reason: string }[];
  };
  assert.deepEqual(cut.choices[0]?.message.content, '000 001 002 ');
  assert.equal(cut.choices[0]?.finish_reason, 'length');
  const messages = [
    { role: 'user', content: 'Answer with 5 tokens.' },
    { role: 'assistant', content: '000 001 ', prefix: true },
  ];
  assert.equal(textOf(chunksOf(await (await ask(running, { more: { messages } })).text())), '002 003 004 ');
});

test('who waits hears keep-alives from DeepSeek, and the queue shows in the metrics of both', async (t) => {
  for (const manner of ['deepseek', 'vllm'] as const) {
    const running = await wall(t, { manner, capacity: 0.02, inFlightMax: 50 });
    running.ail({ slow: null, refuse: null, dead: false });
    const leaving = new AbortController();
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(running, { signal: leaving.signal })));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    running.ail({ slow: 1, refuse: null, dead: false });
    await until(() => running.state().waiting === 3);
    const metrics = await (await fetch(new URL('/metrics', running.url))).text();
    const load = readEngineLoad(metrics);
    assert.deepEqual([load?.running, load?.waiting], [5, 3]);
    running.ail({ slow: null, refuse: null, dead: false });
    if (manner === 'deepseek') {
      const reader = answers.at(-1)?.body?.getReader();
      const first = await reader?.read();
      assert.equal(Buffer.from(first?.value ?? []).toString(), ': keep-alive\n\n');
    }
    leaving.abort();
    await until(() => running.state().left === 8 && running.state().waiting === 0);
  }
});

test('over the limit DeepSeek answers 429 and vLLM 503, each in its own words', async (t) => {
  const expected = {
    deepseek: [429, 'rate_limit_error', 'invalid_request_error', /concurrency is 2, which exceeds .* limit of 1/],
    vllm: [503, 'ServiceUnavailableError', 503, /2 of 1/],
  } as const;
  for (const manner of ['deepseek', 'vllm'] as const) {
    const running = await wall(t, { manner, inFlightMax: 1 });
    const leaving = new AbortController();
    await ask(running, { content: 'Answer with 9999 tokens.', signal: leaving.signal });
    const second = await ask(running);
    const { error } = (await second.json()) as { error: { type: string; code: unknown; message: string } };
    const [status, type, code, message] = expected[manner];
    assert.deepEqual([second.status, error.type, error.code], [status, type, code]);
    assert.match(error.message, message);
    leaving.abort();
    await until(() => running.state().running === 0);
    assert.equal((await ask(running)).status, 200);
  }
});

test('faults are put on and taken off at /control while it runs', async (t) => {
  const running = await wall(t);
  const control = (body: unknown): Promise<Response> =>
    fetch(new URL('/control', running.url), { method: 'POST', body: JSON.stringify(body) });
  for (const refuse of [429, 503] as const) {
    assert.equal((await control({ refuse })).status, 200);
    assert.equal((await ask(running)).status, refuse);
  }
  assert.equal((await control({ refuse: null, slow: 10 })).status, 200);
  const startedAt = systemClock.now();
  await (await ask(running, { content: 'Answer with 2 tokens.' })).text();
  assert.ok(systemClock.now() - startedAt >= 2 * 150);

  const cut = await ask(running, { content: 'Answer with 9999 tokens.' });
  assert.equal((await control({ dead: true })).status, 200);
  await assert.rejects(cut.text());
  await assert.rejects(ask(running));
  await assert.rejects(fetch(new URL('/health', running.url)));
  assert.equal(running.state().broken, 1);
  assert.equal((await fetch(new URL('/control', running.url), { method: 'DELETE' })).status, 200);
  assert.equal((await ask(running)).status, 200);
  for (const wrong of [{ slow: 0 }, { refuse: 500 }, { dead: 'no' }, { fast: 2 }, []]) {
    assert.equal((await control(wrong)).status, 400);
  }
});

test('a model that it does not serve, a prompt that never fits and a body that is none are refused', async (t) => {
  const running = await wall(t, { capacity: 0.01 });
  assert.equal((await ask(running, { more: { model: 'other' } })).status, 404);
  assert.equal((await ask(running, { content: 'x'.repeat(4 * 17_000) })).status, 400);
  const none = await fetch(`${running.url}/chat/completions`, { method: 'POST', body: 'hello' });
  assert.equal(none.status, 400);
  const models = (await (await fetch(`${running.url}/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    models.data.map(({ id }) => id),
    ['engine'],
  );
});
