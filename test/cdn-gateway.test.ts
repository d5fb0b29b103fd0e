// The gateway's own words to caches outside, heard by a real nginx, a real Varnish and the client of clients/typescript.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import OpenAI from 'openai-7';
import { spillwayFetch } from '../clients/typescript/src/spillway-fetch.ts';
import { type Cdn, cdns } from './support/cdn.ts';
import { completion, FarSide, json } from './support/far-side.ts';
import { until } from './support/redis.ts';
import { type Running, runGateway } from './support/running.ts';

let farSide: FarSide;
let gateway: Running;
before(async () => {
  farSide = await FarSide.start();
  gateway = await runGateway(`
upstreams: { far: { provider: openai-compatible, baseUrl: '${farSide.baseUrl}', apiKey: far-secret } }
models:
  public: { targets: [far/p], cache: { scope: public, ttlSeconds: 3600 } }
  brief: { targets: [far/b], cache: { scope: public, ttlSeconds: 2 } }
  own: { targets: [far/o], cache: { ttlSeconds: 3600 } }
keys: [{ key: sk-one, name: one }, { key: sk-two, name: two }]
signing: { payer: one, keys: [{ id: a, secret: ${'s'.repeat(40)} }] }
adminKey: admin-secret
`);
});
after(async () => {
  await gateway.end();
  await farSide.stop();
});
let made = 0;
beforeEach(() => {
  made = 0;
  farSide.answer = (response) => json(response, 200, completion(`Made ${++made}.`));
});

interface Told {
  readonly status: number;
  readonly said: string;
  readonly headers: Headers;
}

