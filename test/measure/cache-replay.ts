// How many calls the cache spares: traces replayed through whole gateways that share a cache, in virtual time, against a far
// side that takes 600 ms and 25 ms a token. Every request may be cached (temperature 0, one tenant), none is streamed.
//   node test/measure/cache-replay.ts [Mooncake JSON lines]
//
// within ttl: of the requests that ask what was asked before, those that ask within the time to live of the last time it was
// asked. avoided: of those, the ones that made no call of their own. The others, by cause: the answer made the last time had
// run out (who asks once in four minutes what lives for five finds every second one too old); it was being made, at another
// gateway; or it was there and was not given, which is a fault of ours.
// calls spared: of all requests, refreshes counted as calls.
// at most: both of a cache that makes answers in no time and keeps each for as long as it lives.
import { readFileSync } from 'node:fs';
import { nodeDigest } from '../../src/adapters/digest.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import type { ExchangeFact } from '../../src/kernel/facts.ts';
import { utf8Encode } from '../../src/kernel/web.ts';
import { MemoryCacheStore } from '../../src/memory/memory-cache.ts';
import { MemoryState } from '../../src/memory/memory-state.ts';
import { TrailStore } from '../../src/memory/trail-store.ts';
import { VirtualTime } from '../../src/memory/virtual-time.ts';
import type { UpstreamTransport } from '../../src/ports/upstream.ts';
import { seededChance } from '../support/chance.ts';
import { completion, config, keeping, model, target, upstream } from '../support/rig.ts';

interface Row {
  readonly atMs: number;
  readonly question: string;
  readonly answerTokens: number;
}

const GATEWAYS = 3;
const FIRST_TOKEN_MS = 600;
const TOKEN_MS = 25;
const HOUR_MS = 3_600_000;
const REQUESTS = 20_000;
const DUPLICATES = 0.7;

/** Questions by popularity (Zipf, 0.9), as many as make seven in ten requests duplicates; Poisson, over an hour. */
function zipf(seed: number): Row[] {
  const chance = seededChance(seed);
  const arrivals = Array.from({ length: REQUESTS }, () => chance.draw() * HOUR_MS).toSorted(
    (one, other) => one - other,
  );
  const draws = arrivals.map(() => chance.draw());
  let questions = 1_000;
  let rows: Row[] = [];
  for (let round = 0; round < 40; round++) {
    const pick = zipfPicker(questions, 0.9);
    rows = arrivals.map((atMs, at) => row(atMs, `q${pick(draws[at] ?? 0)}`));
    const share = 1 - new Set(rows.map(({ question }) => question)).size / rows.length;
    if (Math.abs(share - DUPLICATES) < 0.002) break;
    questions = Math.round(questions * (share > DUPLICATES ? 1.15 : 0.92));
  }
  return rows;
}

/** Seven in ten repeat one of the latest questions, the later the likelier (Zipf by rank, 1): a conversation goes on. */
function recent(seed: number): Row[] {
  const chance = seededChance(seed);
  const arrivals = Array.from({ length: REQUESTS }, () => chance.draw() * HOUR_MS).toSorted(
    (one, other) => one - other,
  );
  const latest: string[] = [];
  return arrivals.map((atMs, at) => {
    const isNew = chance.draw() >= DUPLICATES || latest.length === 0;
    const rank = isNew ? -1 : Math.floor((latest.length + 1) ** chance.draw()) - 1;
    const [question = `q${at}`] = isNew ? [] : latest.splice(Math.min(rank, latest.length - 1), 1);
    latest.unshift(question);
    return row(atMs, question);
  });
}

