// `spillway cache` against a real gateway and a real Redis: what it fills is given, what it purges is not.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { completion, FarSide, json } from './support/far-side.ts';
import { freePort } from '../scripts/free-port.ts';
import { RedisServer, until } from './support/redis.ts';
import { type Running, runGateway } from './support/running.ts';

const main = join(import.meta.dirname, '../src/cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'spillway-cache-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const spillway = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [main, 'cache', ...args], { cwd: folder, env: {} }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

const requestOf = (content: string) => ({ model: 'm', temperature: 0, messages: [{ role: 'user', content }] });
const save = (name: string, lines: readonly unknown[]): string => {
  writeFileSync(join(folder, name), lines.map((line) => JSON.stringify(line)).join('\n'));
  return name;
};

let farSide: FarSide;
before(async () => {
  farSide = await FarSide.start();
});
after(() => farSide.stop());
beforeEach(() => {
  farSide.answer = (response) => json(response, 200, completion('Made.'));
  farSide.seen.length = 0;
});

const models = (): string => `
upstreams: { far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', apiKey: far-secret } }
models:
  m: { targets: [far/m], cache: { ttlSeconds: 600 } }
  public: { targets: [far/p], cache: { scope: public, saveRequests: true } }
  plain: { targets: [far/q] }
keys: [{ key: sk-one, name: one }, { key: sk-two, name: two }]
signing: { payer: one, keys: [{ id: a, secret: ${'s'.repeat(40)} }] }
`;

async function ask(gateway: Running, content: string, key = 'sk-one', more = {}): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ ...requestOf(content), ...more }),
  });
  const { choices } = (await response.json()) as { choices?: [{ message: { content: string } }] };
  return `${response.headers.get('x-spillway-cache')}: ${choices?.[0].message.content}`;
}

describe('with a Redis', () => {
  let redis: RedisServer;
  let gateway: Running;
  before(async () => {
    redis = await RedisServer.start();
    gateway = await runGateway(`redis: { url: '${redis.url}', timeoutMs: 500 }\n${models()}`);
  });
  after(async () => {
    await gateway.end();
    await redis.stop();
  });

  test(
    'a hundred thousand pairs are in Redis in seconds, and the gateway gives each',
    { timeout: 110_000 },
    async () => {
      const file = createWriteStream(join(folder, 'pairs.jsonl'));
      for (let at = 0; at < 100_000; at++) {
        const pair = { key: 'one', request: requestOf(`question ${at}`), answer: completion(`Answer ${at}.`) };
        if (!file.write(`${JSON.stringify(pair)}\n`)) await once(file, 'drain');
      }
      file.end();
      await once(file, 'close');
      const { code, out, err } = await spillway('warm', 'pairs.jsonl', '--config', gateway.file);
      assert.equal(code, 0, err);
      assert.match(out, /^100000 of 100000 pairs kept \(redis 127\.0\.0\.1:\d+\)\n$/);
      await until(async () => (await ask(gateway, 'question 0')) === 'hit: Answer 0.');
      for (let at = 1; at < 100_000; at += 7_919) {
        assert.equal(await ask(gateway, `question ${at}`), `hit: Answer ${at}.`);
      }
      assert.equal(await ask(gateway, 'question 5', 'sk-two'), 'miss: Made.', 'they are one tenant’s');
    },
  );

  test('what one tenant was answered, or a name space holds, is purged in Redis and at the gateway', async () => {
    const inB = { cache: { namespace: 'b' } };
    await ask(gateway, 'purged', 'sk-one');
    await ask(gateway, 'purged', 'sk-two');
    await ask(gateway, 'purged', 'sk-two', inB);
    assert.equal(await ask(gateway, 'purged', 'sk-one'), 'hit: Made.');
    const done = await spillway('purge', '--tenant', 'one', '--config', gateway.file);
    assert.deepEqual([done.code, done.out], [0, 'purged in Redis, and told to every gateway\n']);
    farSide.answer = (response) => json(response, 200, completion('Anew.'));
    await until(async () => (await ask(gateway, 'purged', 'sk-one')).endsWith('Anew.'), 1_000);
    assert.equal(await ask(gateway, 'purged', 'sk-two'), 'hit: Made.');
    assert.equal((await spillway('purge', '--namespace', 'b', '--config', gateway.file)).code, 0);
    await until(async () => (await ask(gateway, 'purged', 'sk-two', inB)).endsWith('Anew.'), 1_000);
    assert.equal(await ask(gateway, 'purged', 'sk-two'), 'hit: Made.');
    assert.equal((await spillway('purge', '--all', '--config', gateway.file)).code, 0);
    await until(async () => (await ask(gateway, 'purged', 'sk-two')).endsWith('Anew.'), 1_000);
  });

  test('a Redis that cannot be reached is said so', async () => {
    const port = await freePort();
    writeFileSync(join(folder, 'dead.yaml'), `redis: { url: 'redis://127.0.0.1:${port}' }\n${models()}`);
    const file = save('one.jsonl', [{ key: 'one', request: requestOf('x'), answer: completion('x') }]);
    const { code, err } = await spillway('warm', file, '--config', 'dead.yaml');
    assert.equal(code, 1);
    assert.match(err, /^spillway: Redis cannot be reached: /);
  });
});

