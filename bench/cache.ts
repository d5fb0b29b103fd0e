// `node bench/cache.ts`: what a kept answer costs when it is given again, in this process alone: from a request's head and
// body to the last byte of its answer, facts included, without sockets. And what keeping costs in memory, by filling the cache
// with more distinct keys than fit. The gate is 60 µs for a local hit, the goal 30 (issue 7).
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseConfig } from '../src/adapters/config/parse.ts';
import { nodeDigest } from '../src/adapters/digest.ts';
import { environmentOf } from '../src/adapters/environment.ts';
import { systemChance, systemClock, systemTimers } from '../src/adapters/system.ts';
import { CacheChain } from '../src/gateway/cache-chain.ts';
import { Gateway } from '../src/gateway/gateway.ts';
import { monotonicMs } from '../src/kernel/brands.ts';
import { limits } from '../src/kernel/limits.ts';
import { fail } from '../src/kernel/result.ts';
import { utf8Encode } from '../src/kernel/web.ts';
import { MemoryState } from '../src/memory/memory-state.ts';
import { TrailStore } from '../src/memory/trail-store.ts';
import type { InboundHead, Reply } from '../src/ports/door.ts';
import type { UpstreamSink } from '../src/ports/upstream.ts';
import { catalogue } from '../src/providers/catalogue.ts';

const ROUNDS = 40_000;
const WARM_UP_ROUNDS = 20_000;
const US_PER_S = 1e6;
const NS_PER_US = 1_000;
const SECRET = 'sk-bench';

const yaml = `
upstreams: { far: { provider: openai-compatible, baseUrl: 'http://far.test/v1', apiKey: far } }
models: { m: { targets: [far/m], cache: { ttlSeconds: 86400 } }, plain: { targets: [far/m] } }
keys: [{ key: ${SECRET}, name: bench }]
`;

interface Sum {
  bytes: number;
  ended: number;
}

class Sink implements Reply {
  readonly #sum: Sum;
  pendingBytes = 0;

  constructor(sum: Sum) {
    this.#sum = sum;
  }
  head(): void {}
  write(bytes: Uint8Array): boolean {
    this.#sum.bytes += bytes.length;
    return true;
  }
  end(bytes?: Uint8Array): void {
    this.#sum.bytes += bytes?.length ?? 0;
    this.#sum.ended++;
  }
  destroy(): void {}
}

/** A gateway whose far side answers at once with so many characters. */
function gateway(answerCharacters: number): Gateway {
  const parsed = parseConfig(yaml, {
    file: 'bench',
    environment: environmentOf({}),
    providers: catalogue,
    automatic: () => fail([]),
    resolvePath: (path) => path,
    whyUnreadable: () => null,
  });
  if (!parsed.ok) throw new Error(parsed.error.join('\n'));
  const content = 'Words of an answer, as models write them. '.repeat(Math.ceil(answerCharacters / 42));
  const message = { role: 'assistant', content: content.slice(0, answerCharacters) };
  const usage = { prompt_tokens: 250, completion_tokens: 120, total_tokens: 370 };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const answer = utf8Encode(JSON.stringify({ id: 'c', object: 'chat.completion', model: 'm', choices, usage }));
  const trails = new TrailStore();
  const made = new Gateway({
    ports: {
      clock: systemClock,
      timers: systemTimers,
      chance: systemChance,
      digest: nodeDigest,
      facts: trails,
      transport: () => ({
        send: (_request, sink: UpstreamSink) => {
          queueMicrotask(() => {
            sink.onHead(200, { 'content-type': 'application/json' });
            sink.onBytes(answer);
            sink.onEnd();
          });
          return { pause: () => {}, resume: () => {}, cancel: () => {} };
        },
      }),
    },
    config: parsed.value.config,
    state: new MemoryState(),
    trails,
    metrics: { serve: () => {} },
    userAgent: 'bench',
    onReload: () => {},
  });
  made.start(() => {});
  return made;
}

