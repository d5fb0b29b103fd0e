// A running gateway in the hands of an operator: reloads, bad files, drains, rubbish, many clients at once.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { beginStream, completion, delta, FarSide, json } from './support/far-side.ts';
import { type Running, runGateway } from './support/running.ts';

let farSide: FarSide;
let other: FarSide;
let running: Running;

const configuration = (baseUrl: string, more = ''): string => `
upstreams:
  far: { provider: openai-compatible, baseUrl: '${baseUrl}' }
models:
  m: { targets: [far/far] }
${more}`;

before(async () => {
  farSide = await FarSide.start();
  other = await FarSide.start();
  running = await runGateway(configuration(farSide.baseUrl));
});
after(async () => {
  await running.end();
  await farSide.stop();
  await other.stop();
});

const body = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }], ...over });

const ask = (over: Record<string, unknown> = {}, init: RequestInit = {}): Promise<Response> =>
  fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: body(over),
    ...init,
  });

const admin = async (page: string): Promise<Record<string, unknown>> =>
  (await (await fetch(`${running.url}/admin/${page}`)).json()) as Record<string, unknown>;

/** Waits for something that another part of the process will make true; the test's own time limit bounds it. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(10);
}

const gauge = async (name: string): Promise<number> => {
  const metrics = await (await fetch(`${running.url}/metrics`)).text();
  return Number(new RegExp(`^spillway_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1]);
};

test('a changed file is taken up without a failed request, and a stream under way goes on', async () => {
  const released = Promise.withResolvers<void>();
  farSide.answer = (response, seen) => {
    if (seen.body['stream'] !== true) return json(response, 200, completion('old'));
    beginStream(response);
    delta(response, 'still ');
    void (async () => {
      await released.promise;
      delta(response, 'here');
      delta(response, '', 'stop');
      response.end('data: [DONE]\n\n');
    })();
  };
  other.answer = (response) => json(response, 200, completion('new'));
  const stream = await ask({ stream: true });
  const statuses: number[] = [];
  const texts: string[] = [];
  const load = { busy: true };
  const clients = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (load.busy) {
        const response = await ask();
        statuses.push(response.status);
        texts.push(await response.text());
      }
    }),
  );
  running.rewrite(configuration(other.baseUrl));
  await until(async () => (await admin('config'))['version'] !== 1);
  await until(() => texts.at(-1)?.includes('new') ?? false);
  load.busy = false;
  await clients;
  assert.ok(statuses.every((status) => status === 200));
  released.resolve();
  const rest = await stream.text();
  assert.match(rest, /here/);
  assert.match(rest, /\[DONE\]/);
});

test('a bad file keeps the old configuration, and says so on the admin page and in the metrics', async () => {
  const { version } = await admin('config');
  running.rewrite('upstreams: { far: { provider: opneai } }');
  await until(async () => (await admin('config'))['accepted'] === false);
  const page = await admin('config');
  assert.equal(page['version'], version);
  assert.match(JSON.stringify(page['refused']), /opneai/);
  assert.equal((await ask()).status, 200);
  const metrics = await (await fetch(`${running.url}/metrics`)).text();
  assert.match(metrics, /spillway_config_last_load_accepted 0/);
  running.rewrite(configuration(farSide.baseUrl));
  await until(async () => (await admin('config'))['accepted'] === true);
});

test('compressed bodies are understood', async () => {
  farSide.answer = (response) => json(response, 200, completion('Hi.'));
  const response = await ask(
    {},
    {
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(body()),
    },
  );
  assert.equal(response.status, 200);
});

for (const [name, sent, status] of [
  ['no JSON', 'hello', 400],
  ['no object', '[1]', 400],
  ['bad UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400],
  ['absurd nesting', `{"model":"m","messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400],
  ['a wrong type', body({ temperature: 'hot' }), 400],
  ['nothing', '', 400],
] as const) {
  test(`${name} is refused with a ${status} in the caller’s dialect`, async () => {
    const response = await ask({}, { body: sent });
    assert.equal(response.status, status);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    assert.equal(error['type'], 'invalid_request_error');
    assert.equal(typeof error['message'], 'string');
  });
}

for (const [name, head] of [
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
  ['a negative length', 'Content-Length: -1\r\n'],
] as const) {
  test(`a request with ${name} gets a 400 and its connection closed`, async () => {
    const { port, hostname } = new URL(running.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n${head}\r\nhello`);
    let text = '';
    for await (const bytes of socket) text += String(bytes);
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.match(text, /"error"/);
  });
}

test('two hundred clients at once all get their own answer', async () => {
  farSide.answer = (response, seen) => json(response, 200, completion(String(seen.body['user'])));
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      const answer = (await (await ask({ user: `u${at}` })).json()) as ReturnType<typeof completion>;
      return JSON.stringify(answer).includes(`"u${at}"`);
    }),
  );
  assert.ok(answers.every(Boolean));
});

test('five hundred clients that leave early leave nothing behind', async () => {
  farSide.answer = (response) => {
    beginStream(response);
    delta(response, 'On and on');
  };
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const abort = new AbortController();
        const response = await ask({ stream: true }, { signal: abort.signal });
        const reader = response.body?.getReader();
        if (at % 2 === 0) await reader?.read();
        abort.abort();
        await reader?.read().catch(() => {});
      }),
    );
  }
  await until(async () => (await gauge('exchanges_in_flight')) === 0);
  assert.equal(await gauge('target_in_flight'), 0);
  assert.equal(await gauge('body_bytes_in_flight'), 0);
  await Promise.all(farSide.seen.slice(-500).map((seen) => seen.aborted));
});
