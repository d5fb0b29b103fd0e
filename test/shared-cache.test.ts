// Two gateways and one Redis: what one was answered the other gives, a purge reaches both, and a Redis that dies is not missed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FarSide } from './support/far-side.ts';
import { RedisServer, until } from './support/redis.ts';
import { type Running, runGateway } from './support/running.ts';

let farSide: FarSide;
let redis: RedisServer;
let gateways: Running[];
before(async () => {
  [farSide, redis] = await Promise.all([FarSide.start(), RedisServer.start()]);
  const yaml = `
redis: { url: '${redis.url}' }
upstreams:
  far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', apiKey: k }
models:
  m: { targets: [far/m], cache: { ttlSeconds: 300 } }
`;
  gateways = await Promise.all([runGateway(yaml), runGateway(yaml)]);
});
after(async () => {
  await Promise.all(gateways.map((gateway) => gateway.end()));
  await Promise.all([farSide.stop(), redis.stop()]);
});

/** Status and `x-spillway-cache` of one gateway's answer. */
async function ask(at: number, content: string): Promise<string> {
  const response = await fetch(`${gateways[at]?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', temperature: 0, messages: [{ role: 'user', content }] }),
  });
  await response.text();
  return `${response.status} ${response.headers.get('x-spillway-cache')}`;
}

test('what one gateway was answered the other gives', async () => {
  // Each question is asked of one gateway only once: a second answer from there would be from its own memory.
  let questions = 0;
  await until(async () => {
    const content = `question ${questions++}`;
    assert.equal(await ask(0, content), '200 miss');
    return (await ask(1, content)) === '200 hit';
  });
});

test('while Redis is dead everybody is answered, and afterwards it is shared again', async () => {
  await redis.kill();
  for (let at = 0; at < 20; at++) assert.match(await ask(at % 2, `dead ${at}`), /^200 /);
  await redis.run();
  let questions = 0;
  await until(async () => {
    const content = `alive ${questions++}`;
    await ask(0, content);
    return (await ask(1, content)) === '200 hit';
  });
});
