import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Connections } from './connections.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

async function serve(t: TestContext, onSocket: (socket: Socket, number: number) => void): Promise<Connections> {
  let number = 0;
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    onSocket(socket, number++);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connections = new Connections({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: false });
  t.after(() => {
    connections.close();
    server.close();
  });
  return connections;
}

function ask(connections: Connections): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    connections.send(request, {
      onHead: ({ status }) => (body += `${status} `),
      onBody: (bytes) => (body += bytes.toString()),
      onEnd: () => resolve(body),
      onLost: (why) => resolve(`lost after ${JSON.stringify(body)}: ${why}`),
    });
  });
}

test('one connection carries one request after the other', async (t) => {
  let sockets = 0;
  const connections = await serve(t, (socket) => {
    sockets++;
    socket.on('data', () => socket.write(ok));
  });
  for (let at = 0; at < 3; at++) assert.equal(await ask(connections), '200 ok');
  assert.equal(sockets, 1);
  assert.deepEqual(await Promise.all([ask(connections), ask(connections)]), ['200 ok', '200 ok']);
  assert.equal(sockets, 2);
});

test('a kept connection that the far side closes unheard is replaced; a new one, or one that was heard, is lost', async (t) => {
  let asked = 0;
  const connections = await serve(t, (socket, number) => {
    socket.on('data', () => {
      if (number === 0 && asked++ === 0) socket.write(ok);
      else if (number === 1) socket.end(ok.replace('OK\r\n', 'OK\r\nConnection: close\r\n'));
      else if (number === 3) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok');
      else socket.resetAndDestroy();
    });
  });
  assert.equal(await ask(connections), '200 ok');
  assert.equal(await ask(connections), '200 ok', 'sent again over a new connection');
  assert.match(await ask(connections), /^lost after "": ECONNRESET$/);
  assert.match(await ask(connections), /^lost after "200 ok": the connection was closed$/);
});

test('who cancels hears nothing more, and the far side sees it', async (t) => {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const connections = await serve(t, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'));
    socket.on('close', resolve);
  });
  const words: string[] = [];
  const call = connections.send(request, {
    onHead: () => void words.push('head'),
    onBody: () => {
      words.push('body');
      call.cancel();
    },
    onEnd: () => void words.push('end'),
    onLost: () => void words.push('lost'),
  });
  await left;
  assert.deepEqual(words, ['head', 'body']);
});

test('nobody there is lost at once', async () => {
  const connections = new Connections({ host: '127.0.0.1', port: 1, tls: false });
  assert.match(await ask(connections), /ECONNREFUSED/);
});
