// The bench's instruments, proved on small numbers: a figure is worth what its counts are worth.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { runClosedLoop } from '../bench/closed-loop.ts';
import { cpuMicros, ticksOf } from '../bench/cpu.ts';
import { HttpMessages } from '../bench/http-messages.ts';
import { startMockUpstream } from '../bench/mock-upstream.ts';
import { chatAnswer, chatRequest } from '../bench/payload.ts';
import { selfTimes } from '../bench/profile.ts';
import { spreadOf } from '../bench/statistics.ts';

test('generator and mock upstream count the same 600 requests over 8 connections', async () => {
  const mock = await startMockUpstream();
  const options = { connections: 8, secondsMax: 20, requestsMax: 600 };
  const burst = await runClosedLoop({ port: mock.port, secret: 'sk-test' }, options);
  assert.deepEqual([burst.requests, burst.errors, mock.served], [600, 0, 600]);
  const count = await fetch(`http://127.0.0.1:${mock.port}/served`);
  assert.equal(await count.text(), '600');
  mock.close();
});

test('the generator stops by the clock, and waits for what it has sent', async () => {
  const mock = await startMockUpstream();
  const burst = await runClosedLoop({ port: mock.port, secret: 'sk-test' }, { connections: 4, secondsMax: 0.1 });
  assert.ok(burst.requests > 0 && burst.errors === 0 && burst.seconds < 10);
  assert.equal(burst.requests, mock.served);
  mock.close();
});

test('answers other than 200 and lost connections are errors', async () => {
  let connection = 0;
  const server = createServer((socket) => {
    const refuses = connection++ === 0;
    socket.on('data', () =>
      refuses ? socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n') : socket.destroy(),
    );
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const burst = await runClosedLoop({ port, secret: '' }, { connections: 2, secondsMax: 10, requestsMax: 5 });
  // Both connections send once; one is lost with its request, the other is refused four times in all.
  assert.deepEqual([burst.requests, burst.errors], [4, 5]);
  server.close();
});

test('the mock upstream answers the whole completion to a client of another make', async () => {
  const mock = await startMockUpstream();
  const answer = await fetch(`http://127.0.0.1:${mock.port}/any`, { method: 'POST', body: chatRequest });
  assert.equal(await answer.text(), chatAnswer);
  mock.close();
});

test('messages are cut right wherever the bytes are split', () => {
  const stream = Buffer.from(
    'POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello' +
      'POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n' +
      'GET /c HTTP/1.1\r\nHost: x\r\n\r\n',
  );
  for (let at = 0; at <= stream.length; at += 1) {
    const heads: string[] = [];
    const messages = new HttpMessages((head) => heads.push(head.split(' ')[1] ?? ''));
    messages.push(stream.subarray(0, at));
    messages.push(stream.subarray(at));
    assert.deepEqual(heads, ['/a', '/b', '/c'], `split at ${at}`);
  }
});

test('request and answer have 1,024 bytes', () => {
  assert.deepEqual([Buffer.byteLength(chatRequest), Buffer.byteLength(chatAnswer)], [1_024, 1_024]);
});

test('CPU time is read from its two fields whatever the name of the process', () => {
  assert.equal(ticksOf('7 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20 0 1 0'), 154);
});

test('CPU time grows when a process works', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const before = cpuMicros(process.pid);
  const until = process.cpuUsage().user + 50_000;
  while (process.cpuUsage().user < until);
  const grown = cpuMicros(process.pid) - before;
  assert.ok(grown > 30_000 && grown < 500_000, `${grown} µs`);
});

test('a spread lies between its neighbours', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, p25: 1.75, p75: 3.25, min: 1 });
});

test('self times are shares of the time that was not idle', () => {
  const nodes = ['work', '(idle)', 'rest'].map((functionName, id) => {
    const url = functionName === '(idle)' ? '' : 'file:///x/src/kernel/a.ts';
    return { id, callFrame: { functionName, url, lineNumber: 4 } };
  });
  const table = selfTimes({ nodes, samples: [0, 0, 0, 2, 1, 1, 1, 1] });
  assert.equal(
    table,
    ' 100.0 %  src/kernel/a.ts\n\n  75.0 %  work src/kernel/a.ts:5\n  25.0 %  rest src/kernel/a.ts:5',
  );
});
