// Which request goes where, and who is kept out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completion, config, Rig, upstream } from '../../test/support/rig.ts';
import { sha256 } from '../../test/support/rig-keys.ts';

test('what is not served answers in the shape of the API, with a sentence', () => {
  const rig = new Rig();
  for (const path of ['/v1/audio/speech', '/v1/images/generations', '/v1/moderations', '/rerank']) {
    const client = rig.request(path, {});
    assert.equal(client.status, 404);
    assert.match(client.error.message, /does not serve .* yet/);
  }
  assert.match(rig.get('/nonsense').error.message, /nothing at/);
  const wrong = rig.get('/v1/chat/completions');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers['allow'], 'POST');
});

test('the API answers with and without /v1', () => {
  const rig = new Rig();
  rig.request('/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'x' }] });
  assert.equal(rig.last.request.path, '/v1/chat/completions');
});

test('health says ready, and alive under both spellings', () => {
  const rig = new Rig();
  assert.equal(rig.get('/health/readiness').status, 200);
  assert.equal(rig.get('/health/liveness').status, 200);
  assert.equal(rig.get('/health/liveliness').status, 200);
});

test('one model is found by its id, also when the id holds a slash', () => {
  const rig = new Rig();
  assert.equal(rig.get('/v1/models/m').status, 200);
  assert.equal(rig.get('/v1/models/a/some/model').status, 200);
  assert.equal(rig.get('/v1/models/nope').status, 404);
});

test('a foreign web page may not use a gateway without keys; a listed one may', () => {
  const origin = 'https://evil.example';
  const closed = new Rig();
  assert.equal(closed.chat({}, { origin }).status, 403);
  assert.equal(closed.sends.length, 0);
  assert.equal(closed.chat({}, { origin: 'http://127.0.0.1:4000' }).status, null, 'our own page may');
  const open = new Rig(config({ cors: { origins: [origin], maxAgeSeconds: 600 } }));
  const client = open.chat({}, { origin });
  open.last.answer(200, completion());
  assert.equal(client.headers['access-control-allow-origin'], origin);
});

test('a preflight is answered for listed origins only', () => {
  const rig = new Rig(config({ cors: { origins: ['https://app.example'], maxAgeSeconds: 600 } }));
  const ask = (origin: string): ReturnType<Rig['get']> =>
    rig.get('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-stainless-os',
      },
    });
  const allowed = ask('https://app.example');
  assert.equal(allowed.status, 204);
  assert.match(allowed.headers['access-control-allow-headers'] ?? '', /x-stainless-os/);
  assert.equal(ask('https://other.example').status, 403);
});

test('admin pages without an admin key are for this machine, and for no web page', () => {
  const rig = new Rig();
  assert.equal(rig.get('/admin/config').status, 200);
  assert.equal(rig.get('/admin/config', { remote: '10.0.0.9' }).status, 403);
  assert.equal(rig.get('/admin/config', { headers: { host: 'rebound.example' } }).status, 403);
  assert.equal(rig.get('/admin/config', { headers: { origin: 'http://127.0.0.1:4000' } }).status, 403);
  assert.equal(rig.get('/admin/config', { headers: { 'x-forwarded-for': '8.8.8.8' } }).status, 403);
});

test('admin pages with an admin key need it, from anywhere', () => {
  const rig = new Rig(config({ adminKeySha256: sha256('admin') }));
  assert.equal(rig.get('/admin/config').status, 401);
  assert.equal(
    rig.get('/admin/config', { remote: '10.0.0.9', headers: { authorization: 'Bearer admin' } }).status,
    200,
  );
});

test('with an admin port the main listener has no admin pages, and the admin listener nothing else', () => {
  const rig = new Rig(config({ adminPort: 4001 }));
  assert.equal(rig.get('/admin/config').status, 404);
  assert.equal(rig.get('/admin/config', { listener: 'admin' }).status, 200);
  assert.equal(rig.get('/v1/models', { listener: 'admin' }).status, 404);
});

test('the admin pages show state and never a secret', () => {
  const secret = 'sk-very-secret';
  const rig = new Rig(
    config({
      upstreams: {
        a: upstream({
          baseUrl: 'http://a.test/v1',
          apiKeys: [secret],
          headers: { 'x-secret': secret },
          proxy: `http://user:${secret}@proxy.test:3128`,
        }),
        b: upstream({ baseUrl: 'http://b.test/v1' }),
      },
    }),
  );
  const client = rig.chat({ messages: [{ role: 'user', content: 'my private prompt' }] });
  rig.last.answer(200, completion());
  const id = client.headers['x-spillway-request-id'] ?? '';
  const pages = ['/admin/config', '/admin/upstreams', '/admin/exchanges', `/admin/exchanges/${id}`].map((path) => {
    const page = rig.get(path);
    assert.equal(page.status, 200, path);
    return page.text;
  });
  for (const text of pages) {
    assert.ok(!text.includes(secret), 'no secret');
    assert.ok(!text.includes('private prompt'), 'no prompt');
  }
  const trail = JSON.parse(pages[3] ?? '') as { trail: { step: string }[] };
  assert.deepEqual(
    trail.trail.map(({ step }) => step),
    ['sent', 'answered'],
  );
});

test('a refused configuration keeps the old one and shows why', () => {
  const rig = new Rig();
  rig.gateway.refuse('spillway.yaml', ['spillway.yaml:3:1: unknown setting `modles`']);
  const page = rig.get('/admin/config').json as unknown as { accepted: boolean; refused: string[]; version: number };
  assert.equal(page.accepted, false);
  assert.match(page.refused[0] ?? '', /modles/);
  assert.equal(rig.chat().status, null, 'still serving');
});

test('the caller’s trace goes on, under our own span', () => {
  const rig = new Rig();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const client = rig.chat(
    {},
    { traceparent: `00-${traceId}-b7ad6b7169203331-01`, 'x-request-id': 'mine-1', 'anthropic-beta': 'x' },
  );
  assert.match(rig.last.header('traceparent') ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  assert.ok(!rig.last.header('traceparent')?.includes('b7ad6b7169203331'));
  assert.equal(rig.last.header('anthropic-beta'), 'x');
  rig.last.answer(200, completion());
  assert.equal(client.headers['x-request-id'], 'mine-1');
  assert.equal(rig.exchanges[0]?.trace.parentSpanId, 'b7ad6b7169203331');
});

test('the caller’s own credentials and cookies never reach an upstream', () => {
  const rig = new Rig();
  rig.chat({}, { authorization: 'Bearer callers-own', cookie: 'a=b', 'x-api-key': 'callers-own' });
  const sent = rig.last.request.headers.join('\n');
  assert.ok(!sent.includes('callers-own') && !sent.includes('a=b'));
});
