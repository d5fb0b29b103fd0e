import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { attemptWith, exchangeWith, sampleExchange, sampleTrace } from '../../../test/sample-facts.ts';
import { exchangeId, targetId, upstreamName } from '../../kernel/brands.ts';
import { createTracer, tracesUrl } from './otlp.ts';
import type { Tracer } from './otlp.ts';

interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly events: readonly { readonly name: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}
interface TracesJson {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SpanJson['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly SpanJson[] }[];
  }[];
}

interface Collector {
  readonly url: string;
  readonly received: { readonly path: string; readonly type: string; readonly body: TracesJson }[];
}

async function withCollector(status: number, work: (collector: Collector) => Promise<void>): Promise<void> {
  const received: Collector['received'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const type = request.headers['content-type'] ?? '';
      received.push({ path: request.url ?? '', type, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await work({ url: `http://127.0.0.1:${port}`, received });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

let serial = 0;
const chance = { draw: () => 0.5, hex: (digits: number) => (++serial).toString(16).padStart(digits, '0') };

async function tracerFor(url: string, onTrouble: (why: string) => void = () => {}): Promise<Tracer> {
  const tracer = await createTracer({ otlpEndpoint: url }, chance, { serviceVersion: '0.1.0', onTrouble });
  assert.ok(tracer !== null);
  return tracer;
}

const spansOf = (collector: Collector): SpanJson[] =>
  collector.received.flatMap(({ body }) =>
    body.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans)),
  );

function valuesOf(attributes: SpanJson['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

test('without an endpoint there is no tracer and OpenTelemetry is not loaded', () => {
  const script = `
    import { createTracer } from ${JSON.stringify(new URL('otlp.ts', import.meta.url).href)};
    import { createRequire } from 'node:module';
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => /opentelemetry/.test(path));
    const chance = { draw: () => 0, hex: () => '0' };
    const tracer = await createTracer({ otlpEndpoint: null }, chance);
    const before = loaded();
    await createTracer({ otlpEndpoint: 'http://127.0.0.1:9' }, chance);
    console.log(JSON.stringify([tracer, before, loaded()]));`;
  const options = { encoding: 'utf8' } as const;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], options);
  assert.deepEqual(JSON.parse(stdout), [null, false, true]);
});

test('an exchange becomes a SERVER span with its own ids and a CLIENT span per attempt', async () => {
  await withCollector(200, async (collector) => {
    const tracer = await tracerFor(collector.url);
    const reserve = upstreamName('reserve');
    const target = targetId(reserve, 'org/model-7b');
    tracer.accept(attemptWith({ fault: 'overloaded', faultMessage: 'server is busy', status: 503, usage: null }));
    tracer.accept(attemptWith({ number: 2, upstream: reserve, provider: 'mistral', target }));
    tracer.accept(exchangeWith({ attempts: 2 }));
    await tracer.shutdown();

    assert.deepEqual(
      collector.received.map(({ path, type }) => [path, type]),
      [['/v1/traces', 'application/json']],
    );
    const resource = collector.received[0]?.body.resourceSpans[0]?.resource.attributes ?? [];
    assert.equal(valuesOf(resource)['service.name'], 'spillway');
    assert.equal(valuesOf(resource)['service.version'], '0.1.0');

    const [first, second, server] = spansOf(collector);
    assert.ok(first !== undefined && second !== undefined && server !== undefined);
    assert.equal(server.kind, 2);
    assert.equal(server.name, 'chat chat');
    assert.equal(server.traceId, sampleTrace.traceId);
    assert.equal(server.spanId, sampleTrace.spanId);
    assert.equal(server.parentSpanId, sampleTrace.parentSpanId);
    assert.equal(server.traceState, 'vendor=value');
    assert.equal(server.startTimeUnixNano, `${sampleExchange.startedAt}000000`);
    assert.equal(BigInt(server.endTimeUnixNano) - BigInt(server.startTimeUnixNano), 1_240_250_000n);
    assert.deepEqual(
      server.events.map((event) => event.name),
      ['authenticated', 'planned', 'sent', 'first-token', 'answered'],
    );
    const said = valuesOf(server.attributes);
    assert.equal(said['gen_ai.request.model'], 'chat');
    assert.equal(said['gen_ai.response.model'], 'deepseek-chat');
    assert.equal(said['gen_ai.usage.input_tokens'], 812);
    assert.equal(said['gen_ai.usage.cache_read.input_tokens'], 512);
    assert.equal(said['spillway.lane'], 'standard');

    assert.deepEqual([first.kind, second.kind], [3, 3]);
    assert.deepEqual([first.parentSpanId, second.parentSpanId], [server.spanId, server.spanId]);
    assert.notEqual(first.spanId, second.spanId);
    assert.deepEqual(first.status, { code: 2, message: 'server is busy' });
    assert.equal(valuesOf(first.attributes)['error.type'], 'overloaded');
    assert.equal(valuesOf(second.attributes)['gen_ai.provider.name'], 'mistral_ai');
    assert.equal(valuesOf(second.attributes)['gen_ai.request.model'], 'org/model-7b');
    assert.equal(valuesOf(second.attributes)['http.request.resend_count'], 1);
  });
});

test('an exchange that is not sampled sends nothing', async () => {
  await withCollector(200, async (collector) => {
    const tracer = await tracerFor(collector.url);
    tracer.accept(attemptWith({}));
    tracer.accept(exchangeWith({ trace: { ...sampleTrace, sampled: false } }));
    await tracer.shutdown();
    assert.deepEqual(collector.received, []);
  });
});

test('trouble marks the span, a client’s mistake does not', async () => {
  await withCollector(200, async (collector) => {
    const tracer = await tracerFor(collector.url);
    tracer.accept(exchangeWith({ id: exchangeId('sx_a'), outcome: 'failed', status: 502, fault: 'cut' }));
    tracer.accept(
      exchangeWith({
        id: exchangeId('sx_b'),
        outcome: 'rejected',
        status: 404,
        rejection: 'unknownModel',
        surface: null,
      }),
    );
    await tracer.shutdown();
    const [failed, refused] = spansOf(collector);
    assert.equal(failed?.status.code, 2);
    assert.equal(valuesOf(failed?.attributes ?? [])['error.type'], 'cut');
    assert.equal(refused?.status.code, 0);
    assert.equal(valuesOf(refused?.attributes ?? [])['error.type'], 'unknownModel');
  });
});

test('a collector that refuses is told about once and costs no exchange anything', async () => {
  await withCollector(400, async (collector) => {
    const troubles: string[] = [];
    const tracer = await tracerFor(collector.url, (why) => troubles.push(why));
    for (let i = 0; i < 1500; i++) tracer.accept(exchangeWith({ id: exchangeId(`sx_${i}`) }));
    await tracer.shutdown();
    assert.ok(collector.received.length > 1);
    assert.equal(troubles.length, 1);
  });
});

test('shutting down ends although the collector is gone', async () => {
  const tracer = await tracerFor('http://127.0.0.1:9');
  tracer.accept(exchangeWith({}));
  await tracer.shutdown();
});

test('the endpoint is a base address, or the whole address of the traces', () => {
  assert.equal(tracesUrl('http://collector:4318'), 'http://collector:4318/v1/traces');
  assert.equal(tracesUrl('http://collector:4318/'), 'http://collector:4318/v1/traces');
  assert.equal(tracesUrl('http://collector:4318/v1/traces'), 'http://collector:4318/v1/traces');
});
