import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { selfSigned } from '../../../test/support/self-signed.ts';
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { HeaderRecord } from '../../kernel/headers.ts';
import type { Route, UpstreamCall, UpstreamRequest, UpstreamSink, WireTrouble } from '../../ports/upstream.ts';
import { systemClock, systemTimers } from '../system.ts';
import { ExpressTransport, type ExpressTransportOptions } from './express-transport.ts';

/** Keeps what it is told, and wakes whoever waits for it. */
class TestSink implements UpstreamSink {
  readonly events: string[] = [];
  readonly parts: Uint8Array[] = [];
  status = 0;
  headers: HeaderRecord = {};
  bytes = 0;
  trouble: WireTrouble | null = null;
  onMore: (() => void) | null = null;
  #waiting: (() => void)[] = [];

  get text(): string {
    return Buffer.concat(this.parts).toString('latin1');
  }

  onHead(status: number, headers: HeaderRecord): void {
    this.status = status;
    this.headers = headers;
    this.#add('head');
  }

  onBytes(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.parts.push(bytes);
    this.#add('bytes');
    this.onMore?.();
  }

  onEnd(): void {
    this.#add('end');
  }

  onTrouble(trouble: WireTrouble): void {
    this.trouble = trouble;
    this.#add('trouble');
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  finished(): Promise<void> {
    return this.until(() => this.events.includes('end') || this.trouble !== null);
  }

  #add(event: string): void {
    if (event !== 'bytes' || this.events.at(-1) !== 'bytes') this.events.push(event);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

interface World {
  readonly transport: ExpressTransport;
  /** Requests that went elsewhere. */
  readonly elsewhere: UpstreamRequest[];
}

function world(context: TestContext, more: Partial<ExpressTransportOptions> = {}): World {
  const elsewhere: UpstreamRequest[] = [];
  const fallback = {
    send: (request: UpstreamRequest, sink: UpstreamSink): UpstreamCall => {
      elsewhere.push(request);
      queueMicrotask(() => sink.onTrouble({ kind: 'cancelled', message: 'elsewhere' }));
      return { pause: () => {}, resume: () => {}, cancel: () => {} };
    },
  };
  const transport = new ExpressTransport({ clock: systemClock, timers: systemTimers, fallback, ...more });
  context.after(() => transport.destroy());
  return { transport, elsewhere };
}

async function listen(context: TestContext, server: Server | ReturnType<typeof createNetServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const http = (context: TestContext, answer: RequestListener): Promise<number> =>
  listen(context, createHttpServer(answer));
const net = (context: TestContext, answer: (socket: Socket) => void): Promise<number> =>
  listen(context, createNetServer(answer));
/** Answers every request, which comes in one read, with these bytes. */
const always = (context: TestContext, bytes: string): Promise<number> =>
  net(context, (socket) => void socket.on('data', () => socket.write(bytes, 'latin1')));

const routeTo = (port: number): Route => ({
  origin: `http://127.0.0.1:${port}`,
  caFile: null,
  proxy: null,
  connectMs: 5_000,
});

function ask(route: Route, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { route, method: 'POST', path: '/v1/chat?x=1', headers: ['x-test', 'yes'], body: Buffer.from('{}'), ...more };
}

function send({ transport }: World, request: UpstreamRequest): { sink: TestSink; call: UpstreamCall } {
  const sink = new TestSink();
  const call = transport.send(request, sink);
  assert.deepEqual(sink.events, [], 'nothing is told from within send');
  return { sink, call };
}

async function finished(its: World, request: UpstreamRequest): Promise<TestSink> {
  const { sink } = send(its, request);
  await sink.finished();
  return sink;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

// ── the plain way ──

test('a request arrives as it was written and its answer comes back piece by piece', async (context) => {
  const seen: { url: string; host: string; test: string; length: string; body: string }[] = [];
  let response: ServerResponse | null = null;
  const port = await http(context, (request, answer) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      const { host = '', 'x-test': named, 'content-length': length = '' } = request.headers;
      seen.push({ url: request.url ?? '', host, test: String(named), length, body });
      response = answer;
      answer.setHeader('set-cookie', ['a=1', 'b=2']);
      answer.write('data: 1\n\n');
    });
  });
  const its = world(context);
  const { sink } = send(its, ask(routeTo(port), { body: Buffer.from('{"a":1}') }));
  await sink.until(() => sink.text === 'data: 1\n\n');
  assert.equal(its.transport.stats.inFlight, 1);
  (response as ServerResponse | null)?.end('data: 2\n\n');
  await sink.finished();
  assert.deepEqual([sink.events, sink.text], [['head', 'bytes', 'end'], 'data: 1\n\ndata: 2\n\n']);
  assert.equal(sink.headers['set-cookie'], 'a=1, b=2');
  assert.deepEqual(seen, [
    { url: '/v1/chat?x=1', host: `127.0.0.1:${port}`, test: 'yes', length: '7', body: '{"a":1}' },
  ]);
  assert.equal(its.transport.stats.inFlight, 0);
});

test('sequential sends share one connection, large bodies arrive whole, and GET has none', async (context) => {
  const sockets = new Set<Socket>();
  const port = await http(context, (request, answer) => {
    sockets.add(request.socket);
    let bytes = 0;
    request.on('data', (part: Buffer) => (bytes += part.length));
    request.on('end', () => answer.end(`${request.method} ${request.headers['content-length'] ?? 'none'} ${bytes}`));
  });
  const its = world(context);
  for (const length of [0, 5, 20_000, 3_000_000]) {
    const sink = await finished(its, ask(routeTo(port), { body: Buffer.alloc(length) }));
    assert.equal(sink.text, `POST ${length} ${length}`);
  }
  assert.equal((await finished(its, ask(routeTo(port), { method: 'GET', body: null }))).text, 'GET none 0');
  assert.equal(sockets.size, 1);
  assert.equal(its.transport.stats.pools, 1);
});

test('a thousand concurrent streams are not held back by a hidden cap, and none gets another’s bytes', async (context) => {
  const waiting: ServerResponse[] = [];
  const all = Promise.withResolvers<void>();
  const port = await http(context, (request, answer) => {
    answer.write(`${request.url} begins;`);
    waiting.push(answer);
    if (waiting.length === 1000) all.resolve();
  });
  const its = world(context);
  const sinks = Array.from({ length: 1000 }, (_, at) => send(its, ask(routeTo(port), { path: `/${at}` })).sink);
  await all.promise;
  for (const answer of waiting) answer.end(' done');
  await Promise.all(sinks.map((sink) => sink.finished()));
  for (const [at, sink] of sinks.entries()) assert.equal(sink.text, `/${at} begins; done`);
});

test('interim answers are skipped', async (context) => {
  const port = await always(context, `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n${ok}`);
  const sink = await finished(world(context), ask(routeTo(port)));
  assert.deepEqual([sink.status, sink.text], [200, 'ok']);
});

// ── which connection is used again ──

test('a connection is used again only after an answer that was whole and alone', async (context) => {
  const answers: Readonly<Record<string, [string, number]>> = {
    plain: [ok, 1],
    chunked: ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 1],
    'closing by word': [ok.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'), 2],
    'of HTTP/1.0': [ok.replace('1.1', '1.0'), 2],
    'with more behind it': [`${ok}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison`, 2],
    'kept for no time': [ok.replace('\r\n\r\n', '\r\nkeep-alive: timeout=1\r\n\r\n'), 2],
    'kept for long': [ok.replace('\r\n\r\n', '\r\nkeep-alive: timeout=100, max=9\r\n\r\n'), 1],
  };
  for (const [name, [bytes, expected]] of Object.entries(answers)) {
    let connections = 0;
    const port = await net(context, (socket) => {
      connections++;
      socket.on('data', () => socket.write(bytes));
    });
    const its = world(context);
    for (let at = 0; at < 2; at++) {
      assert.equal((await finished(its, ask(routeTo(port)))).text, 'ok', name);
      await nextTurn();
    }
    assert.equal(connections, expected, name);
  }
});

test('an idle connection that speaks, ends, or grows old is not used again', async (context) => {
  let now = 0;
  const clock = { now: () => now as MonotonicMs, wall: () => systemClock.wall() };
  const sockets: Socket[] = [];
  const port = await net(context, (socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write(ok));
  });
  const its = world(context, { clock, times: { idlePlainMsMax: 1_000, ageMsMax: 5_000 } });
  const askOnce = async (): Promise<number> => {
    assert.equal((await finished(its, ask(routeTo(port)))).text, 'ok');
    return sockets.length;
  };
  assert.equal(await askOnce(), 1);
  now += 900;
  assert.equal(await askOnce(), 1);
  now += 1_000;
  assert.equal(await askOnce(), 2);
  for (let at = 0; at < 5; at++) {
    now += 900;
    assert.equal(await askOnce(), 2);
  }
  now += 900;
  assert.equal(await askOnce(), 3);
  const spoke = once(sockets[2] as Socket, 'close');
  sockets[2]?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison');
  await spoke;
  assert.equal(await askOnce(), 4);
  const ended = once(sockets[3] as Socket, 'close');
  sockets[3]?.end();
  await ended;
  assert.equal(await askOnce(), 5);
});