function zipfPicker(questions: number, exponent: number): (draw: number) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= questions; rank++) sums.push((sum += 1 / rank ** exponent));
  return (draw) => {
    const wanted = draw * sum;
    let low = 0;
    for (let high = sums.length - 1; low < high;) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Mean 68 tokens, from its name: the same question is as long each time. */
const row = (atMs: number, question: string): Row => ({
  atMs,
  question,
  answerTokens: 4 + (Number.parseInt(nodeDigest.sha256(question).slice(0, 4), 16) % 128),
});

function mooncake(file: string): Row[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { timestamp, input_length, output_length, hash_ids } = JSON.parse(line) as {
      timestamp: number;
      input_length: number;
      output_length: number;
      hash_ids: number[];
    };
    return { atMs: timestamp, question: `${hash_ids.join(' ')} ${input_length}`, answerTokens: output_length };
  });
}

interface Outcome {
  readonly duplicates: number;
  readonly within: number;
  readonly avoided: number;
  readonly ranOut: number;
  readonly inTheMaking: number;
  readonly lost: number;
  readonly calls: number;
  readonly atMost: { readonly avoided: number; readonly calls: number };
  readonly hitMs: readonly number[];
  readonly missMs: readonly number[];
}

/** An answer's making, for who asked or as a refresh. */
interface Making {
  readonly from: number;
  readonly to: number;
}

function play(rows: readonly Row[], ttlSeconds: number): Outcome {
  const time = new VirtualTime();
  const store = new MemoryCacheStore(time, 1_000_000);
  const ended = new Map<string, ExchangeFact>();
  const makings = new Map<string, Making[]>();
  const noteMaking = (fact: ExchangeFact): void => {
    const question = rows[Number(fact.requestId?.slice(1))]?.question ?? '';
    const to = time.now();
    makings.set(question, [...(makings.get(question) ?? []), { from: to - fact.durationMs, to }]);
  };
  const tokens = new Map(rows.map(({ question, answerTokens }) => [question, answerTokens]));
  let calls = 0;
  const farSide: UpstreamTransport = {
    send: ({ body }, sink) => {
      calls++;
      const { user } = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array())) as { user: string };
      const took = FIRST_TOKEN_MS + TOKEN_MS * (tokens.get(user) ?? 1);
      const timer = time.after(took, () => {
        sink.onHead(200, { 'content-type': 'application/json' });
        sink.onBytes(utf8Encode(JSON.stringify(completion(`Answer to ${user}.`))));
        sink.onEnd();
      });
      return { pause: () => {}, resume: () => {}, cancel: () => timer.cancel() };
    },
  };
  const gateways = Array.from({ length: GATEWAYS }, (_, at) => {
    const gateway = new Gateway({
      ports: {
        clock: time,
        timers: time,
        chance: seededChance(at + 1),
        digest: nodeDigest,
        facts: {
          accept: (fact) => {
            if (fact.kind !== 'exchange') return;
            if (fact.exchange.attempts > 0) noteMaking(fact.exchange);
            // A refresh goes by the name of the request that found the answer old.
            if (fact.exchange.cache?.status === 'refresh') return;
            ended.set(fact.exchange.requestId ?? '', fact.exchange);
          },
        },
        transport: () => farSide,
        cache: store.join(),
      },
      config: config({
        upstreams: { a: upstream({ baseUrl: 'http://a.test/v1' }) },
        models: { m: model([target('a')], { cache: keeping({ ttlSeconds }) }) },
      }),
      state: new MemoryState(),
      trails: new TrailStore(),
      metrics: { serve: () => {} },
      userAgent: 'measure',
      onReload: () => {},
    });
    gateway.start(() => {});
    return gateway;
  });
  const silent = { head: () => {}, write: () => true, end: () => {}, destroy: () => {}, pendingBytes: 0 };
  const chance = seededChance(99);
  for (const [at, { atMs, question }] of rows.entries()) {
    time.advance(Math.max(0, atMs - time.now()));
    const headers = { host: '127.0.0.1', 'x-request-id': `r${at}` };
    const head = { method: 'POST', path: '/v1/chat/completions', query: '', remote: '127.0.0.1' };
    const gateway = gateways[Math.floor(chance.draw() * GATEWAYS)];
    const body = { model: 'm', temperature: 0, user: question, messages: [{ role: 'user', content: question }] };
    gateway?.door
      .enter({ ...head, headers, receivedAt: time.now(), listener: 'main' }, silent)
      ?.onBody(utf8Encode(JSON.stringify(body)));
  }
  time.advance(60_000);
  return judge({ rows, ended, makings, calls, ttlMs: ttlSeconds * 1_000 });
}

