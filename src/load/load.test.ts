// The whole load generator over real sockets against far sides that are known to the last answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { lanes } from '../kernel/lane.ts';
import { expectations, type Wish } from '../sim/workload.ts';
import { startEngineWall } from '../wall/engine/engine-wall.ts';
import { startLoad } from './crew.ts';
import { COLUMNS, plainLine, viewLines } from './live-view.ts';
import type { LoadOrder } from './order.ts';
import { planOf } from './plan.ts';
import type { Summary } from './summary.ts';
import { endings } from './tally.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function farSide(t: TestContext, answer: Answer): Promise<number> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => answer(request, response, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

const good: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of ['a', 'b', 'c']) {
    response.write(`data: {"choices":[{"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`);
  }
  response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
};

const refuse =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, headers);
    response.end('{"error":{"message":"no"}}');
  };

interface Asked extends Partial<LoadOrder> {
  readonly count?: number;
  readonly everyMs?: number;
}

async function load(port: number, { count = 30, everyMs = 2, ...more }: Asked = {}): Promise<Summary> {
  const order: LoadOrder = {
    address: { host: '127.0.0.1', port, tls: false },
    path: '/v1/chat/completions',
    model: 'engine',
    keys: { vip: 'sk-vip', standard: 'sk-{tenant}', batch: null },
    expectations,
    patience: 2,
    answerMsMax: 20_000,
    retries: 0,
    tellsDeadline: false,
    answerTokensMax: 100,
    openMax: 1_000,
    workers: 1,
    ...more,
  };
  const wishes: Wish[] = Array.from({ length: count }, (_, number) => ({
    number,
    atMs: number * everyMs,
    tenant: number % 4,
    lane: lanes[number % 3] ?? 'vip',
    promptTokens: 50,
    outputTokens: 5,
  }));
  const plan = planOf(wishes, count * everyMs);
  assert.ok(plan.ok);
  const run = await startLoad(order, plan.value);
  const summary = await run.finished;
  const ended = endings.reduce((sum, ending) => sum + summary.all[ending], 0);
  assert.deepEqual([summary.all.offered, ended, summary.open], [count, count, 0], 'every request has one ending');
  return summary;
}

test('every request reaches the far side once, with its key, its tenant and its length, and is answered', async (t) => {
  const seen: string[] = [];
  const deadlines = new Set<string>();
  const port = await farSide(t, (request, response, body) => {
    const { user, messages, model } = JSON.parse(body) as {
      user: string;
      model: string;
      messages: { content: string }[];
    };
    deadlines.add(String(request.headers['x-spillway-deadline-ms']));
    seen.push(
      `${model} ${request.headers.authorization ?? '-'} ${user} ${Math.ceil((messages[0]?.content.length ?? 0) / 4)}`,
    );
    good(request, response, body);
  });
  const { all, generator } = await load(port, { workers: 2, tellsDeadline: true });
  assert.deepEqual([all.answered, all.inSlo, all.admitted, all.sends, all.tokens], [30, 30, 30, 30, 90]);
  assert.equal(all.firstTokenMs.count, 30);
  assert.equal(generator.workers, 2);
  assert.deepEqual(seen.toSorted().slice(0, 2), ['engine - tenant-0 50', 'engine - tenant-0 50']);
  assert.deepEqual([...deadlines].toSorted(), ['10000', '1500', '4000']);
  assert.ok(seen.includes('engine Bearer sk-3 tenant-3 50'), seen.join('\n'));
});

test('a far side that stood still is charged with all who should have asked meanwhile', async (t) => {
  // Whoever comes within the first 400 ms is held until then: with one request at a time only one would notice.
  let opensAt: Promise<unknown> | null = null;
  const port = await farSide(t, (request, response, body) => {
    opensAt ??= new Promise((resolve) => setTimeout(resolve, 400));
    void opensAt.then(() => good(request, response, body));
  });
  const { all } = await load(port, { count: 40, everyMs: 10 });
  const { p50, p90, max } = all.firstTokenMs;
  assert.ok((p50 ?? 0) > 150 && (p50 ?? 0) < 350, `p50 ${p50}`);
  assert.ok((p90 ?? 0) > 320 && (max ?? 0) >= 380, `p90 ${p90}, max ${max}`);
});