interface Case {
  readonly name: string;
  readonly promptCharacters: number;
  readonly answerCharacters: number;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** Microseconds of CPU per request, and nanoseconds of each, sorted. */
async function measure({ promptCharacters, answerCharacters, path, body }: Case): Promise<[number, number[]]> {
  const door = gateway(answerCharacters).door;
  const content = 'A question, as callers put it, with some context. '.repeat(Math.ceil(promptCharacters / 50));
  const messages = [{ role: 'user', content: content.slice(0, promptCharacters) }];
  const asked = { model: 'm', temperature: 0, messages, ...body };
  const bytes = utf8Encode(JSON.stringify(asked));
  const sum: Sum = { bytes: 0, ended: 0 };
  const headers = { host: 'localhost', authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
  const head = (): InboundHead => ({
    method: 'POST',
    path,
    query: '',
    headers,
    receivedAt: monotonicMs(systemClock.now()),
    remote: '127.0.0.1',
    listener: 'main',
  });
  const ask = (question = bytes): void => door.enter(head(), new Sink(sum))?.onBody(question);
  // The far side tells it whole; a stream of it is the same answer.
  ask(utf8Encode(JSON.stringify({ ...asked, stream: false })));
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (let round = 0; round < WARM_UP_ROUNDS; round++) ask();
  const costs: number[] = [];
  const cpu = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = process.hrtime.bigint();
    ask();
    costs.push(Number(process.hrtime.bigint() - startedAt));
  }
  const { user, system } = process.cpuUsage(cpu);
  if (sum.ended !== ROUNDS + WARM_UP_ROUNDS + 1) throw new Error(`${sum.ended} answers`);
  return [(user + system) / ROUNDS, costs.toSorted((left, right) => left - right)];
}

/** Bytes of memory per budgeted byte, after a million distinct keys; answers of 200 bytes to 4 KB. */
async function memoryShare(): Promise<{ readonly entries: number; readonly share: number }> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = async (): Promise<number> => {
    // Buffers are given back by a sweeper of their own, after the collection.
    for (let time = 0; time < 3; time++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const chain = new CacheChain({ clock: systemClock, timers: systemTimers });
  const before = await held();
  const now = systemClock.wall();
  const later = (now + 86_400_000) as typeof now;
  const usage = { promptTokens: 250, completionTokens: 120, cachedTokens: null, reasoningTokens: null } as const;
  for (let at = 0; at < 1_000_000; at++) {
    const size = 200 + ((at * 7919) % 3_800);
    chain.put(
      nodeDigest.sha256(String(at)),
      {
        model: 'm',
        tenant: '0123456789abcdef',
        namespace: '',
        tag: '0123456789abcdef0123456789abcdef',
        upstreamModel: 'm',
        createdAt: now,
        freshUntil: later,
        keepUntil: later,
        madeInMs: 100,
        usage: { ...usage, source: 'provider' },
        costMicroUsd: 5,
        answer: utf8Encode('x'.repeat(size)),
      },
      now,
    );
  }
  const share = ((await held()) - before) / limits.cacheBytesMax;
  const entries = chain.gauges().find(({ name }) => name === 'cache_entries')?.value ?? 0;
  return { entries, share };
}

const chat = '/v1/chat/completions';
const cases: readonly Case[] = [
  { name: 'hit, 1 KB asked, 0.5 KB told', promptCharacters: 1_000, answerCharacters: 500, path: chat, body: {} },
  {
    name: 'the same, streamed',
    promptCharacters: 1_000,
    answerCharacters: 500,
    path: chat,
    body: { stream: true },
  },
  { name: 'hit, 10 KB asked, 4 KB told', promptCharacters: 10_000, answerCharacters: 4_000, path: chat, body: {} },
  {
    name: 'hit through /v1/messages, 1 KB',
    promptCharacters: 1_000,
    answerCharacters: 500,
    path: '/v1/messages',
    body: { max_tokens: 500 },
  },
];
const us = (sorted: readonly number[], share: number): string =>
  ((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN) / NS_PER_US).toFixed(1).padStart(8);

console.log(`${'local hit'.padEnd(34)}  CPU µs   p50 µs   p99 µs    per s`);
for (const one of cases) {
  const [cpuUs, sorted] = await measure(one);
  const perSecond = Math.round(US_PER_S / cpuUs);
  console.log(
    one.name.padEnd(34),
    cpuUs.toFixed(1).padStart(7),
    us(sorted, 0.5),
    us(sorted, 0.99),
    `${perSecond}`.padStart(8),
  );
}
const { entries, share } = await memoryShare();
console.log(`memory: ${entries} entries of 1,000,000 keys hold ${(share * 100).toFixed(1)} % of their budget`);
process.exit(0);