interface Played {
  readonly rows: readonly Row[];
  readonly ended: ReadonlyMap<string, ExchangeFact>;
  readonly makings: ReadonlyMap<string, readonly Making[]>;
  readonly calls: number;
  readonly ttlMs: number;
}

function judge({ rows, ended, makings, calls, ttlMs }: Played): Outcome {
  const last = new Map<string, number>();
  const perfect = new Map<string, number>();
  const hitMs: number[] = [];
  const missMs: number[] = [];
  const atMost = { avoided: 0, calls: 0 };
  const count = { duplicates: 0, within: 0, avoided: 0, ranOut: 0, inTheMaking: 0, lost: 0 };
  for (const [at, { atMs, question }] of rows.entries()) {
    const fact = ended.get(`r${at}`);
    if (fact === undefined || fact.outcome !== 'answered') throw new Error(`request ${at} was not answered`);
    (fact.cache?.status === 'hit' ? hitMs : missMs).push(fact.durationMs);
    const wouldHit = atMs - (perfect.get(question) ?? Number.NEGATIVE_INFINITY) <= ttlMs;
    if (!wouldHit) {
      perfect.set(question, atMs);
      atMost.calls++;
    }
    const before = last.get(question);
    last.set(question, atMs);
    if (before === undefined) continue;
    count.duplicates++;
    if (atMs - before > ttlMs) continue;
    count.within++;
    if (wouldHit) atMost.avoided++;
    count[fact.attempts === 0 ? 'avoided' : whyCalled(makings.get(question) ?? [], atMs, ttlMs)]++;
  }
  return { ...count, calls, atMost, hitMs, missMs };
}

function whyCalled(makings: readonly Making[], atMs: number, ttlMs: number): 'lost' | 'inTheMaking' | 'ranOut' {
  if (makings.some(({ to }) => to < atMs && atMs < to + ttlMs)) return 'lost';
  return makings.some(({ from, to }) => from < atMs && atMs <= to) ? 'inTheMaking' : 'ranOut';
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

function spread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return `${mean.toFixed(0)} ms (sd ${Math.sqrt(variance).toFixed(0)})`;
}

const [file] = process.argv.slice(2);
const traces: readonly (readonly [string, readonly Row[], readonly number[]])[] = [
  ['Zipf by popularity', zipf(1), [300, 600, 1_800, 3_600]],
  ['Zipf by recency', recent(1), [300, 600, 1_800, 3_600]],
  ...(file === undefined ? [] : [['Mooncake conversations', mooncake(file), [300]] as const]),
];
for (const [name, rows, lives] of traces) {
  for (const ttlSeconds of lives) {
    const { duplicates, within, avoided, calls, atMost, hitMs, missMs, ...why } = play(rows, ttlSeconds);
    const spared = (made: number): string => percent(rows.length - made, rows.length);
    console.log(
      `${name}, ${rows.length} requests, ttl ${ttlSeconds} s: duplicates ${percent(duplicates, rows.length)}, ` +
        `of them within ttl ${percent(within, duplicates)}, of those avoided ${percent(avoided, within)} ` +
        `(at most ${percent(atMost.avoided, within)}; run out ${percent(why.ranOut, within)}, ` +
        `in the making ${percent(why.inTheMaking, within)}, lost ${percent(why.lost, within)}); ` +
        `calls spared ${spared(calls)} (at most ${spared(atMost.calls)}); ` +
        `hits ${spread(hitMs)}, all others ${spread(missMs)}`,
    );
  }
}
