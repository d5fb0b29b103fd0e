// An engine's own queue over real sockets: asked beside the traffic, at its origin's root, and never in its way.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { beginStream, delta, FarSide } from './support/far-side.ts';
import { type Running, runGateway } from './support/running.ts';

let engine: FarSide;
let running: Running;
/** Ends the answer under way. */
let finish = (): void => {};

before(async () => {
  engine = await FarSide.start();
  running = await runGateway(`
upstreams:
  gpu: { provider: vllm, baseUrl: '${engine.baseUrl}' }
models:
  m: { targets: [gpu/m] }
`);
});
after(async () => {
  await running.end();
  await engine.stop();
});

test('while an answer flows, the queue of its engine is read and shown', { timeout: 20_000 }, async () => {
  engine.answer = (response, { path }) => {
    if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end('vllm:num_requests_running{model_name="m"} 3\nvllm:num_requests_waiting{model_name="m"} 2\n');
      return;
    }
    beginStream(response);
    delta(response, 'Hello');
    finish = () => {
      delta(response, '', 'stop');
      response.end('data: [DONE]\n\n');
    };
  };
  const answer = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const waiting = async (): Promise<string | undefined> => {
    const page = await (await fetch(`${running.url}/metrics`)).text();
    return /^spillway_upstream_engine_waiting\{upstream="gpu"\} (\S+)$/m.exec(page)?.[1];
  };
  while ((await waiting()) === undefined) await sleep(20);
  assert.equal(await waiting(), '2');
  finish();
  assert.match(await answer.text(), /Hello[\s\S]*\[DONE\]/);
});
