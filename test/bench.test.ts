// The bench's instruments, proved on small numbers: a figure is worth what its counts are worth.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { cases } from '../bench/cases.ts';
import { cpuMicros, ticksOf } from '../bench/cpu.ts';
import { scenarioOf } from '../bench/figures.ts';
import type { Reading } from '../bench/figures.ts';
import { HttpMessages } from '../bench/http-messages.ts';
import { runClosedLoop } from '../bench/load/closed-loop.ts';
import type { LoopOptions } from '../bench/load/closed-loop.ts';
import { EventReader } from '../bench/load/event-reader.ts';
import { OpenStreams } from '../bench/load/open-streams.ts';
import { kilobytes, memoryOf } from '../bench/memory.ts';
import { startMockUpstream } from '../bench/mock/mock-upstream.ts';
import { chatAnswer, chatRequest, eventParts, lastEvents, requestMark, roleEvent } from '../bench/payload.ts';
import { profileTables } from '../bench/profile-tables.ts';
import { plotPage } from '../bench/report/plot-page.ts';
import { tableOf } from '../bench/report/table.ts';
import { quantileOf, spreadOf } from '../bench/statistics.ts';
import { filledIn, parseWish } from '../bench/subjects/command.ts';

const usual: LoopOptions = { connections: 8, secondsMax: 20, bytes: 1_024 };

test('generator and mock upstream count the same 600 requests over 8 connections', async () => {
  const mock = await startMockUpstream();
  const burst = await runClosedLoop({ port: mock.port, headers: [] }, { ...usual, requestsMax: 600 });
  assert.deepEqual([burst.requests, burst.errors, mock.served], [600, 0, 600]);
  const count = await fetch(`http://127.0.0.1:${mock.port}/served`);
  assert.equal(await count.text(), '600');
  mock.close();
});

test('the generator stops by the clock, and waits for what it has sent', async () => {
  const mock = await startMockUpstream();
  const burst = await runClosedLoop({ port: mock.port, headers: [] }, { ...usual, secondsMax: 0.1 });
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
  const burst = await runClosedLoop({ port, headers: [] }, { ...usual, connections: 2, requestsMax: 5 });
  // Both connections send once; one is lost with its request, the other is refused four times in all.
  assert.deepEqual([burst.requests, burst.errors], [4, 5]);
  assert.match(burst.firstError, /503 Busy|connection lost/);
  server.close();
});

