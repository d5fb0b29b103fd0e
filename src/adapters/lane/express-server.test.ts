import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { type Rejection, rejections } from '../../kernel/rejection.ts';
import type { Door, InboundHead, Reply, Visit } from '../../ports/door.ts';
import { BodyBudget } from '../http-server/body-budget.ts';
import { HttpServer, type HttpServerOptions } from '../http-server/http-server.ts';
import type { ServerLimits } from '../http-server/server-limits.ts';
import { systemClock, systemTimers } from '../system.ts';
import { ExpressServer, type ExpressServerOptions } from './express-server.ts';
import { readTlsFiles } from './tls-files.ts';

type OnBody = (called: { readonly head: InboundHead; readonly reply: Reply }, bytes: Uint8Array) => void;

const text = (body: string): Buffer => Buffer.from(body);

function answer(reply: Reply, status: number, body: string): void {
  reply.head(status, ['content-type', 'text/plain']);
  reply.end(text(body));
}

const echo: OnBody = ({ reply }, bytes) => answer(reply, 200, `got ${bytes.length}`);

/** Notes everything, lets others wait for it, and answers what `onBody` answers; `/no` at once, `/bug` never. */
class TestDoor implements Door {
  readonly lines: string[] = [];
  readonly heads: InboundHead[] = [];
  readonly replies: Reply[] = [];
  readonly #onBody: OnBody;
  #waiting: (() => void)[] = [];

  constructor(onBody: OnBody) {
    this.#onBody = onBody;
  }

