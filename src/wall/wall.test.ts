// The wall on the raw wire: what a client's socket gets, what the log says of it, and that nothing stays behind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { behaviours, findBehaviour, usableName } from './behaviours.ts';
import { firstHalf, healthyCall, healthyReasoning, healthyText, pieces } from './known-text.ts';
import { wallPage } from './page.ts';
import { startWall } from './wall.ts';
import type { Wall } from './wall.ts';

let wall: Wall;
before(async () => {
  wall = await startWall({ host: '127.0.0.1', port: 0 });
});
after(() => wall.stop());
beforeEach(() => wall.reset());

interface Got {
  /** Everything the socket got. */
  readonly raw: string;
  readonly status: number | null;
  readonly head: string;
  /** The body, its transfer coding taken off. */
  readonly body: string;
  /** The chunks of the transfer coding, as they came. */
  readonly chunks: readonly Buffer[];
  readonly reset: boolean;
}

interface Wish {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stream?: boolean;
  readonly body?: object;
  /** Leaves once this much was got, or after this time. */
  readonly leaveAfterMs?: number;
}

const user = { role: 'user', content: 'Hello' };

function ask(model: string, wish: Wish = {}): Promise<Got> {
  const body = JSON.stringify({ model, stream: wish.stream ?? false, messages: [user], ...wish.body });
  const headers = Object.entries({ ...wish.headers, 'content-length': String(Buffer.byteLength(body)) });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const path = wish.path ?? '/v1/chat/completions';
  return send(`POST ${path} HTTP/1.1\r\nhost: wall\r\nconnection: close\r\n${lines}\r\n${body}`, wish.leaveAfterMs);
}

function send(text: string, leaveAfterMs?: number): Promise<Got> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(wall.url).port), '127.0.0.1');
    const got: Buffer[] = [];
    let reset = false;
    socket.on('data', (chunk) => got.push(chunk));
    socket.on('error', () => (reset = true));
    socket.on('close', () => resolve(understand(Buffer.concat(got), reset)));
    socket.write(text);
    if (leaveAfterMs !== undefined) setTimeout(() => socket.destroy(), leaveAfterMs);
  });
}

function understand(all: Buffer, reset: boolean): Got {
  const split = all.indexOf('\r\n\r\n');
  const head = all.subarray(0, Math.max(0, split)).toString();
  const rest = all.subarray(split + 4);
  const chunks = /transfer-encoding: chunked/i.test(head) ? unchunk(rest) : [rest];
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1];
  return {
    raw: all.toString(),
    status: status === undefined ? null : Number(status),
    head,
    body: Buffer.concat(chunks).toString(),
    chunks,
    reset,
  };
}

function unchunk(rest: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < rest.length;) {
    const line = rest.indexOf('\r\n', at);
    const size = Number.parseInt(rest.subarray(at, line).toString(), 16);
    if (!(size > 0)) break;
    chunks.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return chunks;
}

interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[];
}

interface Heard {
  readonly text: string;
  readonly thought: string;
  readonly args: string;
  readonly finish: string | null;
  readonly done: boolean;
  readonly errors: number;
  readonly broken: number;
  readonly usages: readonly Record<string, number>[];
  readonly deltas: readonly string[];
}

function hear(body: string): Heard {
  const data = body.split(/\r\n|\r|\n/).flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
  const heard = { text: '', thought: '', args: '', finish: null as string | null, errors: 0, broken: 0 };
  const usages: Record<string, number>[] = [];
  const deltas: string[] = [];
  for (const text of data.filter((line) => line !== '[DONE]')) {
    const event = parse(text);
    if (event === null) heard.broken++;
    if (event?.error !== undefined) heard.errors++;
    if (event?.usage) usages.push(event.usage);
    const choice = event?.choices?.[0];
    if (choice === undefined) continue;
    const said = choice.text ?? choice.delta?.content ?? '';
    if (said !== '') deltas.push(said);
    heard.text += said;
    heard.thought += choice.delta?.reasoning_content ?? '';
    heard.args += choice.delta?.tool_calls?.[0]?.function.arguments ?? '';
    heard.finish = choice.finish_reason ?? heard.finish;
  }
  return { ...heard, done: data.at(-1) === '[DONE]', usages, deltas };
}

interface Event {
  readonly error?: object;
  readonly usage?: Record<string, number> | null;
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: Delta;
    readonly message?: { readonly content: string | null; readonly tool_calls?: readonly { function: object }[] };
    readonly finish_reason: string | null;
  }[];
}

function parse(text: string): Event | null {
  try {
    return JSON.parse(text) as Event;
  } catch {
    return null;
  }
}