describe('without', () => {
  let gateway: Running;
  before(async () => {
    gateway = await runGateway(models());
  });
  after(() => gateway.end());
  const where = (): string[] => ['--url', gateway.url];

  test('pairs are kept in the gateway’s memory, and what is wrong with a line is said, with its number', async () => {
    const lines = [
      { key: 'two', request: requestOf('filled'), answer: completion('Filled.') },
      { key: 'nobody', request: requestOf('secret'), answer: completion('x') },
      { model: 'm' },
    ];
    const { code, out, err } = await spillway('warm', save('few.jsonl', lines), ...where());
    assert.deepEqual([code, out], [1, `1 of 2 pairs kept (${gateway.url})\n`]);
    assert.match(err, /^line 2 is for a key that is not configured$/m);
    assert.match(err, /^line 3 has a request without/m);
    assert.doesNotMatch(err, /secret/);
    assert.equal(await ask(gateway, 'filled', 'sk-two'), 'hit: Filled.');
  });

  test('requests are asked through the gateway, at the rate, and then are there', async () => {
    const lines = Array.from({ length: 6 }, (_, at) => requestOf(`asked ${at}`));
    const others = [
      { key: 'two', body: requestOf('two’s'), url: '/v1/chat/completions' },
      { ...requestOf('hot'), temperature: 1 },
    ];
    const keys = ['--key', 'sk-one', '--key', 'two=sk-two'];
    const began = performance.now();
    const args = ['warm', save('ask.jsonl', [...lines, ...others]), ...where(), ...keys, '--rate', '20'];
    const { code, out, err } = await spillway(...args);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^8 requests: 7 made and kept, 0 there already, 1 answered but not kept$/m);
    assert.ok(performance.now() - began > 7 * 50);
    const again = await spillway('warm', 'ask.jsonl', ...where(), ...keys, '--rate', '1000');
    assert.match(again.out, /^8 requests: 0 made and kept, 7 there already, 1 answered but not kept$/m);
    assert.equal(await ask(gateway, 'two’s', 'sk-two'), 'hit: Made.');
    const keyless = await spillway('warm', 'ask.jsonl', ...where());
    assert.equal(keyless.code, 1);
    assert.match(keyless.err, /line 1 was answered with 401[^]*line 7 is for a key that was not given/);
  });

  test('a refusal that passes is waited for', async () => {
    farSide.answer = (response) =>
      farSide.seen.length === 1
        ? json(response, 429, { error: { message: 'slow down' } }, { 'retry-after-ms': '20' })
        : json(response, 200, completion('At last.'));
    const { code, out } = await spillway(
      'warm',
      save('busy.jsonl', [requestOf('busy')]),
      ...where(),
      '--key',
      'sk-one',
    );
    assert.deepEqual([code, out.split(':')[0]], [0, '1 requests']);
    assert.equal(await ask(gateway, 'busy'), 'hit: At last.');
  });

  test('what was asked most is shown by hashes, and saved in words where the model says so', async () => {
    await ask(gateway, 'very private', 'sk-one');
    await ask(gateway, 'well known', 'sk-one', { model: 'public' });
    await ask(gateway, 'well known', 'sk-two', { model: 'public' });
    const { code, out, err } = await spillway('top', ...where(), '--save', 'top.jsonl');
    assert.equal(code, 0);
    assert.match(out, /^question +model +key +hits +misses +tokens +worth$/m);
    assert.match(out, /^[0-9a-f]{16} +public +one +1 +1 +7 +14$/m);
    assert.doesNotMatch(out, /private|known/);
    assert.match(err, /^1 requests saved to top\.jsonl; of the others no words are remembered/m);
    assert.match(readFileSync(join(folder, 'top.jsonl'), 'utf8'), /well known/);
    assert.equal(statSync(join(folder, 'top.jsonl')).mode & 0o077, 0, 'for nobody else to read');
    const [first] = JSON.parse((await spillway('top', ...where(), '--json')).out) as { key: string }[];
    assert.match(first?.key ?? '', /^[0-9a-f]{64}$/);
    assert.equal((await spillway('warm', 'top.jsonl', ...where(), '--key', 'one=sk-one')).code, 0);
  });

  test('a purge through the gateway, and what it needs', async () => {
    assert.equal(await ask(gateway, 'gone', 'sk-one'), 'miss: Made.');
    assert.equal((await spillway('purge', '--model', 'm', ...where())).code, 0);
    assert.equal(await ask(gateway, 'gone', 'sk-one'), 'miss: Made.');
    const nobody = await spillway('purge', '--tenant', 'nobody', ...where());
    assert.match(nobody.err, /says 400: No key has the name `nobody`/);
    for (const args of [[], ['--all', '--model', 'm']]) {
      assert.equal((await spillway('purge', ...args, ...where())).code, 2);
    }
    const port = await freePort();
    const dead = await spillway('purge', '--all', '--url', `http://127.0.0.1:${port}`);
    assert.deepEqual([dead.code, /cannot be reached/.test(dead.err)], [1, true]);
  });

  test('a request is signed without a gateway, and served by it', async () => {
    save('public.json', [{ ...requestOf('signed'), model: 'public' }]);
    const { code, out } = await spillway('sign', 'public.json', '--config', gateway.file, '--url', gateway.url);
    assert.equal(code, 0);
    const response = await fetch(out.trim());
    assert.equal(response.status, 200);
    assert.match(response.headers.get('cache-control') ?? '', /^public, .*s-maxage=/);
    save('private.json', [requestOf('signed')]);
    const refused = await spillway('sign', 'private.json', '--config', gateway.file);
    assert.match(refused.err, /`cache.scope` is not public/);
  });

  test('a file that cannot be read, and numbers out of bounds, are refused at once', async () => {
    assert.deepEqual(
      [
        (await spillway('warm', 'absent.jsonl', ...where())).code,
        (await spillway('warm', 'few.jsonl', ...where(), '--rate', '0')).code,
        (await spillway('top', ...where(), '--count', '0')).code,
      ],
      [2, 2, 2],
    );
  });
});