  note(line: string): void {
    this.lines.push(line);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async has(line: string, times = 1): Promise<void> {
    while (this.lines.filter((other) => other === line).length < times) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  enter(head: InboundHead, reply: Reply): Visit | null {
    this.heads.push(head);
    this.replies.push(reply);
    this.note(`enter ${head.method} ${head.path}`);
    if (head.path === '/no') {
      answer(reply, 401, 'no');
      return null;
    }
    if (head.path === '/bug') throw new Error('a bug in the door');
    return {
      onBody: (bytes) => {
        this.note(`body ${bytes.length}`);
        this.#onBody({ head, reply }, bytes);
      },
      onBodyRefused: (rejection: Rejection) => {
        this.note(`refused ${rejection.kind}`);
        answer(reply, rejections[rejection.kind].status, rejection.kind);
      },
      onDrain: () => this.note('drain'),
      onGone: () => this.note('gone'),
    };
  }
}

interface World {
  readonly server: ExpressServer;
  readonly door: TestDoor;
  readonly port: number;
}

async function serve(
  context: TestContext,
  onBody: OnBody = echo,
  limits: Partial<ServerLimits> = {},
  more: Partial<ExpressServerOptions> = {},
): Promise<World> {
  const door = new TestDoor(onBody);
  const options: HttpServerOptions = {
    host: '127.0.0.1',
    port: 0,
    listener: 'main',
    clock: systemClock,
    timers: systemTimers,
    heapPressure: () => 0,
    onBug: (where, error) => door.note(`bug ${where}: ${(error as Error).message}`),
    limits: { sweepMs: 20, ...limits },
    ...more,
  };
  const routes = ['/p', '/no', '/bug', '/stream'];
  const server = new ExpressServer(door, { routes, tls: null, ...options }, new HttpServer(door, options));
  const { port } = await server.listen();
  context.after(async () => {
    const closed = server.close();
    server.destroyAll();
    await closed;
  });
  return { server, door, port };
}

/** A client that speaks raw bytes. `all` resolves with everything received when the connection is closed. */
class RawClient {
  readonly socket: Socket;
  received = '';
  readonly all: Promise<string>;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      this.#wake();
    });
    socket.on('error', () => {});
    this.all = new Promise((resolve) => {
      socket.on('close', () => {
        this.#wake();
        resolve(this.received);
      });
    });
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  async until(piece: string, times = 1): Promise<string> {
    while (this.received.split(piece).length <= times) {
      assert.ok(!this.socket.destroyed, `closed without ${JSON.stringify(piece)}: ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.received;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

const raw = (port: number, bytes: string | Uint8Array = ''): RawClient =>
  new RawClient(connect(port, '127.0.0.1')).send(bytes);
const post = (body: string, more = '', path = '/p'): string =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
const bodyOf = (received: string): string => received.slice(received.indexOf('\r\n\r\n') + 4);
const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
const openTimers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

// ── the plain way ──

test('a request reaches the door whole and its answer leaves in one piece with a length', async (context) => {
  const { port, door, server } = await serve(context);
  const received = await raw(port, post('hello', 'X-One: 1\r\nx-one: 2\r\nConnection: close\r\n')).all;
  assert.match(received, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain\r\ncontent-length: 5\r\ndate: /);
  assert.match(received, /connection: close\r\n\r\ngot 5$/);
  const head = door.heads[0];
  assert.deepEqual([head?.headers['x-one'], head?.remote, head?.listener], ['1, 2', '127.0.0.1', 'main']);
  assert.equal(server.stats.connectionsHandedOver, 0);
});

test('a request cut anywhere is one request', async (context) => {
  const { port, server } = await serve(context);
  const wire = 'POST /p HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
  const client = raw(port);
  client.socket.setNoDelay(true);
  for (let cut = 1; cut < wire.length; cut++) {
    client.send(wire.slice(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    client.send(wire.slice(cut));
    await client.until('got 5', cut);
  }
  assert.equal(server.stats.connectionsHandedOver, 0);
});

test('pipelined requests are answered one after the other, in order', async (context) => {
  const { port, door } = await serve(context, ({ reply }, bytes) => {
    setImmediate(() => answer(reply, 200, `got ${bytes.length}`));
  });
  const client = raw(port, post('a') + post('bb') + post('ccc') + post('', '', '/no') + post('dddd'));
  await client.until('got 4');
  assert.deepEqual(client.received.match(/got \d|no$|no(?=HTTP)/gm), ['got 1', 'got 2', 'got 3', 'no', 'got 4']);
  assert.equal(door.lines.indexOf('enter POST /no'), 6);
});

test('who pipelines without end is not read until answered, and then goes on', async (context) => {
  const { port, door } = await serve(context, () => {});
  const one = post('x'.repeat(1_000));
  const client = raw(port);
  let written = 0;
  while (client.socket.write(one.repeat(100)) || written < 50) written++;
  await door.has('body 1000');
  const before = client.socket.bytesWritten - client.socket.writableLength;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(client.socket.writableLength > 0, 'what the server does not read stays with its sender');
  assert.ok(before < 100_000_000);
  assert.equal(door.heads.length, 1);
  const [first] = door.replies;
  if (first !== undefined) answer(first, 200, 'done');
  await door.has('body 1000', 2);
});

test('a stream leaves chunk by chunk, its head together with the first bytes', async (context) => {
  const { port, door } = await serve(context, ({ reply }) => {
    reply.head(200, ['content-type', 'text/event-stream']);
    reply.write(text('data: 1\n\n'));
  });
  const client = raw(port, post(''));
  assert.match(await client.until('data: 1\n\n'), /transfer-encoding: chunked[^]*\r\n\r\n9\r\ndata: 1/);
  door.replies[0]?.write(text('data: 2\n\n'));
  await client.until('data: 2\n\n');
  door.replies[0]?.end(text('data: 3\n\n'));
  await client.until('9\r\ndata: 3\n\n\r\n0\r\n\r\n');
  await client.send(post('')).until('data: 1\n\n', 2);
});

test('what is said in one turn leaves together, and before the connection is cut or ends', async (context) => {
  const { port, door } = await serve(context, ({ reply, head }) => {
    reply.head(200, ['content-type', 'text/event-stream']);
    reply.write(text('one,'));
    reply.write(text('two'));
    if (head.query === 'cut') reply.destroy();
  });
  assert.match(await raw(port, post('', '', '/p?cut')).all, /\r\n\r\n7\r\none,two\r\n$/);
  const leaving = raw(port, post(''));
  await leaving.until('two\r\n');
  // From here the server reads the client's end before its own turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  leaving.socket.end();
  door.replies[1]?.end(text('.'));
  assert.match(await leaving.all, /two\r\n1\r\n\.\r\n0\r\n\r\n$/);
  assert.ok(!door.lines.includes('gone'));
});

test('a head without bytes goes out by itself; a declared length is kept to, or the connection is lost', async (context) => {
  const { port, door } = await serve(context, ({ reply }) => reply.head(200, ['content-length', '4']));
  const client = raw(port, post(''));
  await client.until('\r\n\r\n');
  door.replies[0]?.end(text('late'));
  await client.until('late');
  await client.send(post('')).until('\r\n\r\n', 2);
  door.replies[1]?.end(text('not four'));
  await client.all;
});

test('a reply without a body has none, whatever is written', async (context) => {
  const { port } = await serve(context, ({ reply }) => {
    reply.head(204, []);
    reply.end(text('nothing'));
  });
  const received = await raw(port, post('', 'connection: close\r\n')).all;
  assert.doesNotMatch(received, /nothing|content-length|transfer-encoding/);
});

// ── handing over ──

const strangers: readonly (readonly [string, string])[] = [
  ['GET', get('/models')],
  ['another route', post('x', '', '/other')],
  ['a list of connections', post('x', 'connection: keep-alive, x\r\n')],
  ['an encoded path', post('x', '', '/%70')],
  ['HTTP/1.0', 'POST /p HTTP/1.0\r\nhost: a\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\nx'],
  ['a preflight', 'OPTIONS /p HTTP/1.1\r\nhost: a\r\n\r\n'],
];

test('what the lane does not know is handed over with all its bytes, first or later, and the connection stays there', async (context) => {
  for (const [name, stranger] of strangers) {
    const { port, server, door } = await serve(context);
    const first = raw(port, stranger);
    await first.until('got ');
    assert.equal(server.stats.connectionsHandedOver, 1, name);
    await first.send(post('abc')).until('got 3');
    assert.equal(server.stats.connectionsHandedOver, 1, name);
    // Behind two of the lane's own, in one write, and with more behind it.
    const later = raw(port, post('1') + post('22') + stranger + post('4444'));
    await later.until('got 4');
    assert.equal(server.stats.connectionsHandedOver, 2, name);
    assert.equal(door.lines.filter((line) => line.startsWith('enter')).length, 6, name);
    assert.equal(server.stats.connections, 2);
  }
});

test('a connection is handed over only when earlier answers are out', async (context) => {
  const { port, server, door } = await serve(context, ({ head, reply }, bytes) => {
    if (head.path !== '/stream') return answer(reply, 200, `got ${bytes.length}`);
    reply.head(200, []);
    reply.write(text('begun'));
  });
  const client = raw(port, post('', '', '/stream') + get('/models'));
  await client.until('begun');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.stats.connectionsHandedOver, 0);
  door.replies[0]?.end();
  assert.match(await client.until('got 0'), /begun\r\n0\r\n\r\nHTTP\/1\.1 200/);
  assert.equal(server.stats.connectionsHandedOver, 1);
});

test('an upgrade, an expectation and a compressed body are met by node:http, and so are its refusals', async (context) => {
  const { port } = await serve(context);
  const upgrade = 'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n';
  await raw(port, post('body', upgrade)).until('got 4');
  const expecting = raw(port, 'POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n');
  await expecting.until('100 Continue');
  await expecting.send('ok').until('got 2');
  assert.match(await raw(port, post('x', 'content-encoding: snappy\r\nconnection: close\r\n')).all, /^HTTP\/1\.1 415 /);
  const two = 'POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc';
  for (const bytes of [
    'hello\r\n\r\n',
    two,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    post('x', 'x : 1\r\n'),
    post('x', 'x: \0\r\n'),
  ]) {
    assert.match(await raw(port, bytes).all, /^HTTP\/1\.1 400 [^]*bad_http_request/, JSON.stringify(bytes));
  }
  const large = await raw(port, post('x', `x: ${'a'.repeat(40_000)}\r\n`)).all;
  assert.match(large, /^HTTP\/1\.1 431 /);
});

test('with no routes every connection is node:http’s from its first byte', async (context) => {
  const { port, server } = await serve(context, echo, {}, { routes: [] });
  const client = raw(port);
  await client.send(post('abc')).until('got 3');
  assert.equal(server.stats.connectionsHandedOver, 1);
});

// ── bodies ──

test('an early answer keeps the connection when little of the body is left, else it can be read all the same', async (context) => {
  const { port, door } = await serve(context, echo, { leftoverBytesMax: 2_000, lingerMsMax: 100 });
  const client = raw(port, 'POST /no HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n');
  await client.until('no');
  await client.send('x'.repeat(1000)).send(post('yes')).until('got 3');
  assert.deepEqual(door.lines, ['enter POST /no', 'enter POST /p', 'body 3']);
  const large = await raw(port, 'POST /no HTTP/1.1\r\nhost: a\r\ncontent-length: 5000\r\n\r\nx').all;
  assert.match(large, /^HTTP\/1\.1 401 [^]*connection: close[^]*no$/);
  const endless = await raw(port, 'POST /no HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n').all;
  assert.match(endless, /^HTTP\/1\.1 401 [^]*connection: close[^]*no$/);
});

test('bodies too large, too many and too slow are refused, and what they took is given back', async (context) => {
  const budget = new BodyBudget(1_000);
  const limits = { bodyBytesMax: 900, bodyMsMax: 60, lingerMsMax: 60 };
  const { port, door } = await serve(context, () => {}, limits, { bodyBudget: budget });
  assert.match(await raw(port, 'POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 901\r\n\r\n').all, /^HTTP\/1\.1 413 /);
  const chunked = 'POST /p HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
  assert.match(await raw(port, `${chunked}385\r\n${'x'.repeat(901)}\r\n0\r\n\r\n`).all, /^HTTP\/1\.1 413 /);
  assert.match(await raw(port, 'POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc').all, /^HTTP\/1\.1 408 /);
  assert.equal(budget.bytes, 0);
  const holder = raw(port, post('x'.repeat(900)));
  await door.has('body 900');
  assert.match(await raw(port, post('y'.repeat(101))).all, /^HTTP\/1\.1 503 /);
  assert.equal(budget.bytes, 900);
  holder.socket.destroy();
  await door.has('gone');
  assert.equal(budget.bytes, 0);
});

test('a body that breaks its framing is answered 400, and its visit is gone', async (context) => {
  const { port, door, server } = await serve(context);
  const chunked = 'POST /p HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
  assert.match(await raw(port, `${chunked}zz\r\n`).all, /^HTTP\/1\.1 400 [^]*connection: close/);
  await door.has('gone');
  assert.deepEqual(door.lines, ['enter POST /p', 'gone']);
  assert.equal(server.stats.requestsRefused, 1);
});

// ── clients that are slow, or leave ──

test('a slow-loris head is answered 408, a silent connection is closed without words, an idle one in time', async (context) => {
  const { port } = await serve(context, echo, { headMsMax: 60, keepAliveMsMax: 80, lingerMsMax: 60 });
  assert.match(await raw(port, 'POST /p HTTP/1.1\r\nhost: a\r\nx: ').all, /^HTTP\/1\.1 408 /);
  assert.equal(await raw(port).all, '');
  assert.match(await raw(port, post('x')).all, /got 1$/);
});

test('a reader that takes nothing is cut, one that is slow gets every byte in order', async (context) => {
  const { port, door, server } = await serve(
    context,
    ({ head, reply }) => {
      reply.head(200, []);
      if (head.path === '/stream') reply.write(Buffer.alloc(6_000_000));
      else {
        for (let at = 0; at < 400; at++) reply.write(Buffer.alloc(10_000, at));
        assert.ok(reply.pendingBytes > 0);
      }
    },
    { readerMsMax: 100 },
  );
  const stuck = connect(port, '127.0.0.1').on('error', () => {});
  stuck.pause();
  stuck.write(post('', '', '/stream'));
  await door.has('gone');
  assert.equal(server.stats.readersCut, 1);
  stuck.destroy();
  const slow = connect(port, '127.0.0.1');
  slow.pause();
  slow.write(post('', 'connection: close\r\n'));
  await door.has('body 0', 2);
  const parts: Buffer[] = [];
  slow.on('data', (bytes: Buffer) => parts.push(bytes));
  slow.resume();
  await door.has('drain');
  door.replies.at(-1)?.end();
  await once(slow, 'close');
  const chunks = Buffer.concat(parts).toString('latin1').split('\r\n2710\r\n').slice(1);
  assert.equal(chunks.length, 400);
  for (const [at, chunk] of chunks.entries()) assert.equal(chunk.charCodeAt(5_000), at & 0xff);
});

test('a reader too far behind is cut, but one large answer alone never cuts', async (context) => {
  const { port, door, server } = await serve(
    context,
    ({ head, reply }) => {
      if (head.path === '/p') return answer(reply, 200, 'x'.repeat(5_000_000));
      reply.head(200, []);
      while (server.stats.readersCut === 0) reply.write(Buffer.alloc(1_000_000));
    },
    { readerBytesMax: 1_000_000 },
  );
  assert.equal(bodyOf(await raw(port, post('', 'connection: close\r\n')).all).length, 5_000_000);
  const client = connect(port, '127.0.0.1').on('error', () => {});
  client.pause();
  client.write(post('', '', '/stream'));
  await door.has('gone');
  assert.equal(server.stats.readersCut, 1);
  client.destroy();
});

test('who leaves in the head, the body, the wait or the answer is gone once; who half-closes is gone too', async (context) => {
  const { port, door, server } = await serve(context, ({ head, reply }) => {
    if (head.path !== '/stream') return;
    reply.head(200, []);
    reply.write(text('begun'));
  });
  const head = raw(port, 'POST /p HTTP/1.1\r\nho');
  const body = raw(port, 'POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc');
  const waiting = raw(port, post('x'));
  const reading = raw(port, post('', '', '/stream'));
  await door.has('enter POST /p', 2);
  await door.has('body 1');
  await reading.until('begun');
  head.socket.resetAndDestroy();
  body.socket.destroy();
  waiting.socket.resetAndDestroy();
  reading.socket.end();
  await door.has('gone', 3);
  assert.match(await halfClosed(port), /^HTTP\/1\.1 400 /);
  assert.equal(door.lines.filter((line) => line === 'gone').length, 3);
  assert.deepEqual([server.stats.exchanges, server.stats.bodyBytesInFlight], [0, 0]);
});

async function halfClosed(port: number): Promise<string> {
  const client = raw(port, 'POST /p HTTP/1.1\r\nhost: a\r\nx');
  client.socket.end();
  return client.all;
}

test('a thousand aborted requests leave no socket, exchange, byte or timer behind', async (context) => {
  const { port, door, server } = await serve(context, () => {});
  const timersBefore = openTimers();
  for (let at = 1; at <= 1000; at++) {
    const client = raw(port, at % 2 === 0 ? post('') : 'POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab');
    await door.has('enter POST /p', at);
    client.socket.destroy();
    await door.has('gone', at);
  }
  const { connections, exchanges, bodyBytesInFlight } = server.stats;
  assert.deepEqual([connections, exchanges, bodyBytesInFlight], [0, 0, 0]);
  assert.ok(openSockets() <= 2, `${openSockets()} sockets are open`);
  assert.ok(openTimers() <= timersBefore + 2);
});

test('connections above the maximum are dropped, those of both servers counted', async (context) => {
  const { port, server, door } = await serve(context, () => {}, { connectionsMax: 2 });
  const clients = [raw(port, post('')), raw(port, get('/models'))];
  await door.has('body 0', 2);
  assert.equal(await raw(port, post('')).all, '');
  assert.deepEqual([server.stats.connections, server.stats.connectionsDropped], [2, 1]);
  clients[1]?.socket.destroy();
  await door.has('gone');
  raw(port, post('abc'));
  await door.has('body 3');
});

// ── bugs ──

test('a bug in the door is reported and answered 500, and the server lives on', async (context) => {
  const { port, door } = await serve(context, ({ reply }, bytes) => {
    if (bytes.length === 1) throw new Error('a bug behind the door');
    if (bytes.length === 2) reply.head(200, ['x-model', 'a\r\nset-cookie: b']);
    else if (bytes.length === 3) {
      reply.head(200, []);
      reply.write(text('begun'));
      throw new Error('a late bug');
    }
    reply.end(text('fine'));
  });
  const close = 'connection: close\r\n';
  assert.match(await raw(port, post('', close, '/bug')).all, /^HTTP\/1\.1 500 [^]*internal_error/);
  assert.match(await raw(port, post('1', close)).all, /^HTTP\/1\.1 500 /);
  const bad = await raw(port, post('22', close)).all;
  assert.match(bad, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(bad, /set-cookie|fine/);
  assert.doesNotMatch(await raw(port, post('333', close)).all, /0\r\n\r\n$/);
  assert.deepEqual(
    door.lines.filter((line) => line.startsWith('bug')).map((line) => line.split(':')[0]),
    ['bug door.enter', 'bug visit.onBody', 'bug reply.head', 'bug visit.onBody'],
  );
});

// ── draining ──

test('a drain refuses new connections and finishes what is open, on the lane and behind it', async (context) => {
  const { port, door, server } = await serve(context, ({ head, reply }, bytes) => {
    if (head.path === '/p') return answer(reply, 200, `got ${bytes.length}`);
    reply.head(200, []);
    reply.write(text('begun'));
  });
  const streams = [raw(port, post('', '', '/stream')), raw(port, get('/models'))];
  for (const stream of streams) await stream.until('begun');
  const kept = raw(port, post('one'));
  await kept.until('got 3');
  server.stopAccepting();
  const [error] = await once(connect(port, '127.0.0.1'), 'error');
  assert.equal(error.code, 'ECONNREFUSED');
  assert.match(await kept.send(post('last')).all, /connection: close[^]*got 4$/i);
  let closed = false;
  const closing = server.close().then(() => (closed = true));
  for (const [at, stream] of streams.entries()) {
    assert.equal(closed, false);
    door.replies[at]?.end(text('end'));
    assert.match(await stream.all, /end\r\n0\r\n\r\n$/);
  }
  await closing;
  assert.deepEqual(
    door.lines.filter((line) => line === 'gone'),
    [],
  );
});

test('closing cuts idle connections at once, and destroyAll cuts the rest', async (context) => {
  const { port, door, server } = await serve(context, ({ reply }, bytes) => {
    if (bytes.length > 0) answer(reply, 200, 'idle');
  });
  const idle = raw(port, post('x'));
  await idle.until('idle');
  const busy = raw(port, post(''));
  await door.has('body 0');
  const closed = server.close();
  await idle.all;
  server.destroyAll();
  await closed;
  await busy.all;
  assert.equal(door.lines.filter((line) => line === 'gone').length, 1);
});

// ── TLS ──

async function tlsFiles(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-lane-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const own = selfSigned();
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(files.certFile, own.cert);
  writeFileSync(files.keyFile, own.key);
  return { own, files };
}

test('over TLS the same is served, on the lane and behind it, and who speaks none is sent away', async (context) => {
  const { own, files } = await tlsFiles(context);
  const { port, server, door } = await serve(context, echo, {}, { tls: readTlsFiles(files) });
  const open = async (): Promise<RawClient> => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      ca: own.cert,
      servername: 'localhost',
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    assert.equal(socket.alpnProtocol, 'http/1.1');
    return new RawClient(socket);
  };
  const client = await open();
  for (let at = 1; at < 5; at++) await client.send(post('x'.repeat(at * 50_000))).until(`got ${at * 50_000}`);
  assert.equal(server.stats.connectionsHandedOver, 0);
  await client.send(get('/models') + post('four')).until('got 4');
  assert.equal(server.stats.connectionsHandedOver, 1);
  await raw(port, post('plain')).all;
  assert.ok(!door.lines.includes('body 5'));
  const last = await open();
  last.send(post('abc', 'connection: close\r\n'));
  assert.match(await last.all, /got 3$/);
  assert.equal(server.stats.exchanges, 0);
});

test('TLS files that are missing, no certificate, or do not fit stop the start in words', async (context) => {
  const { files } = await tlsFiles(context);
  const other = await tlsFiles(context);
  assert.throws(() => readTlsFiles({ ...files, certFile: `${files.certFile}.none` }), /cannot be read/);
  assert.throws(() => readTlsFiles({ ...files, keyFile: files.certFile }), /no PEM certificate and its key/);
  assert.throws(() => readTlsFiles({ ...files, keyFile: other.files.keyFile }), /no PEM certificate and its key/);
});