test('refusals are told apart, and quick ones count as quick', async (t) => {
  const port = await farSide(t, (request, response, body) => {
    const { user } = JSON.parse(body) as { user: string };
    const answers = { 'tenant-0': refuse(429), 'tenant-1': refuse(503), 'tenant-2': refuse(500), 'tenant-3': good };
    (answers[user as keyof typeof answers] ?? good)(request, response, body);
  });
  const { all } = await load(port, { count: 40 });
  assert.deepEqual([all.limited, all.shed, all.failed, all.answered], [10, 10, 10, 10]);
  assert.equal(all.refusalMs.count, 30);
  assert.equal(all.feltMs.count, 40);
  assert.ok((all.feltMs.p50 ?? 0) > 2_900, 'who was refused felt a whole patience');
});

test('an answer that breaks off, or says that it failed, is no answer', async (t) => {
  const piece = 'data: {"choices":[{"delta":{"content":"a"},"finish_reason":null}]}\n\n';
  const port = await farSide(t, (_request, response, body) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const { user } = JSON.parse(body) as { user: string };
    if (user === 'tenant-0') response.write(piece, () => response.socket?.destroy());
    else if (user === 'tenant-1') response.end(piece);
    else response.end(`${piece}data: {"error":{"message":"no"}}\n\ndata: [DONE]\n\n`);
  });
  const { all } = await load(port, { retries: 2 });
  assert.deepEqual([all.failed, all.answered, all.sends], [30, 0, 30], 'and is not asked for again: text was shown');
});

test('retries wait as long as they are told and stop when told to', async (t) => {
  const tries = new Map<string, number>();
  const port = await farSide(t, (request, response, body) => {
    const { user, messages } = JSON.parse(body) as { user: string; messages: { content: string }[] };
    const question = messages[0]?.content ?? '';
    tries.set(question, (tries.get(question) ?? 0) + 1);
    if (user === 'tenant-0') refuse(503, { 'x-should-retry': 'false' })(request, response, body);
    else if (tries.get(question) === 1) refuse(429, { 'retry-after-ms': '30' })(request, response, body);
    else good(request, response, body);
  });
  const { all } = await load(port, { count: 40, retries: 3 });
  assert.deepEqual([all.answered, all.shed, all.sends, all.sends429], [30, 10, 70, 30]);
  assert.ok((all.firstTokenMs.p50 ?? 0) >= 30, 'a retry counts from the first intended send');
});

test('whoever gets no first token in time leaves, and the far side sees it', async (t) => {
  let closed = 0;
  const { promise: allClosed, resolve } = Promise.withResolvers<void>();
  const port = await farSide(t, (_request, response) => {
    response.on('close', () => ++closed === 9 && resolve());
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': keep-alive\n\n');
  });
  const quick = { firstTokenMs: 50, perTokenMs: 100 };
  const { all } = await load(port, { count: 9, expectations: { vip: quick, standard: quick, batch: quick } });
  assert.deepEqual([all.left, all.keepAlives], [9, 9]);
  await allClosed;
});

test('what would exceed the open maximum is not sent, and the summary says whose fault that is', async (t) => {
  const port = await farSide(t, (request, response, body) => setTimeout(() => good(request, response, body), 300));
  const summary = await load(port, { count: 20, openMax: 5 });
  assert.deepEqual([summary.all.unsent, summary.all.answered, summary.generator.openPeak], [15, 5, 5]);
  assert.match(viewLines(summary, false).join('\n'), /could not keep up.*\n.*15 requests were not sent/s);
});

test('a modelled engine is measured as fast as its constants make it', async (t) => {
  const wall = await startEngineWall({
    host: '127.0.0.1',
    port: 0,
    capacity: 1,
    manner: 'vllm',
    model: 'engine',
    inFlightMax: null,
  });
  t.after(() => wall.stop());
  const summary = await load(Number(new URL(wall.url).port), { count: 30, everyMs: 20 });
  assert.deepEqual([summary.all.answered, summary.all.tokens], [30, 150]);
  assert.ok((summary.all.gapMs.p50 ?? 0) >= 14, `${summary.all.gapMs.p50} ms between tokens`);
  assert.match(plainLine(summary), /^00:0\d {2}offered 30 {2}admitted 30 {2}answered 30 {2}in SLO 100 % /);
  for (const line of viewLines(summary, false)) assert.ok(line.length <= COLUMNS, line);
});
