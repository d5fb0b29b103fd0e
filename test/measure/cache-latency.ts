// What a hit takes on loopback, one request at a time over one connection: from our own memory, from Redis, and a miss
// against a far side that takes its time (log-normal, median 150 ms). The gateway is a process of its own.
//   node test/measure/cache-latency.ts [requests]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { seededChance } from '../support/chance.ts';
import { completion, FarSide, json } from '../support/far-side.ts';
import { freePort } from '../../scripts/free-port.ts';
import { RedisServer } from '../support/redis.ts';

const [requests = 5_000] = process.argv.slice(2).map(Number);
const MISSES = 200;
const ANSWER = 'Words of an answer, as models write them. '.repeat(12);
const PROMPT = 'A question, as callers put it, with some context. '.repeat(20);
const main = join(import.meta.dirname, '../../src/cli/main.ts');

const [farSide, redis] = await Promise.all([FarSide.start(), RedisServer.start()]);
const folder = mkdtempSync(join(tmpdir(), 'spillway-latency-'));
const chance = seededChance(5);
let isSlow = true;
farSide.answer = (response) => {
  const normal = Math.sqrt(-2 * Math.log(1 - chance.draw())) * Math.cos(2 * Math.PI * chance.draw());
  setTimeout(() => json(response, 200, completion(ANSWER)), isSlow ? 150 * Math.exp(0.5 * normal) : 0);
};

async function gateway(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const file = join(folder, `${port}.yaml`);
  writeFileSync(
    file,
    `port: ${port}
log: { level: silent }
stateDir: null
redis: { url: '${redis.url}' }
upstreams: { far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', apiKey: k } }
models: { m: { targets: [far/m], cache: { ttlSeconds: 3600 } } }
`,
  );
  const child = spawn(process.execPath, [main, 'up', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) if (line.includes(String(port))) break;
  child.stderr.resume();
  return {
    port,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Milliseconds, and what the cache did. */
function ask(port: number, at: number): Promise<readonly [number, string]> {
  const messages = [{ role: 'user', content: `${PROMPT} ${at}` }];
  const body = JSON.stringify({ model: 'm', temperature: 0, messages });
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ port, host: '127.0.0.1', path: '/v1/chat/completions', method: 'POST', agent, headers });
    sent.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve([performance.now() - startedAt, String(response.headers['x-spillway-cache'])]));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function measure(name: string, port: number, count: number, wanted: string, from = 0): Promise<void> {
  const values: number[] = [];
  for (let at = 0; at < count; at++) {
    const [ms, status] = await ask(port, from + at);
    if (status === wanted) values.push(ms);
  }
  values.sort((one, other) => one - other);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const at = (share: number): string => (values[Math.floor((values.length - 1) * share)] ?? Number.NaN).toFixed(2);
  console.log(
    `${name}: ${values.length} of ${count}, mean ${mean.toFixed(2)} ms, sd ${sd.toFixed(2)}, ` +
      `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
  );
}

const one = await gateway();
const other = await gateway();
try {
  await measure('miss', one.port, MISSES, 'miss');
  isSlow = false;
  for (let at = MISSES; at < requests; at++) await ask(one.port, at);
  await measure('local hit', one.port, requests, 'hit');
  await measure('Redis hit', other.port, requests, 'hit');
  await measure('local hit, of what came from Redis', other.port, requests, 'hit');
} finally {
  agent.destroy();
  await Promise.all([one.stop(), other.stop()]);
  await Promise.all([farSide.stop(), redis.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
