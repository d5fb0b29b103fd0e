// `node bench/exchange.ts`: what one exchange costs without sockets, in this process alone: from a request's head and body
// through every policy to the last byte of its answer, with and without what observes it. The far side answers at once, so
// what is left is ours: the CPU time that a faster transport cannot save. `node --cpu-prof bench/exchange.ts log` says where it
// is when only the log observes.
// Thirty-two exchanges are in flight at a time, as under the chat load. CPU time of all threads, collections included.
import { openSync, writeSync } from 'node:fs';
import { parseConfig } from '../src/adapters/config/parse.ts';
import { nodeDigest } from '../src/adapters/digest.ts';
import { environmentOf } from '../src/adapters/environment.ts';
import { LineBatch } from '../src/adapters/observe/line-batch.ts';
import { createLog } from '../src/adapters/observe/pino-log.ts';
import { PrometheusPage } from '../src/adapters/observe/prometheus.ts';
import { systemChance, systemClock, systemTimers } from '../src/adapters/system.ts';
import { Gateway } from '../src/gateway/gateway.ts';
import { monotonicMs } from '../src/kernel/brands.ts';
import { fail } from '../src/kernel/result.ts';
import { utf8Encode } from '../src/kernel/web.ts';
import { FactFan } from '../src/memory/fact-fan.ts';
import { MemoryState } from '../src/memory/memory-state.ts';
import { TrailStore } from '../src/memory/trail-store.ts';
import type { InboundHead, Reply } from '../src/ports/door.ts';
import type { FactSink } from '../src/ports/fact-sink.ts';
import type { UpstreamSink, UpstreamTransport } from '../src/ports/upstream.ts';
import { catalogue } from '../src/providers/catalogue.ts';
import { benchModel, chatAnswer, chatPath, chatRequest } from './payload.ts';
import { medianOf } from './statistics.ts';

const SECRET = 'sk-bench';
const BYTES = 1_024;
const IN_FLIGHT = 32;
const BATCHES = 400;
const WARM_UP_BATCHES = 1_000;
/** Of each way of observing, in turns: a machine that slows down slows all of them down. */
const REPETITIONS = 9;

const answer = utf8Encode(chatAnswer(BYTES));
const question = utf8Encode(chatRequest(BYTES));

const transport: UpstreamTransport = {
  send: (_request, sink: UpstreamSink) => {
    queueMicrotask(() => {
      sink.onHead(200, { 'content-type': 'application/json', 'content-length': String(answer.length) });
      sink.onBytes(answer);
      sink.onEnd();
    });
    return { pause: () => undefined, resume: () => undefined, cancel: () => undefined };
  },
};

function gatewayWith(facts: FactSink): Gateway {
  const limits = { requestsPerMinute: 1e9, tokensPerMinute: 1e9, maxConcurrent: 1_000 };
  const file = {
    upstreams: {
      far: { provider: 'openai-compatible', baseUrl: 'http://far.test/v1', apiKey: 'far', discover: false },
    },
    models: { [benchModel]: { targets: [`far/${benchModel}`] } },
    keys: [{ key: SECRET, name: 'bench', limits }],
  };
  const parsed = parseConfig(JSON.stringify(file), {
    file: 'bench',
    environment: environmentOf({}),
    providers: catalogue,
    automatic: () => fail([]),
    resolvePath: (path) => path,
    whyUnreadable: () => null,
  });
  if (!parsed.ok) throw new Error(parsed.error.join('\n'));
  const clocks = { clock: systemClock, timers: systemTimers, chance: systemChance };
  const made = new Gateway({
    ports: { ...clocks, digest: nodeDigest, facts, transport: () => transport },
    config: parsed.value.config,
    state: new MemoryState(),
    trails: new TrailStore(),
    metrics: { serve: () => undefined },
    userAgent: 'bench',
    onReload: () => undefined,
  });
  made.start(() => undefined);
  return made;
}

/** A reply that counts and forgets. */
class CountingReply implements Reply {
  static ended = 0;
  readonly pendingBytes = 0;
  head(): void {}
  write(): boolean {
    return true;
  }
  end(): void {
    CountingReply.ended += 1;
  }
  destroy(): void {}
}

const headers = {
  host: '127.0.0.1:4000',
  authorization: `Bearer ${SECRET}`,
  'content-type': 'application/json',
  'content-length': String(question.length),
};

function headNow(): InboundHead {
  const receivedAt = monotonicMs(systemClock.now());
  return { method: 'POST', path: chatPath, query: '', headers, receivedAt, remote: '127.0.0.1', listener: 'main' };
}

/** µs of CPU per exchange over so many batches. */
async function run({ door }: Gateway, batches: number): Promise<number> {
  const before = CountingReply.ended;
  const start = process.cpuUsage();
  for (let batch = 0; batch < batches; batch += 1) {
    for (let one = 0; one < IN_FLIGHT; one += 1) door.enter(headNow(), new CountingReply())?.onBody(question);
    // Timers and the log's writing have their turn, as they have between two polls of the sockets.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(start);
  const ended = CountingReply.ended - before;
  if (ended !== batches * IN_FLIGHT) throw new Error(`${ended} of ${batches * IN_FLIGHT} exchanges ended`);
  return (user + system) / ended;
}

const nothing: FactSink = { accept: () => undefined };
// As standard output is written, and it is usually a pipe to somebody: here, to nobody.
const nowhere = openSync('/dev/null', 'w');
const lines = new LineBatch(systemTimers, (text) => writeSync(nowhere, text));
const log = createLog('info', { write: (text: string) => lines.write(text) }, '0');
const metrics = new PrometheusPage({ read: () => [] });
const trails = new TrailStore();
const fanOf = (sinks: readonly FactSink[]): FactSink =>
  new FactFan(sinks, (where, error) => {
    throw new Error(`${where}: ${error}`);
  });

const ways: readonly { readonly name: string; readonly facts: FactSink }[] = [
  { name: 'nobody observes', facts: nothing },
  { name: 'metrics', facts: fanOf([metrics]) },
  { name: 'log', facts: fanOf([log]) },
  { name: 'trails', facts: fanOf([trails]) },
  { name: 'all three', facts: fanOf([metrics, trails, log]) },
];

const [only] = process.argv.slice(2);
const chosen = ways.filter(({ name }) => only === undefined || name === only);
const subjects = chosen.map(({ name, facts }) => ({ name, gateway: gatewayWith(facts), micros: [] as number[] }));
for (const { gateway } of subjects) await run(gateway, WARM_UP_BATCHES);
for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
  for (const { gateway, micros } of subjects) micros.push(await run(gateway, BATCHES));
}
const bare = medianOf(subjects[0]?.micros ?? []);
console.log(`µs of CPU per exchange of ${BYTES} bytes each way, medians of ${REPETITIONS} (least), over the first`);
for (const { name, micros } of subjects) {
  const median = medianOf(micros);
  const figures = [median.toFixed(1), `(${Math.min(...micros).toFixed(1)})`, `+${(median - bare).toFixed(1)}`];
  console.log(`  ${name.padEnd(18)}${figures.map((figure) => figure.padStart(9)).join('')}`);
}
// Watches of the gateways go on for ever.
process.exit(0);
