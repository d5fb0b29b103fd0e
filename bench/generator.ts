// `node scripts/run.cjs bench/generator.ts [requests/s] [events per answer] [ms between events]`: how much load the load
// generator can put on before it is the bottleneck itself. `spillway load` runs on one core against a far side on another that
// does next to nothing: it sends a fixed event to each open stream at an even pace. Without arguments it runs the cases of
// docs/load.md. What it prints is what the generator says of itself, and the processor time it took.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { cores, endChildrenWithUs, startChild } from './child.ts';
import { HttpMessages } from './http-messages.ts';

interface Case {
  readonly requestsPerSecond: number;
  readonly events: number;
  readonly gapMs: number;
}

const cases: readonly Case[] = [
  { requestsPerSecond: 500, events: 10, gapMs: 20 },
  { requestsPerSecond: 1_000, events: 10, gapMs: 20 },
  { requestsPerSecond: 2_000, events: 10, gapMs: 20 },
  { requestsPerSecond: 3_000, events: 10, gapMs: 20 },
  { requestsPerSecond: 300, events: 30, gapMs: 1_000 },
  { requestsPerSecond: 150, events: 300, gapMs: 200 },
];
const SECONDS_MIN = 10;
const TICK_MS = 5;

const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const event =
  'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"0000 "},"logprobs":null,"finish_reason":null}]}\n\n';
const last =
  'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Answers any request with `events` events; streams whose next event falls into the same tick lie in one list. */
function serveMock({ events, gapMs }: Case): void {
  const opening = Buffer.from(head + chunk(event));
  const more = Buffer.from(chunk(event));
  const ending = Buffer.from(`${chunk(last)}0\r\n\r\n`);
  const ticks = Math.max(1, Math.round(gapMs / TICK_MS));
  const wheel: { socket: Socket; left: number }[][] = Array.from({ length: ticks }, () => []);
  let at = 0;
  const startedAt = performance.now();
  setInterval(() => {
    for (; at < (performance.now() - startedAt) / TICK_MS; at++) {
      const due = wheel[at % ticks] ?? [];
      wheel[at % ticks] = due.filter((stream) => {
        stream.left--;
        stream.socket.write(stream.left > 0 ? more : ending);
        return stream.left > 0 && stream.socket.writable;
      });
    }
  }, 1);
  const server = createServer({ noDelay: true }, (socket) => {
    const messages = new HttpMessages(() => {
      socket.write(opening);
      wheel[(at + ticks - 1) % ticks]?.push({ socket, left: events });
    });
    socket.on('data', (bytes: Buffer) => messages.push(bytes));
    socket.on('error', () => socket.destroy());
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
    console.log((server.address() as AddressInfo).port);
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

interface Told {
  readonly all: { readonly offered: number; readonly answered: number; readonly gapMs: { readonly p99: number } };
  readonly generator: {
    readonly latenessMs: { readonly p50: number; readonly p99: number };
    readonly loopLagMsP99: number;
    readonly busyShareMax: number;
    readonly cpuMs: number;
    readonly openPeak: number;
    readonly bottleneck: readonly string[];
  };
}

async function measure(one: Case): Promise<string> {
  const { requestsPerSecond, events, gapMs } = one;
  const node = process.execPath;
  const mock = startChild('mock', [node, import.meta.filename, 'mock', JSON.stringify(one)], {
    core: cores.around,
    stdout: 'pipe',
  });
  const port = await firstLine(mock.process.stdout);
  // Long enough that as many streams are open as will ever be.
  const seconds = Math.max(SECONDS_MIN, Math.ceil((events * gapMs) / 1_000) + 5);
  const spillway = `${import.meta.dirname}/../src/cli/main.ts`;
  const options = `--model m --prompt 100 --open 18000 --slo vip=60,standard=60,batch=60 --json`.split(' ');
  const aim = ['--url', `http://127.0.0.1:${port}/v1`, '--rate', `${requestsPerSecond}`, '--duration', `${seconds}`];
  const load = startChild('load', [node, spillway, 'load', ...aim, ...options], {
    core: cores.measured,
    stdout: 'pipe',
  });
  const { all, generator }: Told = JSON.parse(await firstLine(load.process.stdout));
  await Promise.all([mock.stop(), load.stop()]);
  const { latenessMs, loopLagMsP99, busyShareMax, cpuMs, openPeak, bottleneck } = generator;
  return [
    `${requestsPerSecond}/s`.padStart(8),
    `${openPeak}`.padStart(7),
    `${Math.round(Math.min(requestsPerSecond * events, (openPeak * 1_000) / gapMs))}/s`.padStart(9),
    `${((100 * all.answered) / all.offered).toFixed(2)} %`.padStart(10),
    `${latenessMs.p50.toFixed(1)} / ${latenessMs.p99.toFixed(1)} ms`.padStart(16),
    `${loopLagMsP99.toFixed(1)} ms`.padStart(9),
    `${Math.round(busyShareMax * 100)} %`.padStart(6),
    `${Math.round((cpuMs * requestsPerSecond) / all.offered / 10)} %`.padStart(6),
    `${Math.round((1_000 * cpuMs) / all.offered)} µs`.padStart(9),
    `  ${bottleneck.length === 0 ? 'kept up' : bottleneck.join('; ')}`,
  ].join(' ');
}

function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream?.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    stream?.on('end', () => reject(new Error('it ended without a word')));
  });
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === 'mock') return serveMock(JSON.parse(args[1] ?? '{}'));
  endChildrenWithUs();
  const [requestsPerSecond = 0, events = 10, gapMs = 20] = args.map(Number);
  console.log(`Node ${process.version}, ${availableParallelism()} cores, generator and far side on one each`);
  console.log(' offered    open    events  answered late p50 / p99      lag   busy    cpu   cpu/req');
  for (const one of requestsPerSecond > 0 ? [{ requestsPerSecond, events, gapMs }] : cases) {
    console.log(await measure(one));
  }
}

await main(process.argv.slice(2));
