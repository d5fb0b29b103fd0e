// The whole gateway with the express lane on: exchanges go over it on both sides, everything else is served all the same, and
// a listener with TLS serves both. What goes wrong upstream ends as it does without the lane (`spillway conduct --lane`).
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configurationFor } from '../src/apps/conduct/configuration.ts';
import { startOwnGateway } from '../src/apps/conduct/own-gateway.ts';
import { casesOf, isPlain, pairs, scenarios } from '../src/apps/conduct/scenarios.ts';
import { leftovers } from '../src/apps/conduct/storm.ts';
import { type Finding, runSuite } from '../src/apps/conduct/suite.ts';
import { healthyCall, healthyText } from '../src/wall/known-text.ts';
import { startWall, type Wall } from '../src/wall/wall.ts';
import { runGateway } from './support/running.ts';
import { selfSigned } from './support/self-signed.ts';

let wall: Wall;

before(async () => {
  wall = await startWall({ host: '127.0.0.1', port: 0 });
});
after(() => wall.stop());

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Over the agent's kept connections. */
async function ask(url: string, options: RequestOptions, body: string | null): Promise<Answer> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const headers = { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = send(url, { ...options, method: body === null ? 'GET' : 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (bytes: Buffer) => (text += bytes.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    request.on('error', reject);
    request.end(body ?? undefined);
  });
}

const chat = (stream: boolean): string =>
  JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'hello' }] });
const upstreams = (): string => `
upstreams: { far: { provider: vllm, baseUrl: '${wall.url}', discover: false, engineMetrics: false } }
models: { m: { targets: [far/healthy] } }
`;
const gauge = (metrics: string, name: string): number =>
  Number(new RegExp(`^spillway_${name} (\\d+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN);

test('whole answers and streams go over the lane, other routes behind it, and the figures count both', async (context) => {
  const gateway = await runGateway(`lane: on\n${upstreams()}`);
  context.after(() => gateway.end());
  const agents = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
  const [fast, other] = agents;
  context.after(() => agents.forEach((agent) => agent.destroy()));
  for (const stream of [false, true, false]) {
    const { status, body } = await ask(`${gateway.url}/v1/chat/completions?beta=true`, { agent: fast }, chat(stream));
    assert.equal(status, 200);
    assert.match(body, stream ? /data: \[DONE\]\n\n$/ : /"finish_reason":\s*"stop"/);
  }
  assert.equal((await ask(`${gateway.url}/v1/models`, { agent: other }, null)).status, 200);
  assert.equal((await ask(`${gateway.url}/v1/chat/completions`, { agent: other }, chat(true))).status, 200);
  const metrics = await ask(`${gateway.url}/metrics`, { agent: other }, null);
  assert.equal(gauge(metrics.body, 'connections_handed_over'), 1);
  assert.equal(gauge(metrics.body, 'open_connections'), 2);
  assert.equal(gauge(metrics.body, 'exchanges_in_flight'), 0);
});

test('over TLS the same is served with the lane on and off', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-lane-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const { cert, key } = selfSigned();
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const tls = `tls: { certFile: '${join(folder, 'cert.pem')}', keyFile: '${join(folder, 'key.pem')}' }`;
  for (const lane of ['on', 'off']) {
    const gateway = await runGateway(`lane: ${lane}\n${tls}\n${upstreams()}`);
    const agent = new TlsAgent({ keepAlive: true, ca: cert });
    context.after(async () => {
      agent.destroy();
      await gateway.end();
    });
    assert.match(gateway.url, /^https:/);
    assert.equal((await ask(`${gateway.url}/v1/chat/completions`, { agent }, chat(true))).status, 200);
    assert.equal((await ask(`${gateway.url}/health/readiness`, { agent }, null)).status, 200);
  }
});

const isHonest = ({ verdict }: Finding): boolean => verdict === 'answer' || verdict === 'error';

test('cuts, silence and garbage upstream end as they should over the lane, and nothing is left behind', async (context) => {
  const wire = /cut|reset|hang|garbage|one-byte|slow|malformed|half/;
  const cases = pairs
    .filter((pair) => isPlain(pair))
    .flatMap((pair) =>
      casesOf(
        scenarios.filter(({ behaviour }) => wire.test(behaviour)),
        pair,
      ),
    );
  assert.ok(cases.length > 20, `only ${cases.length} cases`);
  const gateway = await startOwnGateway(`lane: on\n${configurationFor(cases, wall.url)}`, 'test');
  context.after(() => gateway.stop());
  const answers = { text: healthyText, toolArguments: healthyCall.arguments };
  const findings = await runSuite(cases, { url: gateway.url, apiKey: 'k', wall, answers, onFinding: () => {} });
  // How often somebody is asked again depends on what else was asked, which is little here; it is no matter of the wire.
  const failed = findings.filter((one) => !(one.expected === 'either' ? isHonest(one) : one.verdict === one.expected));
  assert.deepEqual(
    failed.map(({ scenario, verdict, detail }) => `${scenario.title}: ${verdict}: ${detail}`),
    [],
  );
  assert.deepEqual(await leftovers(gateway.origin), []);
});
