import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { brotliCompressSync, constants, createGzip, gzipSync } from 'node:zlib';
import type { HeaderRecord } from '../../kernel/headers.ts';
import type { MonotonicMs } from '../../kernel/brands.ts';
import type { Route, UpstreamCall, UpstreamRequest, UpstreamSink, WireTrouble } from '../../ports/upstream.ts';
import { systemClock, systemTimers } from '../system.ts';
import type { UndiciTransportOptions } from './transport.ts';
import { UndiciTransport } from './transport.ts';

/** Keeps what it is told, and wakes whoever waits for it. */
class TestSink implements UpstreamSink {
  readonly events: string[] = [];
  status = 0;
  headers: HeaderRecord = {};
  bytes = 0;
  text = '';
  trouble: WireTrouble | null = null;
  onBytesMore: (() => void) | null = null;
  #waiting: (() => void)[] = [];

  onHead(status: number, headers: HeaderRecord): void {
    this.status = status;
    this.headers = headers;
    this.#add('head');
  }

  onBytes(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.text.length < 100_000) this.text += Buffer.from(bytes).toString('latin1');
    this.#add('bytes');
    this.onBytesMore?.();
  }

  onEnd(): void {
    this.#add('end');
  }

  onTrouble(trouble: WireTrouble): void {
    this.trouble = trouble;
    this.#add('trouble');
  }

  get over(): boolean {
    return this.events.includes('end') || this.trouble !== null;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  finished(): Promise<void> {
    return this.until(() => this.over);
  }

  #add(event: string): void {
    if (event !== 'bytes' || this.events.at(-1) !== 'bytes') this.events.push(event);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function transportFor(context: TestContext, more: Partial<UndiciTransportOptions> = {}): UndiciTransport {
  const transport = new UndiciTransport({ clock: systemClock, timers: systemTimers, ...more });
  context.after(() => transport.destroy());
  return transport;
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

const plainRoute = (port: number): Route => ({
  origin: `http://127.0.0.1:${port}`,
  caFile: null,
  proxy: null,
  connectMs: 5000,
});

function ask(route: Route, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { route, method: 'POST', path: '/v1/chat?x=1', headers: ['x-test', 'yes'], body: Buffer.from('{}'), ...more };
}

function send(transport: UndiciTransport, request: UpstreamRequest): { sink: TestSink; call: UpstreamCall } {
  const sink = new TestSink();
  const call = transport.send(request, sink);
  assert.deepEqual(sink.events, [], 'nothing is told from within send');
  return { sink, call };
}

/** undici takes a connection back one turn of the event loop after its answer. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// ── the plain way ──

test('a request arrives as it was written and its answer comes back piece by piece', async (context) => {
  const seen: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  let response: ServerResponse | null = null;
  const port = await http(context, (request, answer) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      seen.push({ url: request.url ?? '', headers: request.headers, body });
      response = answer;
      answer.setHeader('set-cookie', ['a=1', 'b=2']);
      answer.setHeader('X-Request-Id', 'r1');
      answer.writeHead(200);
      answer.write('data: 1\n\n');
    });
  });
  const transport = transportFor(context);
  const { sink } = send(transport, ask(plainRoute(port), { body: Buffer.from('{"a":1}') }));
  await sink.until(() => sink.text === 'data: 1\n\n');
  assert.equal(transport.stats.inFlight, 1);
  (response as ServerResponse | null)?.end('data: 2\n\n');
  await sink.finished();
  assert.deepEqual(sink.events, ['head', 'bytes', 'end']);
  assert.equal(sink.text, 'data: 1\n\ndata: 2\n\n');
  assert.equal(sink.headers['set-cookie'], 'a=1, b=2');
  assert.equal(sink.headers['x-request-id'], 'r1');
  const first = seen[0];
  assert.equal(first?.url, '/v1/chat?x=1');
  assert.equal(first?.headers['x-test'], 'yes');
  assert.equal(first?.headers['content-length'], '7');
  assert.equal(first?.body, '{"a":1}');
  assert.equal(transport.stats.inFlight, 0);
});

test('a GET has no body, and sequential sends share one connection', async (context) => {
  const sockets = new Set<Socket>();
  const port = await http(context, (request, answer) => {
    sockets.add(request.socket);
    assert.equal(request.headers['content-length'], undefined);
    answer.end('ok');
  });
  const transport = transportFor(context);
  const route = plainRoute(port);
  for (let at = 0; at < 5; at++) {
    const { sink } = send(transport, ask(at % 2 === 0 ? route : { ...route }, { method: 'GET', body: null }));
    await sink.finished();
    assert.equal(sink.text, 'ok');
    await nextTurn();
  }
  assert.equal(sockets.size, 1);
  assert.equal(transport.stats.pools, 1);
});

test('two thousand concurrent streams are not held back by a hidden cap', async (context) => {
  const waiting: ServerResponse[] = [];
  const all = new TestSink();
  const port = await http(context, (_request, answer) => {
    waiting.push(answer);
    if (waiting.length === 2000) all.onEnd();
  });
  const transport = transportFor(context);
  const route = plainRoute(port);
  const sinks = Array.from({ length: 2000 }, () => send(transport, ask(route)).sink);
  await all.finished();
  for (const answer of waiting) answer.end('done');
  await Promise.all(sinks.map((sink) => sink.finished()));
  assert.ok(sinks.every((sink) => sink.text === 'done'));
});

test('interim answers are skipped', async (context) => {
  const port = await http(context, (_request, answer) => {
    answer.writeEarlyHints({ link: '</x>; rel=preload' });
    answer.writeProcessing();
    answer.end('final');
  });
  const { sink } = send(transportFor(context), ask(plainRoute(port)));
  await sink.finished();
  assert.deepEqual([sink.status, sink.text], [200, 'final']);
});

// ── backpressure and cancelling ──

test('a paused call stops the upstream, with bounded memory, and resumes without loss', async (context) => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  let stuck: (() => void) | null = null;
  const piece = Buffer.alloc(64 * 1024, 'x');
  const port = await http(context, (_request, answer) => {
    const pump = (): void => {
      while (written < total) {
        written += piece.length;
        if (answer.write(piece)) continue;
        answer.once('drain', pump);
        // Asked only after the kernel's buffers had their chance to empty.
        setTimeout(() => answer.writableNeedDrain && stuck?.(), 100);
        return;
      }
      answer.end();
    };
    pump();
  });
  const { sink, call } = send(transportFor(context), ask(plainRoute(port)));
  const isStuck = new Promise<void>((resolve) => (stuck = resolve));
  sink.onBytesMore = () => {
    sink.onBytesMore = null;
    call.pause();
  };
  await isStuck;
  assert.ok(sink.bytes < 1024 * 1024, `${sink.bytes} bytes came although paused`);
  assert.ok(written < total / 2, `${written} bytes were taken from the upstream although paused`);
  call.resume();
  assert.ok(sink.bytes < 1024 * 1024, 'resume does not call the sink itself');
  await sink.finished();
  assert.equal(sink.bytes, total);
});

test('a call paused before its answer holds the bytes back until resumed', async (context) => {
  const port = await http(context, (_request, answer) => answer.end('x'.repeat(1000)));
  const { sink, call } = send(transportFor(context), ask(plainRoute(port)));
  call.pause();
  await sink.until(() => sink.events.includes('head'));
  assert.equal(sink.bytes, 0);
  call.pause();
  call.resume();
  call.resume();
  await sink.finished();
  assert.equal(sink.bytes, 1000);
});

test('cancel closes the connection at the upstream and the sink hears nothing more', async (context) => {
  const closed = Promise.withResolvers<void>();
  const port = await http(context, (request, answer) => {
    request.socket.on('close', () => closed.resolve());
    answer.write('begun');
  });
  const transport = transportFor(context);
  const { sink, call } = send(transport, ask(plainRoute(port)));
  await sink.until(() => sink.text === 'begun');
  call.cancel();
  call.cancel();
  call.resume();
  await closed.promise;
  assert.deepEqual(sink.events, ['head', 'bytes']);
  assert.equal(transport.stats.inFlight, 0);
});

test('cancel from within onBytes, before the head, and before there is a connection', async (context) => {
  const closed = Promise.withResolvers<void>();
  let arrived: (() => void) | null = null;
  let requests = 0;
  const port = await http(context, (request, answer) => {
    requests++;
    if (request.url === '/quiet') {
      request.socket.on('close', () => closed.resolve());
      arrived?.();
    } else answer.end('x'.repeat(500_000));
  });
  const transport = transportFor(context);
  const route = plainRoute(port);
  const within = send(transport, ask(route));
  within.sink.onBytesMore = () => within.call.cancel();
  await within.sink.until(() => within.sink.bytes > 0);
  const quietArrived = new Promise<void>((resolve) => (arrived = resolve));
  const quiet = send(transport, ask(route, { path: '/quiet' }));
  await quietArrived;
  quiet.call.cancel();
  await closed.promise;
  const early = send(transport, ask({ ...route, connectMs: 4999 }));
  early.call.cancel();
  const after = send(transport, ask({ ...route, connectMs: 4999 }));
  await after.sink.finished();
  assert.deepEqual(within.sink.events, ['head', 'bytes']);
  assert.deepEqual(quiet.sink.events, []);
  assert.deepEqual(early.sink.events, []);
  assert.equal(requests, 3, 'a request cancelled before its connection is never sent');
});

test('a thousand cancelled sends leave no connection behind', async (context) => {
  const port = await http(context, (_request, answer) => answer.write('x'));
  const transport = transportFor(context);
  const route = plainRoute(port);
  for (let at = 0; at < 1000; at++) {
    const { sink, call } = send(transport, ask(route));
    await sink.until(() => sink.bytes > 0);
    call.cancel();
  }
  await transport.close();
  assert.equal(transport.stats.inFlight, 0);
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap');
  assert.ok(sockets.length <= 4, `${sockets.length} sockets are open`);
});

// ── trouble ──

test('a refused connection is connect trouble', async (context) => {
  const server = createNetServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const { sink } = send(transportFor(context), ask(plainRoute(port)));
  await sink.finished();
  assert.equal(sink.trouble?.kind, 'connect');
  assert.match(sink.trouble?.message ?? '', /ECONNREFUSED/);
});

test('a name that does not resolve is connect trouble', async (context) => {
  const route = { ...plainRoute(80), origin: 'http://nowhere.invalid' };
  const { sink } = send(transportFor(context), ask(route));
  await sink.finished();
  assert.equal(sink.trouble?.kind, 'connect');
  assert.match(sink.trouble?.message ?? '', /nowhere\.invalid/);
});

test('a TLS handshake that never ends is connect trouble after connectMs', async (context) => {
  const port = await net(context, (socket) => socket.resume());
  const { sink } = send(
    transportFor(context),
    ask({ ...plainRoute(port), origin: `https://127.0.0.1:${port}`, connectMs: 60 }),
  );
  await sink.finished();
  assert.equal(sink.trouble?.kind, 'connect');
  assert.match(sink.trouble?.message ?? '', /timeout/i);
});

test('a connection lost before the head or in the middle of the answer is reset', async (context) => {
  const heads: Record<string, string> = {
    silent: '',
    partial: 'HTTP/1.1 200 OK\r\ncontent-le',
    length: 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc',
    'length, closing': 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nabc',
    chunked: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
    'chunked, closing': 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
  };
  const transport = transportFor(context);
  for (const [name, head] of Object.entries(heads)) {
    for (const reset of [false, true]) {
      const port = await net(context, (socket) => {
        socket.once('data', () => {
          if (reset) socket.write(head, () => socket.resetAndDestroy());
          else socket.end(head);
        });
      });
      const { sink } = send(transport, ask(plainRoute(port)));
      await sink.finished();
      assert.equal(sink.trouble?.kind, 'reset', `${name}: ${JSON.stringify(sink.trouble)} ${sink.events.join()}`);
      // A reset may overtake the bytes before it, so only the orderly close proves what came through.
      if (!reset && name.includes('closing')) assert.equal(sink.text, 'abc', name);
    }
  }
});

test('an answer without length that ends with its connection is an end', async (context) => {
  const port = await net(context, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'));
  });
  const { sink } = send(transportFor(context), ask(plainRoute(port)));
  await sink.finished();
  assert.deepEqual([sink.text, sink.trouble], ['all of it', null]);
});

test('what is not HTTP, and a head without measure, are protocol trouble', async (context) => {
  const answers: Record<string, string> = {
    garbage: 'SSH-2.0-OpenSSH_9.2\r\n',
    'HTTP/2 preface': '\0\0\x12\x04\0\0\0\0\0\0',
    'chunk size': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    'large head': `HTTP/1.1 200 OK\r\n${`x-pad: ${'a'.repeat(1000)}\r\n`.repeat(100)}\r\n`,
    'unasked 101': 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  };
  const transport = transportFor(context);
  for (const [name, answer] of Object.entries(answers)) {
    const port = await net(context, (socket) => void socket.once('data', () => socket.write(answer)));
    const { sink } = send(transport, ask(plainRoute(port)));
    await sink.finished();
    assert.equal(sink.trouble?.kind, 'protocol', `${name}: ${JSON.stringify(sink.trouble)}`);
  }
});

test('a kept connection that was closed meanwhile is not used again', async (context) => {
  let connections = 0;
  const port = await net(context, (socket) => {
    connections++;
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  });
  const transport = transportFor(context);
  const route = plainRoute(port);
  for (let at = 1; at <= 20; at++) {
    const { sink } = send(transport, ask(route));
    await sink.finished();
    assert.equal(sink.text, 'ok', JSON.stringify(sink.trouble));
    assert.equal(connections, at);
  }
});

test('a kept connection lost before any answer says so in its message', async (context) => {
  const port = await net(context, (socket) => {
    let requests = 0;
    socket.on('data', () => {
      if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      else socket.end();
    });
  });
  const transport = transportFor(context);
  const route = plainRoute(port);
  const first = send(transport, ask(route));
  await first.sink.finished();
  await nextTurn();
  const second = send(transport, ask(route));
  await second.sink.finished();
  assert.equal(second.sink.trouble?.kind, 'reset');
  assert.match(second.sink.trouble?.message ?? '', /kept connection/);
});

test('a request that cannot be sent is protocol trouble, later and once', async (context) => {
  const port = await http(context, (_request, answer) => answer.end());
  const { sink } = send(transportFor(context), ask(plainRoute(port), { headers: ['x', 'a\r\nb: c'] }));
  await sink.finished();
  assert.deepEqual([sink.events, sink.trouble?.kind], [['trouble'], 'protocol']);
});

// ── compression ──

test('an upstream that compresses unasked is decoded as it streams', async (context) => {
  const gzip = createGzip();
  const port = await http(context, (request, answer) => {
    if (request.url === '/br') {
      answer.writeHead(200, { 'content-encoding': 'br' });
      answer.end(brotliCompressSync('brotli'));
      return;
    }
    answer.writeHead(200, { 'content-encoding': 'gzip' });
    gzip.pipe(answer);
    gzip.write('data: 1\n\n');
    gzip.flush(constants.Z_SYNC_FLUSH);
  });
  const transport = transportFor(context);
  const { sink } = send(transport, ask(plainRoute(port)));
  await sink.until(() => sink.text === 'data: 1\n\n');
  assert.equal(sink.headers['content-encoding'], undefined);
  gzip.end('data: 2\n\n');
  await sink.finished();
  assert.equal(sink.text, 'data: 1\n\ndata: 2\n\n');
  const brotli = send(transport, ask(plainRoute(port), { path: '/br' }));
  await brotli.sink.finished();
  assert.equal(brotli.sink.text, 'brotli');
});

test('a bomb, a broken stream and an unknown encoding are protocol trouble', async (context) => {
  const bodies: Record<string, [string, Buffer]> = {
    '/bomb': ['gzip', gzipSync(Buffer.alloc(20_000_000))],
    '/broken': ['gzip', Buffer.from('no gzip at all')],
    '/short': ['gzip', gzipSync('x'.repeat(1000)).subarray(0, 15)],
    '/unknown': ['snappy', Buffer.from('x')],
  };
  const port = await http(context, (request, answer) => {
    const [encoding, body] = bodies[request.url ?? ''] ?? ['', Buffer.alloc(0)];
    answer.writeHead(200, { 'content-encoding': encoding });
    answer.end(body);
  });
  const transport = transportFor(context, { decodedBytesMax: 1_000_000 });
  for (const path of Object.keys(bodies)) {
    const { sink } = send(transport, ask(plainRoute(port), { path }));
    await sink.finished();
    assert.equal(sink.trouble?.kind, 'protocol', path);
    assert.ok(sink.bytes <= 1_000_000);
  }
  assert.equal(transport.stats.inFlight, 0);
});

test('a paused decoding call holds back and resumes without loss', async (context) => {
  const body = gzipSync(Buffer.alloc(5_000_000, 'abcdefg'));
  const port = await http(context, (_request, answer) => {
    answer.writeHead(200, { 'content-encoding': 'gzip' });
    answer.end(body);
  });
  const { sink, call } = send(transportFor(context), ask(plainRoute(port)));
  let pauses = 0;
  sink.onBytesMore = () => {
    if (pauses++ % 10 !== 0) return;
    call.pause();
    setImmediate(() => call.resume());
  };
  await sink.finished();
  assert.deepEqual([sink.bytes, sink.trouble], [5_000_000, null]);
});

// ── TLS and proxies ──

/** DER of one ASN.1 value. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

/** A self-signed certificate for `localhost` and 127.0.0.1, which is its own authority. */
function selfSigned(): { cert: string; key: string } {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('localhost')))));
  const validity = der(0x30, der(0x17, Buffer.from('250101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const names = der(0x30, der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));
  const alternative = der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, names));
  const authority = der(
    0x30,
    Buffer.from('0603551d130101ff', 'hex'),
    der(0x04, der(0x30, Buffer.from('0101ff', 'hex'))),
  );
  const content = der(
    0x30,
    der(0xa0, Buffer.from('020102', 'hex')),
    Buffer.from('020101', 'hex'),
    algorithm,
    name,
    validity,
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, authority, alternative)),
  );
  const signature = sign('sha256', content, keys.privateKey);
  const whole = der(0x30, content, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  const cert = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  return { cert, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

async function tlsWorld(context: TestContext): Promise<{ port: number; caFile: string; folder: string }> {
  const own = selfSigned();
  const folder = mkdtempSync(join(tmpdir(), 'spillway-tls-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, own.cert);
  const server = createTlsServer(own, (request, answer) => answer.end(`secret ${request.url}`));
  return { port: await listen(context, server), caFile, folder };
}

test('an authority of its own is trusted when named, refused when not', async (context) => {
  const { port, caFile } = await tlsWorld(context);
  const transport = transportFor(context);
  const route = { ...plainRoute(port), origin: `https://localhost:${port}` };
  const trusted = send(transport, ask({ ...route, caFile }));
  await trusted.sink.finished();
  assert.equal(trusted.sink.text, 'secret /v1/chat?x=1', JSON.stringify(trusted.sink.trouble));
  const byAddress = send(transport, ask({ ...route, caFile, origin: `https://127.0.0.1:${port}` }));
  await byAddress.sink.finished();
  assert.equal(byAddress.sink.trouble, null);
  const untrusted = send(transport, ask(route));
  await untrusted.sink.finished();
  assert.equal(untrusted.sink.trouble?.kind, 'connect');
  assert.match(untrusted.sink.trouble?.message ?? '', /self-signed|SELF_SIGNED/i);
});

test('an authority file that is missing or no certificate is connect trouble in words, until it is put right', async (context) => {
  const { port, caFile, folder } = await tlsWorld(context);
  const transport = transportFor(context);
  const late = join(folder, 'late.pem');
  const route = { ...plainRoute(port), origin: `https://localhost:${port}`, caFile: late };
  const missing = send(transport, ask(route));
  await missing.sink.finished();
  assert.equal(missing.sink.trouble?.kind, 'connect');
  assert.match(missing.sink.trouble?.message ?? '', /late\.pem cannot be read/);
  writeFileSync(late, 'nonsense');
  const wrong = send(transport, ask(route));
  await wrong.sink.finished();
  assert.match(wrong.sink.trouble?.message ?? '', /not a PEM certificate/);
  rmSync(late);
  const { readFileSync } = await import('node:fs');
  writeFileSync(late, readFileSync(caFile));
  const right = send(transport, ask(route));
  await right.sink.finished();
  assert.equal(right.sink.trouble, null);
});

/** A proxy that tunnels CONNECT and forwards absolute URLs, noting what it did. */
function proxyServer(notes: string[]): Server {
  const proxy = createHttpServer((request, answer) => {
    notes.push(`forward ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    const outgoing = httpRequest(request.url ?? '', { method: request.method ?? 'GET' }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    request.pipe(outgoing);
  });
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    notes.push(`connect ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    const target = new URL(`http://${request.url}`);
    if (target.hostname === 'silent.invalid') return;
    if (target.hostname === 'denied.invalid') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const onward = connect(Number(target.port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
  return proxy;
}

test('a proxied route forwards plain requests and tunnels TLS, with the proxy’s credentials', async (context) => {
  const notes: string[] = [];
  const proxyPort = await listen(context, proxyServer(notes));
  const { port: tlsPort, caFile } = await tlsWorld(context);
  const port = await http(context, (request, answer) => answer.end(`plain ${request.url} ${request.headers.host}`));
  const proxy = `http://user:p%40ss@127.0.0.1:${proxyPort}`;
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  const transport = transportFor(context);
  const plain = send(transport, ask({ ...plainRoute(port), proxy }));
  await plain.sink.finished();
  assert.equal(plain.sink.text, `plain /v1/chat?x=1 127.0.0.1:${port}`, JSON.stringify(plain.sink.trouble));
  for (let at = 0; at < 2; at++) {
    const secret = send(
      transport,
      ask({ ...plainRoute(tlsPort), origin: `https://localhost:${tlsPort}`, caFile, proxy }),
    );
    await secret.sink.finished();
    assert.equal(secret.sink.text, 'secret /v1/chat?x=1', JSON.stringify(secret.sink.trouble));
    await nextTurn();
  }
  assert.deepEqual(notes, [
    `forward http://127.0.0.1:${port}/v1/chat?x=1 ${authorization}`,
    `connect localhost:${tlsPort} ${authorization}`,
  ]);
});

test('a proxy that denies, is gone, wants a password or never answers is trouble, not a hang', async (context) => {
  const proxyPort = await listen(context, proxyServer([]));
  const strictPort = await http(context, (_request, answer) => {
    answer.writeHead(407);
    answer.end('x'.repeat(100_000));
  });
  const transport = transportFor(context);
  const cases: [string, string, string][] = [
    ['https://denied.invalid', `http://127.0.0.1:${proxyPort}`, 'connect'],
    ['https://silent.invalid', `http://127.0.0.1:${proxyPort}`, 'connect'],
    ['https://upstream.invalid', 'http://127.0.0.1:1', 'connect'],
    ['http://upstream.invalid', `http://127.0.0.1:${strictPort}`, 'protocol'],
  ];
  for (const [origin, proxy, kind] of cases) {
    const { sink } = send(transport, ask({ origin, proxy, caFile: null, connectMs: 300 }));
    await sink.finished();
    assert.equal(sink.trouble?.kind, kind, `${origin} ${JSON.stringify(sink.trouble)}`);
    assert.deepEqual(sink.events, ['trouble']);
  }
});

// ── the end ──

test('closing lets streams in flight finish and refuses new sends', async (context) => {
  let response: ServerResponse | null = null;
  const port = await http(context, (_request, answer) => {
    response = answer;
    answer.write('begun');
  });
  const transport = transportFor(context);
  const { sink } = send(transport, ask(plainRoute(port)));
  await sink.until(() => sink.text === 'begun');
  const closing = transport.close();
  const refused = send(transport, ask(plainRoute(port)));
  await refused.sink.finished();
  assert.equal(refused.sink.trouble?.kind, 'cancelled');
  (response as ServerResponse | null)?.end(' and done');
  await sink.finished();
  await closing;
  assert.deepEqual([sink.text, sink.trouble], ['begun and done', null]);
});

test('destroying cuts streams in flight as cancelled', async (context) => {
  const port = await http(context, (_request, answer) => answer.write('begun'));
  const transport = transportFor(context);
  const { sink } = send(transport, ask(plainRoute(port)));
  await sink.until(() => sink.text === 'begun');
  await transport.destroy();
  await sink.finished();
  assert.equal(sink.trouble?.kind, 'cancelled');
});

test('a pool nobody uses is closed, one in use is not, and a closed one is opened anew', async (context) => {
  const closed = Promise.withResolvers<void>();
  const port = await http(context, (request, answer) => {
    if (request.url === '/stream') answer.write('begun');
    else {
      request.socket.on('close', () => closed.resolve());
      answer.end('ok');
    }
  });
  let now = 0;
  let sweep: (() => void) | null = null;
  const transport = transportFor(context, {
    clock: { now: () => now as MonotonicMs, wall: () => systemClock.wall() },
    timers: {
      after: (_delayMs, fire) => {
        sweep = fire;
        return { cancel: () => {} };
      },
    },
  });
  const route = plainRoute(port);
  const used = { ...route, connectMs: 4000 };
  await send(transport, ask(route)).sink.finished();
  const stream = send(transport, ask(used, { path: '/stream' }));
  await stream.sink.until(() => stream.sink.text === 'begun');
  now = 600_001;
  (sweep as (() => void) | null)?.();
  await closed.promise;
  assert.equal(transport.stats.pools, 1);
  const again = send(transport, ask(route));
  await again.sink.finished();
  assert.equal(again.sink.text, 'ok');
  assert.equal(stream.sink.trouble, null);
});
