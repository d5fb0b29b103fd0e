import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Rejection } from '../../kernel/rejection.ts';
import { rejections } from '../../kernel/rejection.ts';
import type { Door, InboundHead, Reply, Visit } from '../../ports/door.ts';
import { systemClock, systemTimers } from '../system.ts';
import { BodyBudget } from './body-budget.ts';
import type { HttpServerOptions } from './http-server.ts';
import { HttpServer } from './http-server.ts';
import type { ServerLimits } from './server-limits.ts';

/** What happened at the door, as one list, and a way to wait for the next happening. */
class Log {
  readonly lines: string[] = [];
  #waiting: (() => void)[] = [];

  add(line: string): void {
    this.lines.push(line);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  count(line: string): number {
    return this.lines.filter((other) => other === line).length;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  has(line: string, times = 1): Promise<void> {
    return this.until(() => this.count(line) >= times);
  }
}

interface Called {
  readonly head: InboundHead;
  readonly reply: Reply;
}
type OnBody = (called: Called, bytes: Uint8Array) => void;

const text = (body: string): Buffer => Buffer.from(body);

function answer(reply: Reply, status: number, body: string): void {
  reply.head(status, ['content-type', 'text/plain']);
  reply.end(text(body));
}

/** Logs everything; answers what `onBody` answers, and rejections as `kind`. */
class TestDoor implements Door {
  readonly log: Log;
  readonly heads: InboundHead[] = [];
  readonly replies: Reply[] = [];
  readonly #onBody: OnBody;

  constructor(log: Log, onBody: OnBody) {
    this.log = log;
    this.#onBody = onBody;
  }

  enter(head: InboundHead, reply: Reply): Visit | null {
    this.heads.push(head);
    this.replies.push(reply);
    this.log.add(`enter ${head.path}`);
    if (head.path === '/no') {
      answer(reply, 401, 'no');
      return null;
    }
    if (head.path === '/bug') throw new Error('a bug in the door');
    return {
      onBody: (bytes) => {
        this.log.add(`body ${bytes.length}`);
        this.#onBody({ head, reply }, bytes);
      },
      onBodyRefused: (rejection: Rejection) => {
        this.log.add(`refused ${rejection.kind}`);
        answer(reply, rejections[rejection.kind].status, rejection.kind);
      },
      onDrain: () => this.log.add('drain'),
      onGone: () => this.log.add('gone'),
    };
  }
}

interface World {
  readonly server: HttpServer;
  readonly door: TestDoor;
  readonly log: Log;
  readonly port: number;
}

const echo: OnBody = ({ reply }, bytes) => answer(reply, 200, `got ${bytes.length}`);

async function serve(
  context: TestContext,
  onBody: OnBody = echo,
  limits: Partial<ServerLimits> = {},
  more: Partial<HttpServerOptions> = {},
): Promise<World> {
  const log = new Log();
  const door = new TestDoor(log, onBody);
  const server = new HttpServer(door, {
    host: '127.0.0.1',
    port: 0,
    listener: 'main',
    clock: systemClock,
    timers: systemTimers,
    heapPressure: () => 0,
    onBug: (where, error) => log.add(`bug ${where}: ${error instanceof Error ? error.message : String(error)}`),
    limits: { sweepMs: 20, ...limits },
    ...more,
  });
  const { port } = await server.listen();
  context.after(async () => {
    const closed = server.close();
    server.destroyAll();
    await closed;
  });
  return { server, door, log, port };
}

/** A client that speaks raw bytes. `all` resolves with everything received when the connection is closed. */
class RawClient {
  readonly socket: Socket;
  received = '';
  readonly all: Promise<string>;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.all = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.#wake();
        resolve(this.received);
      });
    });
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  async until(piece: string): Promise<string> {
    while (!this.received.includes(piece)) {
      assert.ok(!this.socket.destroyed, `closed without ${JSON.stringify(piece)}: ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.received;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

const raw = (port: number, bytes: string | Uint8Array = ''): RawClient => new RawClient(port).send(bytes);
const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
const post = (body: string | Uint8Array, more = ''): Buffer =>
  Buffer.concat([
    text(`POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n${more}\r\n`),
    Buffer.from(body),
  ]);
const expecting = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n`;
const openTimers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const bodyOf = (received: string): string => received.slice(received.indexOf('\r\n\r\n') + 4);
const errorOf = (received: string): { message: string; type: string; param: null; code: string } =>
  (JSON.parse(bodyOf(received)) as { error: { message: string; type: string; param: null; code: string } }).error;

// ── the plain way ──

test('a request reaches the door whole and its answer leaves in one piece with a length', async (context) => {
  const { port, door } = await serve(context);
  const client = raw(port, post('hello', 'X-One: 1\r\nx-one: 2\r\nConnection: close\r\n').toString());
  const received = await client.all;
  assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(received, /content-length: 5\r\n/);
  assert.equal(bodyOf(received), 'got 5');
  const head = door.heads[0];
  assert.equal(head?.method, 'POST');
  assert.equal(head?.headers['x-one'], '1, 2');
  assert.equal(head?.remote, '127.0.0.1');
  assert.equal(head?.listener, 'main');
});

test('paths are decoded once, doubled slashes become one, and the query stays as it came', async (context) => {
  const { port, door } = await serve(context);
  const paths = ['//v1//chat%20x?a=%20&b', '/models/deepseek%2Fchat', '/a%252e', 'http://host:1/abs?q', '/'];
  for (const path of paths) await raw(port, get(path, 'connection: close\r\n')).all;
  assert.deepEqual(
    door.heads.map((head) => [head.path, head.query]),
    [
      ['/v1/chat x', 'a=%20&b'],
      ['/models/deepseek/chat', ''],
      ['/a%2e', ''],
      ['/abs', 'q'],
      ['/', ''],
    ],
  );
});

test('a path that climbs, hides or does not decode is refused without asking the door', async (context) => {
  const { port, log, server } = await serve(context);
  const paths = ['/a/../admin', '/%2e%2e/x', '/a/.', '/%zz', '/a%00b', '/a%5cb', '*', '/a%0ab'];
  for (const path of paths) {
    const received = await raw(port, get(path, 'connection: close\r\n')).all;
    assert.match(received, /^HTTP\/1\.1 400 /, path);
    assert.equal(errorOf(received).type, 'invalid_request_error');
  }
  assert.deepEqual(log.lines, []);
  assert.equal(server.stats.requestsRefused, paths.length);
});

test('one connection serves many requests, pipelined ones in order', async (context) => {
  const { port } = await serve(context);
  const client = raw(port, Buffer.concat([post('a'), post('bb'), post('ccc')]));
  const received = await client.until('got 3');
  assert.deepEqual(received.match(/got \d/g), ['got 1', 'got 2', 'got 3']);
});

test('HEAD gets the length and no body', async (context) => {
  const { port } = await serve(context);
  const received = await raw(port, 'HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n').all;
  assert.match(received, /content-length: 5\r\n/);
  assert.equal(bodyOf(received), '');
});

test('a stream leaves chunk by chunk, its head together with the first bytes', async (context) => {
  const { port, door } = await serve(context, ({ reply }) => {
    reply.head(200, ['content-type', 'text/event-stream']);
    assert.equal(reply.write(text('data: 1\n\n')), true);
  });
  const client = raw(port, get('/'));
  const first = await client.until('data: 1\n\n');
  assert.match(first, /transfer-encoding: chunked/i);
  door.replies[0]?.write(text('data: 2\n\n'));
  await client.until('data: 2\n\n');
  door.replies[0]?.end();
  await client.until('0\r\n\r\n');
});

test('a head without bytes goes out by itself', async (context) => {
  const { port, door } = await serve(context, ({ reply }) => reply.head(200, []));
  const client = raw(port, get('/'));
  await client.until('\r\n\r\n');
  door.replies[0]?.end(text('late'));
  assert.match(await client.until('0\r\n\r\n'), /late/);
});

test('an early answer keeps the connection when little of the body is left', async (context) => {
  const { port, log } = await serve(context);
  const client = raw(port, 'POST /no HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n');
  await client.until('no');
  client.send('x'.repeat(1000)).send(post('yes'));
  await client.until('got 3');
  assert.deepEqual(log.lines, ['enter /no', 'enter /p', 'body 3']);
});

test('an early answer to a body without end can be read, and then the connection is closed', async (context) => {
  const { port, server } = await serve(context, echo, { lingerBytesMax: 200_000 });
  const client = raw(port, 'POST /no HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
  const received = await client.until('no');
  assert.match(received, /connection: close/i);
  while (!client.socket.destroyed) {
    client.send(`8000\r\n${'x'.repeat(0x8000)}\r\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.all;
  assert.equal(server.stats.exchanges, 0);
});

test('a lingering connection is closed in time although its client sends nothing more', async (context) => {
  const { port } = await serve(context, echo, { lingerMsMax: 60 });
  const received = await raw(port, 'POST /no HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n').all;
  assert.match(received, /^HTTP\/1\.1 401 /);
});

test('the body is asked for only after the door let the request in', async (context) => {
  const { port, log } = await serve(context);
  const client = raw(port, expecting('/yes'));
  await client.until('100 Continue\r\n\r\n');
  assert.deepEqual(log.lines, ['enter /yes']);
  await client.send('ok').until('got 2');
  const refused = await raw(port, expecting('/no')).all;
  assert.match(refused, /^HTTP\/1\.1 401 /);
  assert.doesNotMatch(refused, /100 Continue/);
  const strange = await raw(port, get('/', 'expect: miracles\r\nconnection: close\r\n')).all;
  assert.match(strange, /^HTTP\/1\.1 417 /);
});

// ── bodies ──

test('compressed bodies arrive decompressed', async (context) => {
  const plain = 'tokens '.repeat(5000);
  const bodies: Buffer[] = [];
  const { port, server } = await serve(context, ({ reply }, bytes) => {
    bodies.push(Buffer.from(bytes));
    answer(reply, 200, 'ok');
  });
  const encodings: [string, Buffer][] = [
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['zstd', zstdCompressSync(plain)],
    ['identity', text(plain)],
  ];
  for (const [encoding, body] of encodings) {
    const client = raw(port, post(body, `content-encoding: ${encoding}\r\nconnection: close\r\n`));
    assert.match(await client.all, /ok$/, encoding);
  }
  assert.ok(bodies.every((body) => body.toString() === plain));
  assert.equal(bodies.length, encodings.length);
  assert.equal(server.stats.bodyBytesInFlight, 0);
});

test('a large compressed body arrives whole although its decoder is slower than the wire', async (context) => {
  const plain = Buffer.alloc(8_000_000);
  for (let at = 0; at < plain.length; at += 7) plain[at] = (at * 2_654_435_761) >>> 24;
  let arrived: Buffer | null = null;
  const { port } = await serve(context, ({ reply }, bytes) => {
    arrived = Buffer.from(bytes);
    answer(reply, 200, 'ok');
  });
  await raw(port, post(gzipSync(plain), 'content-encoding: gzip\r\nconnection: close\r\n')).all;
  assert.ok(arrived !== null && plain.equals(arrived));
});

test('an unknown encoding, two encodings and a corrupt body are refused', async (context) => {
  const { port, log } = await serve(context);
  const first = await raw(port, post('xx', 'content-encoding: snappy\r\nconnection: close\r\n')).all;
  assert.match(first, /^HTTP\/1\.1 415 /);
  const second = await raw(port, post('xx', 'content-encoding: gzip, br\r\nconnection: close\r\n')).all;
  assert.match(second, /^HTTP\/1\.1 415 /);
  const third = await raw(port, post('no gzip', 'content-encoding: gzip\r\nconnection: close\r\n')).all;
  assert.match(third, /^HTTP\/1\.1 400 /);
  assert.deepEqual(
    log.lines.filter((line) => line.startsWith('refused')),
    ['refused badEncoding', 'refused badEncoding', 'refused badRequest'],
  );
});

test('a truncated gzip body is refused, not delivered short', async (context) => {
  const { port, log } = await serve(context);
  const whole = gzipSync('x'.repeat(100_000));
  const client = raw(
    port,
    post(whole.subarray(0, whole.length - 20), 'content-encoding: gzip\r\nconnection: close\r\n'),
  );
  assert.match(await client.all, /^HTTP\/1\.1 400 /);
  assert.deepEqual(log.lines, ['enter /p', 'refused badRequest']);
});

test('a zip bomb stops at the maximum, and what it took is given back', async (context) => {
  const { port, server, log } = await serve(context, echo, { bodyBytesMax: 100_000 });
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  assert.ok(bomb.length < 100_000);
  const received = await raw(port, post(bomb, 'content-encoding: gzip\r\nconnection: close\r\n')).all;
  assert.match(received, /^HTTP\/1\.1 413 /);
  assert.deepEqual(log.lines, ['enter /p', 'refused bodyTooLarge']);
  assert.equal(server.stats.bodyBytesInFlight, 0);
});

test('a declared length above the maximum is refused before a byte is read', async (context) => {
  const { port, log } = await serve(context, echo, { bodyBytesMax: 1000, leftoverBytesMax: 10, lingerMsMax: 60 });
  const received = await raw(port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n').all;
  assert.match(received, /^HTTP\/1\.1 413 /);
  assert.match(received, /connection: close/i);
  assert.deepEqual(log.lines, ['enter /', 'refused bodyTooLarge']);
});

test('a client that uploads far too much still reads the refusal', async (context) => {
  const { port, log } = await serve(context, echo, { bodyBytesMax: 100_000 });
  const outgoing = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/up' });
  // The connection may be closed under an upload that goes on after the answer.
  outgoing.on('error', () => {});
  outgoing.write(Buffer.alloc(3_000_000));
  outgoing.end(Buffer.alloc(3_000_000));
  const [response] = await once(outgoing, 'response');
  assert.equal(response.statusCode, 413);
  response.resume();
  await once(response, 'end');
  assert.equal(log.lines.at(-1), 'refused bodyTooLarge');
});

test('a body that dribbles is refused when its time is up', async (context) => {
  const { port, log, server } = await serve(context, echo, { bodyMsMax: 50, lingerMsMax: 60 });
  const received = await raw(port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc').all;
  assert.match(received, /^HTTP\/1\.1 408 /);
  assert.deepEqual(log.lines, ['enter /', 'refused bodyTimeout']);
  assert.equal(server.stats.bodyBytesInFlight, 0);
});

test('bodies share one budget: held until answered, refused with 503 above it', async (context) => {
  const budget = new BodyBudget(1000);
  const { port, server, log, door } = await serve(context, () => {}, {}, { bodyBudget: budget });
  const first = raw(port, post('x'.repeat(900)));
  await log.has('body 900');
  assert.equal(server.stats.bodyBytesInFlight, 900);
  const declared = await raw(port, post('y'.repeat(101), 'connection: close\r\n')).all;
  assert.match(declared, /^HTTP\/1\.1 503 /);
  const chunked = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n';
  assert.match(await raw(port, `${chunked}65\r\n${'z'.repeat(101)}\r\n0\r\n\r\n`).all, /^HTTP\/1\.1 503 /);
  assert.equal(log.count('refused overloaded'), 2);
  const reply = door.replies[0];
  assert.ok(reply);
  answer(reply, 200, 'done');
  await first.until('done');
  assert.equal(budget.bytes, 0);
});

test('bodies are refused while the heap is nearly full', async (context) => {
  let pressure = 0.9;
  const { port, log } = await serve(context, echo, {}, { heapPressure: () => pressure });
  assert.match(await raw(port, post('x', 'connection: close\r\n')).all, /^HTTP\/1\.1 503 /);
  assert.equal(log.lines.at(-1), 'refused overloaded');
  pressure = 0.5;
  assert.match(await raw(port, post('x', 'connection: close\r\n')).all, /^HTTP\/1\.1 200 /);
});

// ── clients that leave, clients that are slow ──

test('a client that leaves while its body arrives is gone once, and its bytes are given back', async (context) => {
  const { port, log, server } = await serve(context);
  const client = raw(port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc');
  await log.has('enter /');
  client.socket.destroy();
  await log.has('gone');
  assert.deepEqual(log.lines, ['enter /', 'gone']);
  assert.deepEqual([server.stats.bodyBytesInFlight, server.stats.exchanges], [0, 0]);
});

test('a client that leaves while it waits, or in the middle of a stream, is gone once', async (context) => {
  const { port, log } = await serve(context, ({ head, reply }) => {
    if (head.path !== '/stream') return;
    reply.head(200, []);
    reply.write(text('begun'));
  });
  const waiting = raw(port, get('/wait'));
  await log.has('body 0');
  waiting.socket.resetAndDestroy();
  await log.has('gone', 1);
  const reading = raw(port, get('/stream'));
  await reading.until('begun');
  reading.socket.end();
  await log.has('gone', 2);
  assert.equal(log.count('gone'), 2);
});

test('pipelined requests all hear that their client is gone', async (context) => {
  const { port, log, server } = await serve(context, () => {});
  const client = raw(port, get('/1') + get('/2') + get('/3'));
  await log.has('body 0', 3);
  client.socket.destroy();
  await log.has('gone', 3);
  assert.equal(server.stats.exchanges, 0);
});

test('a connection that pipelines without end is cut, and all it asked for is over', async (context) => {
  const { port, log, server } = await serve(context, () => {}, { pipelinedMax: 10 });
  assert.equal(await raw(port, get('/').repeat(1000)).all, '');
  await log.has('gone', 10);
  assert.deepEqual([log.count('gone'), log.count('enter /'), server.stats.exchanges], [10, 10, 0]);
});

test('who was answered is never gone, and a door that cut the reply itself is not told', async (context) => {
  const { port, log, server } = await serve(context, ({ head, reply }) => {
    if (head.path === '/cut') reply.destroy();
    else answer(reply, 200, 'fine');
  });
  await raw(port, get('/', 'connection: close\r\n')).all;
  assert.equal(await raw(port, get('/cut')).all, '');
  assert.equal(server.stats.exchanges, 0);
  assert.equal(log.count('gone'), 0);
});

test('a slow reader is told to wait, drains, and gets every byte in order', async (context) => {
  const pieces = 400;
  const { port, log, door } = await serve(context, ({ reply }) => {
    reply.head(200, ['content-length', String(pieces * 10_000)]);
    let accepted = true;
    for (let at = 0; at < pieces; at++) accepted = reply.write(Buffer.alloc(10_000, at));
    assert.equal(accepted, false);
    assert.ok(reply.pendingBytes > 0);
  });
  const client = connect(port, '127.0.0.1');
  client.pause();
  client.write(get('/'));
  await log.has('body 0');
  const parts: Buffer[] = [];
  client.on('data', (bytes: Buffer) => parts.push(bytes));
  client.resume();
  await log.has('drain');
  assert.equal(door.replies[0]?.pendingBytes, 0);
  door.replies[0]?.end();
  client.end();
  await once(client, 'close');
  const whole = Buffer.concat(parts);
  const start = whole.indexOf('\r\n\r\n') + 4;
  assert.equal(whole.length - start, pieces * 10_000);
  for (let at = 0; at < pieces; at++) assert.equal(whole[start + at * 10_000 + 5000], at & 0xff);
});

test('a reader that takes nothing is cut and gone', async (context) => {
  const { port, log, server } = await serve(
    context,
    ({ reply }) => {
      reply.head(200, []);
      reply.write(Buffer.alloc(6_000_000));
    },
    { readerMsMax: 60 },
  );
  const client = connect(port, '127.0.0.1').on('error', () => {});
  client.pause();
  client.write(get('/'));
  await log.has('gone');
  assert.equal(server.stats.readersCut, 1);
  client.destroy();
});

test('a reader that takes nothing is cut although its answer ended long ago', async (context) => {
  const { port, log, server } = await serve(context, ({ reply }) => answer(reply, 200, 'x'.repeat(20_000_000)), {
    readerMsMax: 60,
  });
  const client = connect(port, '127.0.0.1').on('error', () => {});
  client.pause();
  client.write(get('/'));
  await log.has('gone');
  assert.equal(server.stats.exchanges, 0);
  client.destroy();
});

test('a reader too far behind is cut, but one large answer alone never cuts', async (context) => {
  const { port, log, server } = await serve(
    context,
    ({ head, reply }) => {
      if (head.path === '/large') {
        answer(reply, 200, 'x'.repeat(5_000_000));
        return;
      }
      reply.head(200, []);
      while (server.stats.readersCut === 0) reply.write(Buffer.alloc(1_000_000));
    },
    { readerBytesMax: 1_000_000 },
  );
  const large = await raw(port, get('/large', 'connection: close\r\n')).all;
  assert.equal(bodyOf(large).length, 5_000_000);
  const client = connect(port, '127.0.0.1').on('error', () => {});
  client.pause();
  client.write(get('/endless'));
  await log.has('gone');
  assert.equal(server.stats.readersCut, 1);
  client.destroy();
});

test('a thousand aborted requests leave no socket, no exchange, no byte and no timer behind', async (context) => {
  const { port, log, server } = await serve(context, () => {});
  const timersBefore = openTimers();
  for (let at = 1; at <= 1000; at++) {
    const client = raw(port, at % 2 === 0 ? get('/') : 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab');
    await log.has('enter /', at);
    client.socket.destroy();
    await log.has('gone', at);
  }
  assert.equal(log.count('gone'), 1000);
  const { connections, exchanges, bodyBytesInFlight } = server.stats;
  assert.deepEqual(
    { connections, exchanges, bodyBytesInFlight },
    { connections: 0, exchanges: 0, bodyBytesInFlight: 0 },
  );
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap');
  assert.ok(sockets.length <= 2, `${sockets.length} sockets are open`);
  assert.ok(openTimers() <= timersBefore + 2);
});

// ── bad wire ──

test('ambiguous framing and repeated single headers are refused without asking the door', async (context) => {
  const { port, log } = await serve(context);
  const cases: [string, string][] = [
    ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc'],
    ['length list', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3, 3\r\n\r\nabc'],
    ['length sign', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n\r\nabc'],
    [
      'length and chunked',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'chunked and length',
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n',
    ],
    ['not chunked last', 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n'],
    [
      'two codings',
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['space before colon', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length : 3\r\n\r\nabc'],
    ['folded header', 'GET / HTTP/1.1\r\nhost: a\r\nx: 1\r\n folded\r\n\r\n'],
    ['bare LF', 'GET / HTTP/1.1\nhost: a\n\n'],
    ['bare CR', 'GET / HTTP/1.1\r\nhost: a\rx: 1\r\n\r\n'],
    ['NUL', 'GET / HTTP/1.1\r\nhost: a\0\r\n\r\n'],
    ['two hosts', 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n'],
    ['two keys', get('/', 'authorization: a\r\nAuthorization: b\r\nconnection: close\r\n')],
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ];
  for (const [name, bytes] of cases) {
    const received = await raw(port, Buffer.from(bytes, 'latin1')).all;
    assert.match(received, /^HTTP\/1\.1 400 /, name);
    assert.match(received, /connection: close/i, name);
    const error = errorOf(received);
    assert.deepEqual([error.type, error.param, error.code], ['invalid_request_error', null, 'bad_http_request'], name);
  }
  assert.deepEqual(log.lines, []);
});

test('a body whose chunks break the framing is answered 400 and its visit is gone', async (context) => {
  const { port, log } = await serve(context);
  const received = await raw(port, 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc').all;
  assert.match(received, /^HTTP\/1\.1 400 /);
  await log.has('gone');
  assert.deepEqual(log.lines, ['enter /', 'gone']);
});

test('garbage after a request that is being answered cuts the connection instead of faking an answer', async (context) => {
  const { port, log } = await serve(context, () => {});
  const client = raw(port, get('/'));
  await log.has('body 0');
  client.send('garbage\r\n\r\n');
  assert.equal(await client.all, '');
  assert.deepEqual(log.lines, ['enter /', 'body 0', 'gone']);
});

test('oversized heads get 431, by bytes and by count', async (context) => {
  const { port, log } = await serve(context, echo, { headBytesMax: 4096, headersMax: 50 });
  const long = await raw(port, get('/', `x: ${'a'.repeat(5000)}\r\n`)).all;
  assert.match(long, /^HTTP\/1\.1 431 /);
  assert.equal(errorOf(long).code, 'headers_too_large');
  const longPath = await raw(port, get(`/${'a'.repeat(5000)}`)).all;
  assert.match(longPath, /^HTTP\/1\.1 431 /);
  const many = await raw(port, get('/', 'a: 1\r\n'.repeat(60) + 'connection: close\r\n')).all;
  assert.match(many, /^HTTP\/1\.1 431 /);
  assert.deepEqual(log.lines, []);
});

test('a slow-loris head is answered 408 and closed; a silent connection is closed without words', async (context) => {
  const { port, server } = await serve(context, echo, { headMsMax: 60 });
  const slow = await raw(port, 'GET / HTTP/1.1\r\nhost: a\r\nx-slow: ').all;
  assert.match(slow, /^HTTP\/1\.1 408 /);
  assert.equal(errorOf(slow).code, 'request_timeout');
  assert.equal(await raw(port).all, '');
  await server.close();
  assert.equal(server.stats.requestsRefused, 1);
});

test('CONNECT is refused; an offered upgrade is ignored and answered in HTTP/1.1', async (context) => {
  const { port, server } = await serve(context);
  const tunnel = await raw(port, 'CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n').all;
  assert.match(tunnel, /^HTTP\/1\.1 405 /);
  const upgrade = 'upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABk\r\n';
  const client = raw(port, post('body', upgrade));
  assert.match(await client.until('got 4'), /^HTTP\/1\.1 200 /);
  await client.send(post('xx')).until('got 2');
  client.socket.destroy();
  assert.equal(server.stats.requestsRefused, 1);
});

test('connections above the maximum are dropped, and there is room again when one leaves', async (context) => {
  const { port, server, log } = await serve(context, () => {}, { connectionsMax: 2 });
  const clients = [raw(port, get('/1')), raw(port, get('/2'))];
  await log.has('body 0', 2);
  assert.equal(await raw(port, get('/3')).all, '');
  assert.equal(server.stats.connectionsDropped, 1);
  clients[0]?.socket.destroy();
  await log.has('gone');
  raw(port, get('/4'));
  await log.has('enter /4');
});

// ── bugs ──

test('a bug in the door is reported and answered 500, and the server lives on', async (context) => {
  const { port, log } = await serve(context, ({ head, reply }) => {
    if (head.path === '/late') {
      reply.head(200, []);
      reply.write(text('begun'));
    }
    if (head.path !== '/fine') throw new Error(`bug at ${head.path}`);
    answer(reply, 200, 'fine');
  });
  const early = await raw(port, get('/bug', 'connection: close\r\n')).all;
  assert.match(early, /^HTTP\/1\.1 500 /);
  assert.equal(errorOf(early).code, 'internal_error');
  assert.match(await raw(port, get('/body', 'connection: close\r\n')).all, /^HTTP\/1\.1 500 /);
  const late = await raw(port, get('/late')).all;
  assert.doesNotMatch(late, /0\r\n\r\n$/);
  assert.match(await raw(port, get('/fine', 'connection: close\r\n')).all, /fine$/);
  assert.deepEqual(
    log.lines.filter((line) => line.startsWith('bug')),
    ['bug door.enter: a bug in the door', 'bug visit.onBody: bug at /body', 'bug visit.onBody: bug at /late'],
  );
});

test('a header value that cannot be sent becomes a 500 and a reported bug', async (context) => {
  const { port, log } = await serve(context, ({ reply }) => {
    reply.head(200, ['x-model', 'a\r\nset-cookie: b']);
    reply.end(text('never'));
  });
  const received = await raw(port, get('/', 'connection: close\r\n')).all;
  assert.match(received, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(received, /set-cookie|never/);
  await log.has('gone');
  assert.equal(log.lines.filter((line) => line.startsWith('bug reply.head')).length, 1);
});

// ── draining ──

test('a drain refuses new connections, finishes streams, and closes kept connections with their next answer', async (context) => {
  const { port, door, log, server } = await serve(context, ({ head, reply }, bytes) => {
    if (head.path !== '/stream') {
      answer(reply, 200, `got ${bytes.length}`);
      return;
    }
    reply.head(200, []);
    reply.write(text('begun'));
  });
  const stream = raw(port, get('/stream'));
  await stream.until('begun');
  const kept = raw(port, post('one'));
  await kept.until('got 3');
  server.stopAccepting();
  const [error] = await once(connect(port, '127.0.0.1'), 'error');
  assert.equal(error.code, 'ECONNREFUSED');
  const last = await kept.send(post('last')).all;
  assert.match(last, /connection: close[^]*got 4$/i);
  let closed = false;
  const closing = server.close().then(() => (closed = true));
  assert.equal(server.stats.connections, 1);
  door.replies[0]?.write(text('more'));
  await stream.until('more');
  assert.equal(closed, false);
  door.replies[0]?.end();
  assert.match(await stream.all, /more\r\n0\r\n\r\n$/);
  await closing;
  assert.equal(log.count('gone'), 0);
});

test('closing cuts idle connections at once, and destroyAll cuts the rest', async (context) => {
  const { port, log, server } = await serve(context, ({ head, reply }) => {
    if (head.path === '/idle') answer(reply, 200, 'idle');
  });
  const idle = raw(port, get('/idle'));
  await idle.until('idle');
  const busy = raw(port, get('/busy'));
  await log.has('enter /busy');
  const closed = server.close();
  await idle.all;
  server.destroyAll();
  await closed;
  await busy.all;
  assert.equal(log.count('gone'), 1);
});

test('an address in use rejects, and the server can be closed all the same', async (context) => {
  const { port } = await serve(context);
  const door = new TestDoor(new Log(), echo);
  const second = new HttpServer(door, {
    host: '127.0.0.1',
    port,
    listener: 'admin',
    clock: systemClock,
    timers: systemTimers,
    heapPressure: () => 0,
    onBug: () => {},
  });
  await assert.rejects(second.listen(), { code: 'EADDRINUSE' });
  await second.close();
});

test('an ordinary keep-alive client reuses its connection over many requests', async (context) => {
  const { port, server } = await serve(context);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  context.after(() => agent.destroy());
  for (let at = 0; at < 20; at++) {
    const outgoing = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent, path: '/p' });
    outgoing.end(Buffer.alloc(70_000));
    const [response] = await once(outgoing, 'response');
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, 'end');
  }
  assert.equal(server.stats.connections, 1);
});