async function ask(url: string, body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-one', ...headers },
    body: JSON.stringify({ model: 'public', temperature: 0, ...body }),
  });
  const { choices } = (await response.json()) as { choices?: [{ message: { content: string } }] };
  return { status: response.status, said: choices?.[0].message.content ?? '', headers: response.headers };
}
const messages = (content: string) => [{ role: 'user' as const, content }];
let lookups = 0;
/** How often the gateway was asked, CDN or not. */
async function gatewayAsked(): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return [...text.matchAll(/^spillway_cache_exchanges_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
beforeEach(async () => {
  lookups = await gatewayAsked();
});

for (const [name, start] of cdns) {
  describe(name, () => {
    let cdn: Cdn;
    before(async () => {
      cdn = await start(Number(new URL(gateway.url).port));
    });
    after(() => cdn.stop());

    test('a public answer is kept there, for whoever asks the same, with its age', async () => {
      const body = { messages: messages(`${name} public`) };
      const first = await ask(cdn.url, body);
      assert.match(first.headers.get('cache-control') ?? '', /^public, max-age=1800, s-maxage=600$/);
      const again = await ask(cdn.url, body, { authorization: 'Bearer sk-two' });
      assert.deepEqual([again.said, again.headers.get('x-cdn-cache')], [first.said, 'HIT']);
      assert.deepEqual([made, (await gatewayAsked()) - lookups], [1, 1]);
      assert.equal(first.headers.get('x-accel-expires'), name === 'nginx' ? null : '600');
    });

    test('another name space, or other words that change the answer, are another question', async () => {
      const body = { messages: messages(`${name} vary`) };
      await ask(cdn.url, body);
      const others: Record<string, string>[] = [{ 'x-spillway-cache': 'namespace=b' }, { 'openai-beta': 'x' }];
      for (const headers of others) {
        const other = await ask(cdn.url, body, headers);
        assert.notEqual(other.headers.get('x-cdn-cache'), 'HIT');
        assert.equal(other.headers.get('x-spillway-cache'), 'miss');
      }
    });

    test('what is one tenant’s, hot, refused or streamed is not kept there', async () => {
      const cases: Record<string, unknown>[] = [
        { model: 'own' },
        { temperature: 1 },
        { model: 'unknown' },
        { messages: 'no messages' },
      ];
      for (const over of cases) {
        const body = { messages: messages(`${name} private`), ...over };
        await ask(cdn.url, body);
        assert.notEqual((await ask(cdn.url, body)).headers.get('x-cdn-cache'), 'HIT', JSON.stringify(over));
      }
      const own = await ask(
        cdn.url,
        { model: 'own', messages: messages(`${name} private`) },
        { authorization: 'Bearer sk-two' },
      );
      assert.equal(own.headers.get('x-spillway-cache'), 'miss');
    });

    test('what has run out is asked about, and only a changed answer comes whole', async () => {
      const body = { model: 'brief', messages: messages(`${name} brief`) };
      farSide.answer = (response) => json(response, 200, completion('Always the same.'));
      const first = await ask(cdn.url, body);
      assert.match(first.headers.get('etag') ?? '', /^W\//);
      await until(async () => {
        const again = await ask(cdn.url, body);
        assert.deepEqual([again.status, again.said], [200, 'Always the same.']);
        return (await gatewayAsked()) - lookups > 1;
      });
      const exchanges = await fetch(`${gateway.url}/admin/exchanges?count=5&model=brief`, {
        headers: { authorization: 'Bearer admin-secret' },
      });
      const { exchanges: told } = (await exchanges.json()) as { exchanges: { status: number }[] };
      assert.equal(told[0]?.status, 304);
      farSide.answer = (response) => json(response, 200, completion('Changed.'));
      await until(async () => (await ask(cdn.url, body)).said === 'Changed.');
    });

    test('a signed address is kept there, and a forged one costs nothing', async () => {
      const signed = await fetch(`${gateway.url}/admin/cache/sign`, {
        method: 'POST',
        headers: { authorization: 'Bearer admin-secret' },
        body: JSON.stringify({ model: 'public', temperature: 0, messages: messages(`${name} signed`) }),
      });
      const { path } = (await signed.json()) as { path: string };
      assert.equal((await fetch(`${cdn.url}${path.slice(0, -2)}`)).status, 403);
      const first = await fetch(cdn.url + path);
      assert.equal(first.status, 200);
      const again = await fetch(cdn.url + path);
      assert.equal(again.headers.get('x-cdn-cache'), 'HIT');
      assert.equal(await again.text(), await first.text());
      assert.deepEqual([made, (await gatewayAsked()) - lookups], [1, 1]);
    });
  });
}

describe('the client', () => {
  let now = 0;
  const clientOf = (): OpenAI =>
    new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: 'sk-one',
      maxRetries: 0,
      fetch: spillwayFetch({ now: () => now }),
    });
  beforeEach(() => {
    now = Date.now();
  });

  test('an answer is kept for half an hour, then asked about, and comes back without its body', async () => {
    const client = clientOf();
    const body = { model: 'own', temperature: 0, messages: messages('kept by the client') };
    const told = async (): Promise<readonly [string | null, string | null | undefined]> => {
      const { data, response } = await client.chat.completions.create(body).withResponse();
      return [response.headers.get('x-spillway-cache'), data.choices[0]?.message.content];
    };
    assert.deepEqual(await told(), ['miss', 'Made 1.']);
    now += 29 * 60_000;
    assert.deepEqual(await told(), ['client', 'Made 1.']);
    assert.equal((await gatewayAsked()) - lookups, 1);
    // For the client it is over; by the gateway's own clock it is as fresh as ever.
    now += 59_000;
    assert.deepEqual(await told(), ['client', 'Made 1.']);
    now += 2_000;
    assert.equal((await told())[0], 'hit', 'it keeps nothing longer than that');
    assert.deepEqual([made, (await gatewayAsked()) - lookups], [1, 2]);
  });

  test('a short-lived one is confirmed with its ETag', async () => {
    const client = clientOf();
    const body = { model: 'brief', temperature: 0, messages: messages('brief for the client') };
    farSide.answer = (response) => json(response, 200, completion('Always the same.'));
    const told = async (): Promise<string | null> =>
      (await client.chat.completions.create(body).withResponse()).response.headers.get('x-spillway-cache');
    assert.equal(await told(), 'miss');
    now += 2_100;
    assert.equal(await told(), 'client-revalidated');
    assert.equal(await told(), 'client');
  });

  test('a stream that was kept by the gateway is kept by the client too', async () => {
    const client = clientOf();
    const body = { model: 'own', temperature: 0, messages: messages('streamed'), stream: true } as const;
    const told = async (): Promise<readonly [string | null, string]> => {
      const { data, response } = await client.chat.completions.create(body).withResponse();
      let text = '';
      for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? '';
      return [response.headers.get('x-spillway-cache'), text];
    };
    await client.chat.completions.create({ ...body, stream: false });
    assert.deepEqual(await told(), ['hit', 'Made 1.']);
    assert.deepEqual(await told(), ['client', 'Made 1.']);
    assert.equal((await gatewayAsked()) - lookups, 2);
  });
});