const streamed = async (model: string, wish: Wish = {}): Promise<Heard & { got: Got }> => {
  const got = await ask(model, { ...wish, stream: true });
  return { ...hear(got.body), got };
};
const content = (got: Got): string | null | undefined => parse(got.body)?.choices?.[0]?.message?.content;
const half = firstHalf(healthyText);

test('a healthy answer is the known text, stream and not, at every path', async () => {
  for (const path of ['/v1/chat/completions', '/beta/chat/completions', '/v1/beta/chat/completions']) {
    const heard = await streamed('healthy', { path });
    assert.deepEqual([heard.text, heard.finish, heard.done, heard.got.reset], [healthyText, 'stop', true, false]);
    assert.ok(heard.deltas.every((delta) => delta.isWellFormed() && Array.from(delta).length <= 8));
    assert.equal(content(await ask('healthy', { path })), healthyText);
  }
  const text = await streamed('healthy', { path: '/v1/completions' });
  assert.equal(text.text, healthyText);
  const body = await ask('healthy', { path: '/v1/completions' });
  assert.equal(parse(body.body)?.choices?.[0]?.text, healthyText);
  const vectors = await ask('healthy', {
    path: '/v1/embeddings',
    body: { input: ['a', 'b'], encoding_format: 'base64' },
  });
  const { data } = JSON.parse(vectors.body) as { data: { embedding: string }[] };
  assert.deepEqual(
    data.map(({ embedding }) => Buffer.from(embedding, 'base64').readFloatLE(4)),
    [-0.5, -0.5],
  );
});

test('these are whole streams, whatever their manners', async () => {
  const names = [
    'line-endings-cr',
    'line-endings-crlf',
    'byte-by-byte',
    'usage-none',
    'giant-event',
    'slow-first-token-1',
  ];
  const all = await Promise.all(names.map((name) => streamed(`openai/${name}`)));
  for (const [at, heard] of all.entries())
    assert.deepEqual([heard.text, heard.finish, heard.done], [healthyText, 'stop', true], names[at]);
  assert.ok(!all[0]?.got.body.includes('\n'));
  assert.ok(all[1]?.got.body.includes('\r\n\r\n'));
  assert.ok(all[2]?.got.chunks.every(({ length }) => length === 1));
  assert.ok((all[4]?.got.body.length ?? 0) > 8 * 1024 * 1024);
});

const counts = async (name: string, body = {}): Promise<(number | undefined)[]> =>
  (await streamed(name, { body })).usages.map((usage) => usage['completion_tokens']);

test('usage stands where the name says', async () => {
  const tokens = pieces(healthyText).length;
  assert.deepEqual(await counts('healthy'), []);
  assert.deepEqual(await counts('healthy', { stream_options: { include_usage: true } }), [tokens]);
  assert.deepEqual(await counts('usage-on-finish'), [tokens]);
  assert.deepEqual(await counts('usage-own-event'), [tokens]);
  assert.equal((await counts('usage-everywhere')).length, tokens + 3);
  assert.deepEqual(await counts('usage-none', { stream_options: { include_usage: true } }), []);
  assert.equal(parse((await ask('usage-none')).body)?.usage, undefined);
});

const saidSoFar = (text: string): object => ({
  messages: [user, { role: 'assistant', content: text, prefix: true }],
});