test('a kept connection lost before any answer says so, and nothing is sent twice', async (context) => {
  let requests = 0;
  const port = await net(context, (socket) => {
    socket.on('data', () => (++requests === 1 ? socket.write(ok) : socket.end()));
  });
  const its = world(context);
  await finished(its, ask(routeTo(port)));
  const sink = await finished(its, ask(routeTo(port)));
  assert.equal(sink.trouble?.kind, 'reset');
  assert.match(sink.trouble?.message ?? '', /kept connection/);
  assert.equal(requests, 2);
});

test('a request is not sent on a connection that speaks or ends before it goes out: another carries it', async (context) => {
  for (const spoil of [
    (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'),
    (socket: Socket) => socket.end(),
    (socket: Socket) => socket.resetAndDestroy(),
  ]) {
    const sockets: Socket[] = [];
    const requests: number[] = [];
    const port = await net(context, (socket) => {
      const number = sockets.push(socket);
      socket.on('data', () => {
        requests.push(number);
        socket.write(ok);
      });
    });
    const its = world(context);
    await finished(its, ask(routeTo(port)));
    // From here the sockets are read once before the turn ends.
    await nextTurn();
    spoil(sockets[0] as Socket);
    const { sink } = send(its, ask(routeTo(port)));
    await sink.finished();
    assert.deepEqual([sink.text, sink.events], ['ok', ['head', 'bytes', 'end']]);
    assert.deepEqual(requests, [1, 2]);
    assert.equal(its.transport.stats.inFlight, 0);
  }
});

test('a request cancelled in its own turn is not sent, and its connection carries the next', async (context) => {
  let connections = 0;
  let requests = 0;
  const port = await net(context, (socket) => {
    connections++;
    socket.on('data', () => {
      requests++;
      socket.write(ok);
    });
  });
  const its = world(context);
  await finished(its, ask(routeTo(port)));
  const cancelled = send(its, ask(routeTo(port)));
  cancelled.call.pause();
  cancelled.call.cancel();
  assert.equal((await finished(its, ask(routeTo(port)))).text, 'ok');
  assert.deepEqual([connections, requests, cancelled.sink.events], [1, 2, []]);
  assert.equal(its.transport.stats.inFlight, 0);
});

test('an answer before the request was taken is the answer, and its connection is not used again', async (context) => {
  let connections = 0;
  const port = await net(context, (socket) => {
    connections++;
    socket.once('readable', () => socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno'));
  });
  const its = world(context);
  for (let at = 1; at <= 2; at++) {
    const sink = await finished(its, ask(routeTo(port), { body: Buffer.alloc(30_000_000) }));
    assert.deepEqual([sink.status, sink.text, connections], [413, 'no', at]);
  }
});

// ── backpressure and cancelling ──

test('a paused call stops the upstream, with bounded memory, and resumes without loss', async (context) => {
  const total = 64 * 1024 * 1024;
  const port = await http(context, (_request, answer) => {
    let written = 0;
    const pump = (): void => {
      while (written < total) {
        written += 65_536;
        if (answer.write(Buffer.alloc(65_536, written / 65_536))) continue;
        answer.once('drain', pump);
        return;
      }
      answer.end();
    };
    pump();
  });
  const { sink, call } = send(world(context), ask(routeTo(port)));
  let pauses = 0;
  sink.onMore = () => {
    if (pauses++ % 50 !== 0) return;
    call.pause();
    const before = sink.bytes;
    setTimeout(() => {
      assert.ok(sink.bytes - before < 1_000_000, `${sink.bytes - before} bytes came although paused`);
      call.resume();
      assert.equal(sink.bytes, before, 'resume does not call the sink itself');
    }, 5);
  };
  await sink.finished();
  assert.equal(sink.bytes, total);
  let at = 0;
  // What was kept from the first read on is still what it was: no read wrote over it.
  for (const part of sink.parts) {
    for (const index of [0, part.length - 1]) {
      assert.equal(part[index], (Math.floor((at + index) / 65_536) + 1) & 0xff, `byte ${at + index}`);
    }
    at += part.length;
  }
});

test('a call paused before its answer gets the head, and the rest once resumed, though the connection ended', async (context) => {
  const heads = ['content-length: 1000\r\n', '', 'transfer-encoding: chunked\r\n', 'content-length: 0\r\n'];
  for (const head of heads) {
    const body = head.includes('chunked')
      ? `3e8\r\n${'x'.repeat(1000)}\r\n0\r\n\r\n`
      : head.includes(' 0')
        ? ''
        : 'x'.repeat(1000);
    const port = await net(context, (socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`));
    });
    const { sink, call } = send(world(context), ask(routeTo(port)));
    call.pause();
    await sink.until(() => sink.events.includes('head'));
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    assert.deepEqual(sink.events, ['head'], head);
    call.pause();
    call.resume();
    call.resume();
    await sink.finished();
    assert.deepEqual([sink.bytes, sink.trouble], [head.includes(' 0') ? 0 : 1000, null], head);
  }
});

test('cancel closes the connection at the upstream and the sink hears nothing more, whenever it comes', async (context) => {
  const arrived: string[] = [];
  const closed: string[] = [];
  const port = await http(context, (request, answer) => {
    const { url = '' } = request;
    arrived.push(url);
    request.socket.on('close', () => closed.push(url));
    if (url !== '/quiet') answer.write('x'.repeat(500_000));
  });
  const its = world(context);
  const within = send(its, ask(routeTo(port), { path: '/within' }));
  within.sink.onMore = () => within.call.cancel();
  await within.sink.until(() => within.sink.bytes > 0);
  const quiet = send(its, ask(routeTo(port), { path: '/quiet' }));
  while (!arrived.includes('/quiet')) await nextTurn();
  quiet.call.cancel();
  quiet.call.cancel();
  quiet.call.resume();
  while (!closed.includes('/quiet')) await nextTurn();
  const early = send(its, ask(routeTo(port), { path: '/early' }));
  early.call.cancel();
  const after = send(its, ask(routeTo(port), { path: '/after' }));
  await after.sink.until(() => after.sink.bytes > 0);
  after.call.cancel();
  assert.deepEqual([within.sink.events, quiet.sink.events, early.sink.events], [['head', 'bytes'], [], []]);
  assert.ok(!arrived.includes('/early'), 'a request cancelled before its connection is never sent');
  assert.equal(its.transport.stats.inFlight, 0);
});

test('a thousand cancelled sends leave no connection behind', async (context) => {
  const port = await http(context, (_request, answer) => answer.write('x'));
  const its = world(context);
  for (let at = 0; at < 1000; at++) {
    const { sink, call } = send(its, ask(routeTo(port)));
    await sink.until(() => sink.bytes > 0);
    call.cancel();
  }
  await its.transport.close();
  assert.equal(its.transport.stats.inFlight, 0);
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap');
  assert.ok(sockets.length <= 4, `${sockets.length} sockets are open`);
});

// ── trouble ──

test('who refuses, does not resolve, or never finishes its handshake is connect trouble', async (context) => {
  const gone = createNetServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  const silent = await net(context, (socket) => socket.resume());
  const cases: [Route, RegExp][] = [
    [routeTo(port), /ECONNREFUSED/],
    [{ ...routeTo(80), origin: 'http://nowhere.invalid' }, /nowhere\.invalid/],
    [{ ...routeTo(silent), origin: `https://127.0.0.1:${silent}`, connectMs: 60 }, /timeout/i],
  ];
  for (const [route, words] of cases) {
    const sink = await finished(world(context), ask(route));
    assert.deepEqual([sink.trouble?.kind, sink.events], ['connect', ['trouble']]);
    assert.match(sink.trouble?.message ?? '', words);
  }
});

test('a connection lost before the head or in the middle of the answer is reset', async (context) => {
  const answers = [
    '',
    'HTTP/1.1 200 OK\r\ncontent-le',
    'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
  ];
  for (const answer of answers) {
    for (const reset of [false, true]) {
      const port = await net(context, (socket) => {
        socket.once('data', () => {
          if (reset) socket.write(answer, () => socket.resetAndDestroy());
          else socket.end(answer);
        });
      });
      const sink = await finished(world(context), ask(routeTo(port)));
      assert.equal(sink.trouble?.kind, 'reset', `${answer} ${JSON.stringify(sink.trouble)}`);
    }
  }
});

test('an answer without length that ends with its connection is an end', async (context) => {
  const port = await net(context, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'));
  });
  const sink = await finished(world(context), ask(routeTo(port)));
  assert.deepEqual([sink.text, sink.trouble], ['all of it', null]);
});

test('what is not HTTP is protocol trouble, and its connection is closed', async (context) => {
  const answers = [
    'SSH-2.0-OpenSSH_9.2\r\n',
    '\0\0\x12\x04\0\0\0\0\0\0',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    `HTTP/1.1 200 OK\r\n${`x-pad: ${'a'.repeat(1000)}\r\n`.repeat(100)}\r\n`,
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  ];
  for (const answer of answers) {
    const closed = Promise.withResolvers<void>();
    const port = await net(context, (socket) => {
      socket.on('close', () => closed.resolve());
      socket.once('data', () => socket.write(answer, 'latin1'));
    });
    const sink = await finished(world(context), ask(routeTo(port)));
    assert.equal(sink.trouble?.kind, 'protocol', JSON.stringify(sink.trouble));
    await closed.promise;
  }
});

test('a request that cannot be sent is protocol trouble, later and once', async (context) => {
  const port = await always(context, ok);
  const requests: Partial<UpstreamRequest>[] = [
    { headers: ['x', 'a\r\nb: c'] },
    { headers: ['x y', 'a'] },
    { headers: ['x\r\n', 'a'] },
    { path: '/a b' },
    { path: '/a\r\nx: y' },
    { path: 'a' },
  ];
  for (const request of requests) {
    const sink = await finished(world(context), ask(routeTo(port), request));
    assert.deepEqual([sink.events, sink.trouble?.kind], [['trouble'], 'protocol'], JSON.stringify(request));
  }
});

// ── what goes elsewhere ──

test('proxies, odd origins, odd headers and upstreams that say so go through the other transport', async (context) => {
  const port = await always(context, ok);
  const its = world(context);
  const odd: UpstreamRequest[] = [
    ask({ ...routeTo(port), proxy: 'http://127.0.0.1:1' }),
    ask({ ...routeTo(port), origin: 'http://user@127.0.0.1:1' }),
    ask({ ...routeTo(port), origin: 'ftp://127.0.0.1' }),
    ask({ ...routeTo(port), transport: 'undici' }),
    ask(routeTo(port), { headers: ['Connection', 'close'] }),
    ask(routeTo(port), { headers: ['host', 'other'] }),
    ask(routeTo(port), { headers: ['transfer-encoding', 'chunked'] }),
    ask(routeTo(port), { headers: ['content-length', '9'] }),
    ask(routeTo(port), { headers: ['expect', '100-continue'] }),
  ];
  for (const request of odd) await finished(its, request);
  assert.deepEqual(its.elsewhere, odd);
  assert.equal(its.transport.stats.sentOtherwise, odd.length);
  assert.equal((await finished(its, ask(routeTo(port)))).text, 'ok');
});

// ── compression ──

test('an upstream that compresses unasked is decoded; a bomb, a broken stream and an unknown coding are trouble', async (context) => {
  const bodies: Record<string, [string, Buffer, string | null]> = {
    '/gzip': ['gzip', gzipSync(Buffer.alloc(900_000, 'ab')), null],
    '/br': ['br', brotliCompressSync('brotli'), null],
    '/bomb': ['gzip', gzipSync(Buffer.alloc(20_000_000)), 'protocol'],
    '/broken': ['gzip', Buffer.from('no gzip at all'), 'protocol'],
    '/short': ['gzip', gzipSync('x'.repeat(1000)).subarray(0, 15), 'protocol'],
    '/unknown': ['snappy', Buffer.from('x'), 'protocol'],
  };
  const port = await http(context, (request, answer) => {
    const [encoding, body] = bodies[request.url ?? ''] ?? ['', Buffer.alloc(0)];
    answer.writeHead(200, { 'content-encoding': encoding });
    answer.end(body);
  });
  const its = world(context, { decodedBytesMax: 1_000_000 });
  for (const [path, [, , trouble]] of Object.entries(bodies)) {
    const { sink, call } = send(its, ask(routeTo(port), { path }));
    let pauses = 0;
    sink.onMore = () => {
      if (pauses++ % 5 !== 0) return;
      call.pause();
      setImmediate(() => call.resume());
    };
    await sink.finished();
    assert.equal(sink.trouble?.kind ?? null, trouble, path);
    if (path === '/gzip') assert.equal(sink.bytes, 900_000);
    if (path === '/br') assert.deepEqual([sink.text, sink.headers['content-encoding']], ['brotli', undefined]);
    assert.ok(sink.bytes <= 1_000_000);
  }
  assert.equal(its.transport.stats.inFlight, 0);
});

// ── TLS ──

test('TLS speaks http/1.1, takes sessions up, and trusts an authority only when named', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-lane-tls-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const own = selfSigned();
  const caFile = join(folder, 'ca.pem');
  const reused: boolean[] = [];
  const server = createTlsServer({ ...own, ALPNProtocols: ['h2', 'http/1.1'] }, (request, answer) => {
    const socket = request.socket as TLSSocket;
    reused.push(socket.isSessionReused());
    answer.setHeader('connection', request.url === '/close' ? 'close' : 'keep-alive');
    answer.end(`${String(socket.alpnProtocol)} ${'x'.repeat(100_000)}`);
  });
  const port = await listen(context, server);
  const its = world(context);
  const route = { ...routeTo(port), origin: `https://localhost:${port}`, caFile };
  const missing = await finished(its, ask(route));
  assert.equal(missing.trouble?.kind, 'connect');
  assert.match(missing.trouble?.message ?? '', /ca\.pem cannot be read/);
  writeFileSync(caFile, 'nonsense');
  assert.match((await finished(its, ask(route))).trouble?.message ?? '', /not a PEM certificate/);
  writeFileSync(caFile, own.cert);
  for (const path of ['/close', '/keep', '/keep']) {
    const sink = await finished(its, ask(route, { path }));
    assert.equal(sink.trouble, null);
    assert.equal(sink.text, `http/1.1 ${'x'.repeat(100_000)}`);
  }
  assert.deepEqual(reused, [false, true, true]);
  const byAddress = await finished(its, ask({ ...route, origin: `https://127.0.0.1:${port}` }));
  assert.equal(byAddress.trouble, null);
  const untrusted = await finished(its, ask({ ...route, caFile: null }));
  assert.equal(untrusted.trouble?.kind, 'connect');
  assert.match(untrusted.trouble?.message ?? '', /self-signed|SELF_SIGNED/i);
});

// ── the end ──

test('closing lets streams in flight finish and refuses new sends; destroying cuts them as cancelled', async (context) => {
  const answers: ServerResponse[] = [];
  const port = await http(context, (_request, answer) => {
    answers.push(answer);
    answer.write('begun');
  });
  for (const kind of ['close', 'destroy']) {
    const its = world(context);
    const { sink } = send(its, ask(routeTo(port)));
    await sink.until(() => sink.text === 'begun');
    const closing = kind === 'close' ? its.transport.close() : its.transport.destroy();
    const refused = await finished(its, ask(routeTo(port)));
    assert.equal(refused.trouble?.kind, 'cancelled');
    if (kind === 'close') answers.at(-1)?.end(' and done');
    await sink.finished();
    await closing;
    if (kind === 'close') assert.deepEqual([sink.text, sink.trouble], ['begun and done', null]);
    else assert.equal(sink.trouble?.kind, 'cancelled');
    assert.equal(its.transport.stats.inFlight, 0);
  }
});

test('idle connections and unused pools are closed in time, and opened anew', async (context) => {
  const closed = Promise.withResolvers<void>();
  const port = await http(context, (request, answer) => {
    request.socket.on('close', () => closed.resolve());
    answer.end('ok');
  });
  const its = world(context, { unusedMsMax: 60, sweepMs: 10 });
  assert.equal((await finished(its, ask(routeTo(port)))).text, 'ok');
  await closed.promise;
  assert.equal(its.transport.stats.pools, 0);
  assert.equal((await finished(its, ask(routeTo(port)))).text, 'ok');
});