test('the mock upstream answers the whole completion to a client of another make', async () => {
  const mock = await startMockUpstream();
  const answer = await fetch(`http://127.0.0.1:${mock.port}/any`, { method: 'POST', body: chatRequest(1_024) });
  assert.equal(await answer.text(), chatAnswer(1_024));
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

test('requests and answers have the size that was asked for', () => {
  for (const bytes of [300, 1_024, 51_200]) {
    const sizes = [chatRequest(bytes), chatAnswer(bytes)].map((text) => Buffer.byteLength(text));
    assert.deepEqual(sizes, [bytes, bytes]);
    assert.equal(typeof JSON.parse(chatRequest(bytes)), 'object');
  }
});

test('no two requests are the same unless they are to be', async () => {
  const bodies: string[] = [];
  const server = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      bodies.push(bytes.toString().split('\r\n\r\n')[1] ?? '');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const aim = { port: (server.address() as AddressInfo).port, headers: [] };
  await runClosedLoop(aim, { ...usual, connections: 1, requestsMax: 3 });
  assert.equal(new Set(bodies).size, 3);
  assert.ok(bodies.every((body) => body.length === 1_024 && !body.includes(requestMark)));
  await runClosedLoop(aim, { ...usual, connections: 1, requestsMax: 3, repeated: true });
  assert.equal(new Set(bodies.slice(3)).size, 1);
  server.close();
});

test('connections that are to be handed over begin with another request, which is not counted', async () => {
  const mock = await startMockUpstream();
  const options = { ...usual, requestsMax: 40, handedOver: 0.5 };
  const burst = await runClosedLoop({ port: mock.port, headers: [] }, options);
  assert.deepEqual([burst.requests, burst.errors, mock.served], [40, 0, 40]);
  mock.close();
});

test('forty streams of thirty events each arrive whole, and their delays are those of this machine', async () => {
  const mock = await startMockUpstream();
  mock.obey({ stream: { events: 30, intervalMs: 10 } });
  const options = { streams: 40, eventsPerStream: 30, bytes: 1_024 };
  const streams = new OpenStreams({ port: mock.port, headers: [] }, options);
  await happens(() => mock.streamsOpen === 40);
  mock.obey({ begin: true });
  await happens(() => streams.state().done === 40);
  const { events, errors, firstError, answered, delayP50Us } = streams.close();
  assert.deepEqual(
    { events, errors, firstError, answered },
    { events: 1_200, errors: 0, firstError: '', answered: 40 },
  );
  assert.ok(delayP50Us > 0 && delayP50Us < 1_000_000, `${delayP50Us} µs`);
  mock.close();
});

test('streams that are cut are errors', async () => {
  const mock = await startMockUpstream();
  mock.obey({ stream: { events: 1_000, intervalMs: 10 } });
  const streams = new OpenStreams(
    { port: mock.port, headers: [] },
    { streams: 3, eventsPerStream: 1_000, bytes: 1_024 },
  );
  await happens(() => mock.streamsOpen === 3);
  mock.close();
  await happens(() => streams.state().done === 3);
  assert.equal(streams.state().errors, 3);
  assert.match(streams.state().firstError, /cut after \d+ of 1000 events/);
});

async function happens(isTrue: () => boolean): Promise<void> {
  const last = performance.now() + 20_000;
  while (!isTrue()) {
    assert.ok(performance.now() < last, 'it does not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const contentEvent = (number: number): string =>
  `${eventParts.before}0000000000042,${String(number).padStart(6, '0')}${eventParts.after}`;

/** A whole answer, its text cut into chunks of so many bytes. */
function streamedAnswer(text: string, chunkBytes: number): Buffer {
  let body = '';
  for (let at = 0; at < text.length; at += chunkBytes) {
    const chunk = text.slice(at, at + chunkBytes);
    body += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`);
}

test('events are read right however they are chunked and wherever the bytes are split', () => {
  const text = roleEvent + contentEvent(0) + contentEvent(1) + lastEvents;
  for (const chunkBytes of [7, 250, 4_096]) {
    const answer = streamedAnswer(text, chunkBytes);
    for (let at = 0; at <= answer.length; at += 1) {
      const times: number[] = [];
      const reader = new EventReader((sentAt) => times.push(sentAt));
      reader.push(answer.subarray(0, at));
      reader.push(answer.subarray(at));
      const seen = { times, trouble: reader.trouble, isDone: reader.isDone };
      assert.deepEqual(seen, { times: [42, 42], trouble: '', isDone: true }, `chunks of ${chunkBytes}, split at ${at}`);
    }
  }
});

test('a content event has 250 bytes', () => {
  assert.equal(contentEvent(0).length, 250);
});

function troubleIn(answer: Buffer): string {
  const reader = new EventReader(() => undefined);
  reader.push(answer);
  return reader.trouble;
}

test('a lost event, a doubled one, a missing end and a refusal are troubles', () => {
  assert.match(troubleIn(streamedAnswer(contentEvent(0) + contentEvent(2) + lastEvents, 999)), /event 1 became/);
  assert.match(troubleIn(streamedAnswer(contentEvent(0) + contentEvent(0) + lastEvents, 999)), /event 1 became/);
  assert.match(troubleIn(streamedAnswer(contentEvent(0), 999)), /without \[DONE\]/);
  assert.match(troubleIn(Buffer.from('HTTP/1.1 500 No\r\n\r\n')), /500 No/);
});

test('CPU time is read from its two fields whatever the name of the process', () => {
  assert.equal(ticksOf('7 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20 0 1 0'), 154);
});

test('CPU time grows when a process works', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const before = cpuMicros(process.pid);
  const start = process.cpuUsage();
  for (let used = 0; used < 50_000;) {
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
  const grown = cpuMicros(process.pid) - before;
  assert.ok(grown > 30_000 && grown < 500_000, `${grown} µs`);
});

test('a spread lies between its neighbours', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, p25: 1.75, p75: 3.25, min: 1, of: 4 });
  assert.ok(Number.isNaN(quantileOf([], 0.5)));
});

test('memory is read from /proc by its name', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  assert.equal(kilobytes('Rss:   123 kB\nPss:    45 kB\nPss_Anon: 6 kB\n', 'Pss'), 45);
  const { rssKb, pssKb } = memoryOf(process.pid);
  assert.ok(rssKb >= pssKb && pssKb > 1_000, `${rssKb} and ${pssKb} kB`);
});

test('a peer is named and told where things are', () => {
  assert.deepEqual(parseWish('mine=run --port {port} a=b'), { name: 'mine', command: 'run --port {port} a=b' });
  assert.throws(() => parseWish('no command'), /name=command/);
  assert.equal(filledIn('run {port} {upstream} {other}', { port: '1', upstream: 'u' }), 'run 1 u {other}');
});

test('cases have names of their own', () => {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

const reading = (subject: string, launch: number, cpuUsPerRequest: number): Reading => ({
  subject,
  launch,
  version: '1',
  values: { cpuUsPerRequest, requestsPerSecond: 1_000 },
});
const sample = [
  reading('nginx', 1, 10),
  reading('spillway', 1, 40),
  reading('nginx', 2, 20),
  reading('spillway', 2, 40),
  { subject: 'absent <peer>', launch: 0, version: '', values: {}, trouble: 'cannot be had' },
];

test('ratios are those of each launch, and who was not measured says why', () => {
  const scenario = scenarioOf(cases[0] ?? assert.fail(), sample);
  assert.deepEqual([scenario.ratio, scenario.ratios], [3, [4, 2]]);
  assert.deepEqual(scenario.subjects['absent <peer>'], { version: '', trouble: 'cannot be had' });
});

test('table and page of plots show every subject, and the page needs nothing from elsewhere', () => {
  const machine = { node: '24', cpu: 'x', cores: 2, pinned: true, quick: false, loadBefore: 0 };
  const scenarios = [scenarioOf(cases[0] ?? assert.fail(), sample)];
  const record = { date: '2026-11-25', commit: 'abc', dirty: false, ...machine, scenarios };
  assert.match(tableOf(record), /spillway 1 .*40.*\n.*\n.*cannot be had/);
  const page = plotPage(record, [record, record]);
  assert.match(page, /<svg[^]*spillway[^]*absent &lt;peer&gt;/);
  assert.doesNotMatch(page, /<script|https?:\/\/(?!www\.w3\.org)|@import|url\(/);
});

function frame(functionName: string, url: string): { functionName: string; url: string; lineNumber: number } {
  return { functionName, url, lineNumber: 4 };
}

test('profile tables count time that was not idle, after the warm-up, and what was called for whoever called it', () => {
  const nodes = [
    { id: 1, callFrame: frame('work', 'file:///x/src/kernel/a.ts'), children: [2] },
    { id: 2, callFrame: frame('hash', ''), children: [] },
    { id: 3, callFrame: frame('(idle)', '') },
  ];
  const profile = {
    nodes,
    samples: [2, 2, 1, 2, 2, 2, 3, 3],
    startTime: 100,
    timeDeltas: Array(8).fill(10) as number[],
  };
  const tables = profileTables(profile, { fromMicros: 130, cpuUsPerRequest: 40 });
  assert.match(tables, / 75\.0 % +30\.0 µs {2}native[^]* 25\.0 % +10\.0 µs {2}src\/kernel\n/);
  assert.match(tables, /itself alone\n +75\.0 % +30\.0 µs {2}hash\n +25\.0 % +10\.0 µs {2}work src\/kernel\/a\.ts:5/);
  assert.match(tables, /with all it calls\n +100\.0 % +40\.0 µs {2}work src\/kernel\/a\.ts:5$/);
});
