// How fast a Redis of the test's own is filled with request/answer pairs, and how fast one of them is read back.
//   node test/measure/redis-fill.ts [pairs] [answer bytes]
import { massInsert, type Pair } from '../../src/adapters/redis/mass-insert.ts';
import { openRedisCache } from '../../src/adapters/redis/redis-cache.ts';
import { systemChance, systemClock, systemTimers } from '../../src/adapters/system.ts';
import { wallMs } from '../../src/kernel/brands.ts';
import { utf8Encode } from '../../src/kernel/web.ts';
import { readWarmLine } from '../../src/policy/warm-file.ts';
import { cacheEntry, get } from '../support/cache-entries.ts';
import { redisConfig, RedisServer, until } from '../support/redis.ts';

const [pairs = 100_000, answerBytes = 1_500] = process.argv.slice(2).map(Number);
const words = 'the wait is long because the model is busy and every answer takes its time to be written '.split(' ');

/** A thousand different answers; each pair is read from a line as a file has it. */
const lines = Array.from({ length: 1_000 }, (_, at) => {
  const content = Array.from({ length: answerBytes / 5 }, (__, word) => words[(at * 31 + word * word) % words.length]);
  const answer = { object: 'chat.completion', choices: [{ message: { content: content.join(' ') } }] };
  return JSON.stringify({ request: { model: 'chat', messages: [{ role: 'user', content: `q${at}` }] }, answer });
});

function* drawn(): Generator<Pair> {
  const now = Date.now();
  for (let at = 0; at < pairs; at++) {
    const read = readWarmLine(lines[at % lines.length] ?? '');
    if (read === null || !read.ok) throw new Error('a line of our own is none');
    const bytes = utf8Encode(JSON.stringify(read.value.answer));
    yield { key: keyOf(at), entry: cacheEntry('', { answer: bytes, keepUntil: wallMs(now + 300_000) }) };
  }
}

const keyOf = (at: number): string => at.toString(16).padStart(64, '0');

const server = await RedisServer.start();
try {
  const config = redisConfig([server]);
  const began = performance.now();
  const usage = process.cpuUsage();
  const { kept, refused } = await massInsert(config, drawn(), Date.now);
  const { user, system } = process.cpuUsage(usage);
  console.log(`our own CPU: ${((user + system) / 1e6).toFixed(2)} s`);
  const seconds = (performance.now() - began) / 1_000;
  console.log(
    `${kept} pairs kept, ${refused} refused, ${seconds.toFixed(2)} s, ${Math.round(kept / seconds)} a second`,
  );
  const time = { clock: systemClock, timers: systemTimers, chance: systemChance };
  const cache = await openRedisCache({ ...time, config, tell: () => {} });
  await until(async () => (await get(cache, keyOf(0))) !== null);
  const waits: number[] = [];
  for (let read = 0; read < 5_000; read++) {
    const asked = performance.now();
    const entry = await get(cache, keyOf((read * 7_919) % pairs));
    if (entry !== null) waits.push(performance.now() - asked);
  }
  waits.sort((one, other) => one - other);
  const at = (share: number): string => (waits[Math.floor(waits.length * share)] ?? Number.NaN).toFixed(3);
  console.log(`${waits.length} of 5000 lookups hit: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  cache.close();
} finally {
  await server.stop();
}
