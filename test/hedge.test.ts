// A hedge over real sockets: a far side that has always been quick falls silent, and a slow one answers in its place.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { healthyText } from '../src/wall/known-text.ts';
import { startWall, type Wall } from '../src/wall/wall.ts';
import { beginStream, delta, FarSide } from './support/far-side.ts';
import { type Running, runGateway } from './support/running.ts';

let quick: FarSide;
let wall: Wall;
let running: Running;

before(async () => {
  quick = await FarSide.start();
  wall = await startWall({ host: '127.0.0.1', port: 0 });
  running = await runGateway(`
upstreams:
  quick: { provider: openai-compatible, baseUrl: '${quick.baseUrl}' }
  wall: { provider: openai-compatible, baseUrl: '${new URL(wall.url).origin}/v1', tier: peak }
models:
  m: { targets: [quick/m, wall/slow-first-token-100] }
keys:
  - { key: vip-secret, name: vip, lane: vip }
`);
});
after(async () => {
  await running.end();
  await wall.stop();
  await quick.stop();
});

const ask = (): Promise<Response> =>
  fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer vip-secret' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  });

const said = (stream: string): string =>
  stream
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)) as { choices: { delta?: { content?: string | null } }[] })
    .map(({ choices }) => choices[0]?.delta?.content ?? '')
    .join('');

test(
  'a vip is answered by the second upstream, and the silent first one is hung up on',
  { timeout: 30_000 },
  async () => {
    quick.answer = (response) => {
      beginStream(response);
      delta(response, 'Hi');
      delta(response, '', 'stop');
      response.end('data: [DONE]\n\n');
    };
    for (let sent = 0; sent < 50; sent++) assert.equal(said(await (await ask()).text()), 'Hi');
    quick.answer = (response) => {
      beginStream(response);
      // Alive, and no more than that.
      response.write(': keep-alive\n\n');
    };
    const answer = await ask();
    assert.equal(answer.headers.get('x-spillway-upstream'), 'wall');
    assert.equal(answer.headers.get('x-spillway-attempts'), '2');
    assert.equal(said(await answer.text()), healthyText);
    await quick.seen.at(-1)?.aborted;
    assert.equal(quick.seen.length, 51);
    assert.equal(wall.log.length, 1);
    const page = await (await fetch(`${running.url}/metrics`)).text();
    assert.match(page, /^spillway_hedges_total\{upstream="wall",result="won"\} 1$/m);
    assert.match(page, /^spillway_upstream_in_flight\{upstream="quick"\} 0$/m);
  },
);