test('a prefix of the known text is continued from the very letter, else the whole text comes', async () => {
  const letters = Array.from(healthyText);
  const cuts = [0, 1, 47, 49, 50, letters.length - 1, letters.length];
  await Promise.all(
    cuts.map(async (at) => {
      const prefix = letters.slice(0, at).join('');
      const heard = await streamed('healthy', { body: saidSoFar(prefix) });
      assert.equal(prefix + heard.text, healthyText);
      assert.equal(prefix + content(await ask('healthy', { body: saidSoFar(prefix) })), healthyText);
    }),
  );
  assert.deepEqual(new Set(wall.log.map(({ note }) => note)), new Set(['continued from the prefix']));
  wall.reset();
  assert.equal((await streamed('healthy', { body: saidSoFar('Something else') })).text, healthyText);
  assert.deepEqual(
    [wall.log[0]?.note, wall.log[0]?.prefix],
    ['prefix is not of the known text: whole text', 'Something else'],
  );
  assert.equal((await streamed('echoes-prefix', { body: saidSoFar(half) })).text, healthyText);
  assert.equal((await streamed('ignores-prefix', { body: saidSoFar('A') })).text, healthyText);
  const rejected = await ask('rejects-prefix', { body: saidSoFar(half) });
  assert.equal(rejected.status, 400);
  assert.match(rejected.body, /"This model does not support assistant message prefill\./);
  assert.equal(content(await ask('rejects-prefix')), healthyText);
});

test('refusals have their status, and once is once for a caller and a name', async () => {
  const statuses = {
    'rate-limit-for-ever': 429,
    'fail-503-for-ever': 503,
    'no-balance-402': 402,
    'bad-key-401': 401,
    'forbidden-model-403': 403,
    'context-too-long': 400,
    'content-filter': 400,
    'flat-error': 503,
    'string-error': 429,
    'html-502': 502,
  };
  for (const [name, status] of Object.entries(statuses))
    for (const stream of [true, false, true]) assert.equal((await ask(name, { stream })).status, status, name);
  const first = await ask('rate-limit-once-seconds');
  assert.match(first.head, /^retry-after: 1\r?$/m);
  const date = await ask('rate-limit-once-date');
  const [sent, until] = [/^date: (.*)$/im, /^retry-after: (.*)$/im].map((line) =>
    Date.parse(line.exec(date.head)?.[1] ?? ''),
  );
  assert.equal((until ?? 0) - (sent ?? 0), 1_000);
  assert.match((await ask('rate-limit-once-ms')).head, /^retry-after-ms: 1000/m);
  assert.match((await ask('rate-limit-once-reset-header')).head, /^x-ratelimit-reset-requests: 1s/m);
  assert.equal((await ask('rate-limit-once-seconds')).status, 200);

  const status = async (model: string, headers: Record<string, string> = {}): Promise<number | null> =>
    (await ask(model, { headers })).status;
  assert.deepEqual([await status('fail-500-once'), await status('fail-500-once')], [500, 200]);
  assert.equal(await status('a/fail-500-once'), 500, 'another name');
  assert.equal(await status('fail-500-once', { authorization: 'Bearer x' }), 500, 'another caller');
  assert.equal(await status('fail-500-once', { authorization: 'Bearer x' }), 200);
  assert.equal(await status('fail-500-once', { authorization: 'Bearer x', 'x-wall-key': 'k' }), 500);
  assert.equal(await status('fail-500-once', { authorization: 'Bearer y', 'x-wall-key': 'k' }), 200);
  wall.reset();
  assert.equal(await status('fail-500-once'), 500, 'forgotten');
});

test('flapping is down, up, and down again', async () => {
  assert.equal((await ask('flapping-0.2-0.3')).status, 503);
  await sleep(260);
  assert.equal((await ask('flapping-0.2-0.3')).status, 200);
  await sleep(300);
  assert.equal((await ask('flapping-0.2-0.3')).status, 503);
});

test('cuts stop in the middle of the text', async () => {
  const [cut, clean, noDone, thinking, thought, call] = await Promise.all([
    streamed('cut'),
    streamed('cut-clean'),
    streamed('no-done'),
    streamed('reasoning-cut'),
    streamed('reasoning-then-cut'),
    streamed('tool-call-cut'),
  ]);
  assert.deepEqual([cut.text, cut.finish, cut.done, cut.got.reset], [half, null, false, true]);
  assert.deepEqual([clean.text, clean.finish, clean.done, clean.got.reset], [half, null, false, false]);
  assert.ok(clean.got.raw.endsWith('\r\n0\r\n\r\n'), 'a clean end of the transfer');
  assert.deepEqual([noDone.text, noDone.finish, noDone.done], [healthyText, 'stop', false]);
  assert.deepEqual([thinking.thought, thinking.text, thinking.got.reset], [firstHalf(healthyReasoning), '', true]);
  assert.deepEqual([thought.thought, thought.text, thought.got.reset], [healthyReasoning, half, true]);
  assert.deepEqual([call.args, call.finish, call.got.reset], [firstHalf(healthyCall.arguments), null, true]);
  for (const name of ['cut', 'tool-call-cut', 'reasoning-cut']) {
    const body = await ask(name);
    assert.deepEqual([body.status, body.reset, parse(body.body)], [200, true, null], name);
    assert.ok(body.body.length > 0);
  }
  const halfBody = await ask('cut-clean');
  assert.deepEqual([halfBody.reset, parse(halfBody.body)], [false, null]);
  assert.deepEqual([(await streamed('cut-once')).text, (await streamed('cut-once')).text], [half, healthyText]);
  assert.ok(
    wall.log.every(({ aborted }) => !aborted),
    'the wall broke off, not the client',
  );
});

test('answers that go wrong do so in the way they say', async () => {
  const malformed = await streamed('malformed-event');
  assert.deepEqual([malformed.broken, malformed.finish, malformed.done], [1, 'stop', true]);
  assert.ok(malformed.text.length < healthyText.length && malformed.text.startsWith(half));
  assert.equal(parse((await ask('malformed-event')).body), null);
  const early = await streamed('error-in-band');
  assert.deepEqual([early.text, early.errors, early.done], ['', 1, false]);
  const late = await streamed('error-in-band-late');
  assert.deepEqual([late.text, late.errors, late.done], [half, 1, false]);
  assert.ok('error' in (parse((await ask('error-in-band')).body) ?? {}));
  const finishes = {
    'no-resources': ['', 'insufficient_system_resource'],
    'no-resources-late': [half, 'insufficient_system_resource'],
    empty: ['', 'stop'],
    'content-filter-finish': [half, 'content_filter'],
  };
  for (const [name, expected] of Object.entries(finishes)) {
    const heard = await streamed(name);
    assert.deepEqual([heard.text, heard.finish], expected, name);
    const choice = parse((await ask(name)).body)?.choices?.[0];
    assert.deepEqual([choice?.message?.content, choice?.finish_reason], expected, name);
  }
  const giant = await streamed('giant-event-late');
  assert.equal(giant.text, healthyText);
  assert.ok((await ask('giant-event')).body.length > 8 * 1024 * 1024);
});

test('thoughts and calls come whole', async () => {
  const thought = await streamed('reasoning');
  assert.deepEqual([thought.thought, thought.text], [healthyReasoning, healthyText]);
  const call = await streamed('tool-call');
  assert.deepEqual([call.args, call.finish], [healthyCall.arguments, 'tool_calls']);
  const whole = parse((await ask('tool-call')).body)?.choices?.[0];
  assert.deepEqual(whole?.message?.tool_calls?.[0]?.function, healthyCall);
});

test('waiting signs come before an answer or before nothing', async () => {
  const [stream, body, nothing, noBody] = await Promise.all([
    streamed('keep-alive-then-answer'),
    ask('keep-alive-then-answer'),
    streamed('keep-alive-then-empty'),
    ask('keep-alive-then-empty'),
  ]);
  assert.match(stream.got.body, /^: keep-alive\n\n/);
  assert.equal(stream.text, healthyText);
  assert.match(body.body, /^\n\n\n\n\n\{/);
  assert.equal(content(body), healthyText);
  assert.deepEqual([nothing.got.body.includes('data:'), noBody.body.trim()], [false, '']);
});

test('silence, stalls and resets: the log says who left, and nothing goes on behind them', async () => {
  const reset = await ask('reset-before-head');
  assert.deepEqual([reset.raw, reset.reset], ['', true]);
  const [silence, stall] = await Promise.all([
    ask('silence', { leaveAfterMs: 100 }),
    streamed('stall', { leaveAfterMs: 1_300 }),
    ask('stall', { leaveAfterMs: 100 }),
    streamed('slow-first-token', { leaveAfterMs: 50 }),
    streamed('giant-event', { leaveAfterMs: 10 }),
  ]);
  await sleep(50);
  assert.equal(silence.raw, '');
  assert.equal(stall.text, half);
  assert.match(stall.got.body, /: keep-alive\n\n$/);
  const said = new Map(wall.log.map(({ model, stream, ...entry }) => [`${model} ${stream}`, entry]));
  assert.deepEqual(
    [said.get('reset-before-head false')?.aborted, said.get('reset-before-head false')?.status],
    [false, null],
  );
  assert.deepEqual([said.get('silence false')?.aborted, said.get('silence false')?.status], [true, null]);
  for (const name of ['stall true', 'stall false', 'slow-first-token true']) {
    assert.deepEqual([said.get(name)?.aborted, said.get(name)?.status], [true, 200], name);
    assert.ok((said.get(name)?.tookMs ?? 0) > 20, name);
  }
});

test('the log tells every attempt and never a credential; DELETE empties it', async () => {
  const base = wall.url.replace(/\/v1$/, '');
  const got = await ask('x/bad-key-401', { stream: true, headers: { authorization: 'Bearer sk-secret' } });
  assert.equal(got.status, 401);
  const text = await (await fetch(`${base}/log`)).text();
  assert.ok(!text.includes('secret'));
  const [entry] = JSON.parse(text) as Record<string, unknown>[];
  assert.deepEqual(
    [entry?.['model'], entry?.['stream'], entry?.['status'], entry?.['path'], entry?.['number']],
    ['x/bad-key-401', true, 401, '/v1/chat/completions', 1],
  );
  assert.match(String(entry?.['authorization']), /^[0-9a-f]{12}$/);
  assert.ok(Number(entry?.['bodyBytes']) > 50 && Number(entry?.['at']) > 1_700_000_000_000);
  await fetch(`${base}/log`, { method: 'DELETE' });
  assert.deepEqual(wall.log, []);
  assert.equal((await fetch(`${base}/health`)).status, 200);
});

test('every behaviour is a model, and every name finds its behaviour', async () => {
  const { data } = (await (await fetch(`${wall.url}/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id),
    behaviours.map(usableName),
  );
  for (const behaviour of behaviours)
    for (const free of ['', 'a/b:', 'openai/']) {
      assert.equal(findBehaviour(free + usableName(behaviour))?.behaviour, behaviour);
      assert.match(usableName(behaviour), /^[a-z][a-z0-9.-]*$/);
    }
  assert.equal(new Set(behaviours.map(({ name }) => name)).size, behaviours.length);
  assert.equal((await ask('no-such')).status, 404);
  assert.equal(findBehaviour('flapping-<down s>-<up s>'), null);
});

const signed = (signature: string): object => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20260102/eu/bedrock/aws4_request, Signature=${signature}`,
});

test('each path speaks its dialect, and a credential counts whatever header it comes in', async () => {
  const asked = async (path: string, headers = {}, model = 'fail-500-once'): Promise<[number | null, string]> => {
    const { status, body } = await ask(model, { path, headers });
    return [status, body];
  };
  const own = /^\{"type":"error","error":\{"type":"api_error"/;
  for (const path of ['/v1/messages', '/anthropic/v1/messages']) {
    wall.reset();
    for (const headers of [{ 'x-api-key': 'a' }, { 'x-api-key': 'b' }, { authorization: 'Bearer c' }]) {
      const [status, body] = await asked(path, headers);
      assert.equal(status, 500);
      assert.match(body, own);
      assert.equal((await asked(path, headers))[0], 200);
    }
    assert.equal(new Set(wall.log.map(({ authorization }) => authorization)).size, 3);
    assert.match((await asked(path, {}, 'no-such'))[1], /"not_found_error"/);
  }
  for (const path of ['/v1/responses', '/responses'])
    assert.match((await asked(path, {}, 'healthy'))[1], /"object":"response"/);
  const converse = '/model/us.x%2Fa%3Afail-500-once/converse';
  assert.deepEqual(await asked(converse, signed('1')), [500, '{"message":"The server had an error"}']);
  const again = await ask('ignored', { path: `${converse}-stream`, headers: { ...signed('2') } });
  assert.match(again.head, /^content-type: application\/vnd\.amazon\.eventstream\r?$/m);
  assert.deepEqual(
    wall.log.slice(-2).map(({ model, stream }) => [model, stream]),
    [
      ['us.x/a:fail-500-once', false],
      ['us.x/a:fail-500-once', true],
    ],
  );
  const elsewhere = await ask('', { path: '/model/line-endings-cr/converse' });
  assert.deepEqual([elsewhere.status, /in the dialect converse/.test(elsewhere.body)], [400, true]);
  assert.equal((await ask('', { path: '/model/%zz/converse' })).status, 400);
  assert.deepEqual(
    (await ask('healthy', { path: '/v1/messages/count_tokens' })).body.match(/^\{"input_tokens":\d+\}$/)?.length,
    1,
  );
});

const post = (body: string): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

test('abuse is refused, and the wall stands', async () => {
  assert.equal((await send(post('{"model"'))).status, 400);
  assert.equal((await send(post('['.repeat(100_000)))).status, 400);
  assert.equal((await send(post('{"model":3,"messages":"x"}'))).status, 404);
  assert.equal((await send('nonsense\r\n\r\n')).status, null);
  assert.equal((await send('GET /v1/chat/completions HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n')).status, 405);
  assert.equal((await send('GET /../etc HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n')).status, 404);
  await send(post('{"model":"healthy"}').slice(0, -3), 20);
  assert.equal(content(await ask('healthy')), healthyText);
});

test('stop ends what is under way, and the port is free again', async () => {
  const other = await startWall({ host: '127.0.0.1', port: 0 });
  const hanging = fetch(`${other.url}/chat/completions`, { method: 'POST', body: '{"model":"silence"}' });
  while (other.log.length === 0) await sleep(5);
  await Promise.all([other.stop(), assert.rejects(hanging)]);
  assert.equal(other.log[0]?.aborted, true);
  const again = await startWall({ host: '127.0.0.1', port: Number(new URL(other.url).port) });
  await again.stop();
});

test('docs/wall.md is what the behaviours say', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/wall.md'), 'utf8');
  assert.equal(page, wallPage(), 'run: node bin/spillway.js wall --markdown > docs/wall.md');
});
