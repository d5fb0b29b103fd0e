// `spillway diagnose` as an operator runs it: a real gateway, a modelled engine behind it, something wrong with one of them, and
// the command says what.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test, type TestContext } from 'node:test';
import type { Figures } from '../src/policy/diagnosis/figures.ts';
import type { Finding } from '../src/policy/diagnosis/finding.ts';
import { well } from '../src/wall/engine/ailment.ts';
import { type EngineWall, startEngineWall } from '../src/wall/engine/engine-wall.ts';
import { FarSide, json } from './support/far-side.ts';
import { runGateway } from './support/running.ts';

const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');

interface Told {
  readonly strained: boolean;
  readonly findings: readonly Finding[];
  readonly figures: Figures;
}

interface Scene {
  readonly wall: EngineWall;
  readonly url: string;
  /** Resolves with the statuses, when all have ended. */
  readonly ask: (
    count: number,
    question: string,
    more?: { readonly key?: string; readonly headers?: Record<string, string> },
  ) => Promise<number[]>;
  /** Past the gateway. */
  readonly askEngine: (count: number, question: string) => void;
  readonly diagnose: (seconds: number) => Promise<Told>;
}

async function scene(t: TestContext, capacity: number, upstream: string, more = ''): Promise<Scene> {
  const wall = await startEngineWall({
    host: '127.0.0.1',
    port: 0,
    capacity,
    manner: 'vllm',
    model: 'm',
    inFlightMax: null,
  });
  const running = await runGateway(
    `drainMs: 100\nstateDir: null\nupstreams:\n  gpu: { provider: vllm, baseUrl: '${wall.url}'${upstream} }\nmodels:\n  m: { targets: [gpu/m] }\n${more}`,
  );
  const left = new AbortController();
  t.after(async () => {
    left.abort();
    await wall.stop();
    await running.end();
  });
  const send = async (base: string, question: string, headers: Record<string, string>): Promise<number> => {
    const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: question }] });
    try {
      const answer = await fetch(`${base}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        signal: left.signal,
      });
      await answer.text();
      return answer.status;
    } catch {
      return 0;
    }
  };
  const many = (count: number, base: string, question: string, headers: Record<string, string>): Promise<number[]> =>
    Promise.all(Array.from({ length: count }, () => send(base, question, headers)));
  return {
    wall,
    url: running.url,
    ask: (count, question, { key, headers = {} } = {}) =>
      many(count, `${running.url}/v1`, question, { ...(key && { authorization: `Bearer ${key}` }), ...headers }),
    askEngine: (count, question) => void many(count, wall.url, question, {}),
    diagnose: (seconds) => diagnose('--url', running.url, '--seconds', String(seconds)),
  };
}

async function run(...args: readonly string[]): Promise<{ out: string; err: string; code: number }> {
  const command = spawn(process.execPath, [main, 'diagnose', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(command.stdout), text(command.stderr), once(command, 'close')]);
  return { out, err, code: code as number };
}

async function diagnose(...args: readonly string[]): Promise<Told> {
  const { out, err, code } = await run(...args, '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out) as Told;
}

const named = ({ findings }: Told): string[] => findings.map(({ cause, about }) => `${cause} ${about ?? ''}`.trim());

describe('diagnose names', { concurrency: 3, timeout: 60_000 }, () => {
  test('nothing, where all is well', async (t) => {
    const { ask, diagnose: look } = await scene(t, 1, '');
    const [told] = await Promise.all([look(2), ask(4, 'Answer with 10 tokens.')]);
    assert.deepEqual(named(told), [], JSON.stringify(told));
    assert.equal(told.strained, false);
  });

  test('a dead engine, with its faults', async (t) => {
    const { wall, ask, diagnose: look } = await scene(t, 1, '');
    await ask(2, 'Answer with 2 tokens.');
    wall.ail({ ...well, dead: true });
    const looking = look(3);
    await sleep(900);
    void ask(8, 'Answer with 2 tokens.');
    const told = await looking;
    assert.equal(named(told)[0], 'brokenUpstream gpu', JSON.stringify(told.findings));
  });

  test('an engine that has become slow, with what was usual', async (t) => {
    const { wall, ask, diagnose: look } = await scene(t, 1, '');
    for (let at = 0; at < 4; at++) await ask(2, 'Answer with 6 tokens.');
    wall.ail({ ...well, slow: 60 });
    const looking = look(9);
    await ask(2, 'Answer with 3 tokens.');
    const told = await looking;
    assert.ok(named(told).includes('slowUpstream gpu'), JSON.stringify(told));
    const evidence = told.findings.find(({ cause }) => cause === 'slowUpstream')?.evidence.join('; ');
    assert.match(evidence ?? '', /usually \d+ ms/);
  });

  test('an engine that others fill past the gateway', async (t) => {
    const { ask, askEngine, diagnose: look } = await scene(t, 0.1, '');
    askEngine(60, 'Answer with 400 tokens.');
    void ask(1, 'Answer with 2 tokens.');
    const told = await look(2);
    assert.equal(named(told)[0], 'saturated gpu', JSON.stringify(told));
    assert.ok((told.figures.upstreams[0]?.engine?.waiting ?? 0) > 10);
  });

  test("a provider's limit, refused sends", async (t) => {
    const { wall, ask, diagnose: look } = await scene(t, 1, '');
    wall.ail({ ...well, refuse: 429 });
    const looking = look(3);
    await sleep(900);
    await ask(6, 'Answer with 2 tokens.');
    assert.ok(named(await looking).includes('upstreamLimit gpu'));
  });

  test('a key whose limit is too low while there is room', async (t) => {
    const keys = 'keys:\n  - { key: k-app, name: app, limits: { requestsPerMinute: 3 } }\n';
    const { ask, diagnose: look } = await scene(t, 1, '', keys);
    const looking = look(3);
    await sleep(900);
    const statuses = await ask(12, 'Answer with 2 tokens.', { key: 'k-app' });
    assert.ok(statuses.includes(429) && statuses.includes(200), statuses.join(' '));
    const told = await looking;
    assert.equal(named(told)[0], 'ownLimits app', JSON.stringify(told));
  });

  test('our own maxConcurrent, where the engine could do more', async (t) => {
    const { ask, diagnose: look } = await scene(t, 1, ', maxConcurrent: 1');
    void ask(12, 'Answer with 150 tokens.');
    const told = await look(2);
    assert.equal(named(told)[0], 'ownLimits gpu', JSON.stringify(told));
  });

  test('the one caller who asks for most of it, and nobody else', async (t) => {
    const keys = ['greedy', 'a', 'b', 'c'].map((name) => `  - { key: k-${name}, name: ${name} }`).join('\n');
    const { ask, diagnose: look } = await scene(t, 0.05, ', maxConcurrent: 3', `keys:\n${keys}\n`);
    await Promise.all([
      ask(14, 'Answer with 3 tokens.', { key: 'k-greedy' }),
      ...['a', 'b', 'c'].map((name) => ask(1, 'Answer with 3 tokens.', { key: `k-${name}` })),
    ]);
    void ask(30, 'Answer with 100 tokens.', { key: 'k-greedy' });
    const told = await look(2);
    assert.ok(named(told).includes('noisyTenant greedy'), JSON.stringify(told));
  });

  test("clients' own retries", async (t) => {
    const { ask, diagnose: look } = await scene(t, 1, '');
    const again = { headers: { 'x-stainless-retry-count': '1' } };
    await Promise.all([ask(3, 'Answer with 2 tokens.'), ask(3, 'Answer with 2 tokens.', again)]);
    assert.ok(named(await look(1)).includes('retries clients'));
  });

  test('a credential that is refused', async (t) => {
    const provider = await FarSide.start();
    provider.answer = (response) =>
      json(response, 401, { error: { message: 'Invalid key', type: 'authentication_error' } });
    const running = await runGateway(
      `stateDir: null\nupstreams:\n  api: { provider: openai-compatible, baseUrl: '${provider.baseUrl}', apiKey: old }\nmodels:\n  m: { targets: [api/m] }\n`,
    );
    t.after(async () => {
      await running.end();
      await provider.stop();
    });
    const looking = diagnose('--url', running.url, '--seconds', '3');
    await sleep(900);
    const answer = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
    });
    assert.equal(answer.status, 502);
    const told = await looking;
    assert.equal(named(told)[0], 'deadCredential api', JSON.stringify(told));
    assert.equal(told.findings[0]?.evidence[0], '1 of 1 credentials of api rest');
  });

  test('in words for people, with what helps', async (t) => {
    const { ask, url } = await scene(t, 1, ', maxConcurrent: 1');
    void ask(12, 'Answer with 150 tokens.');
    const { out, err, code } = await run('--url', `${url}/v1`, '--seconds', '1');
    assert.equal(code, 0, err);
    assert.match(out, /^1\. Our own limits are too low \(gpu\)\n {5}gpu has 1 in flight, and `maxConcurrent` is 1\n/);
    assert.match(out, / → Raise `upstreams\.gpu\.maxConcurrent`/);
    assert.match(out, /\d+ requests ended in \d+ s, .* waiting for room\.\n$/);
  });
});

test('where no gateway is, diagnose says so; what it cannot understand it refuses', async () => {
  const nobody = await run('--url', 'http://127.0.0.1:9');
  assert.deepEqual([nobody.code, nobody.out], [1, '']);
  assert.match(nobody.err, /no Spillway answers at http:\/\/127\.0\.0\.1:9\/metrics/);
  assert.equal((await run('--seconds', 'soon')).code, 2);
});
